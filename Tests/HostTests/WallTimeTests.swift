// SPDX-License-Identifier: GPL-2.0-only

import Host
import Testing

/// Times of the wall clock as users write them.
@Suite struct WallTimeTests {
    @Test func datesWithAZone() {
        // 2026-11-28T12:30:05Z
        let seconds: Int64 = 1_795_869_005
        #expect(WallTime("2026-11-28T12:30:05Z")?.nanoseconds(near: 0) == seconds * 1_000_000_000)
        #expect(WallTime("2026-11-28T13:30:05.25+01:00")?.nanoseconds(near: 0) == seconds * 1_000_000_000 + 250_000_000)
        #expect(WallTime("2026-11-28T11:30:05-01:00")?.nanoseconds(near: 0) == seconds * 1_000_000_000)
    }

    @Test func aTimeOfDayIsOfTheNearestDay() throws {
        let midnight = try #require(WallTime("2026-11-28T00:00:00")).nanoseconds(near: 0)
        let late = try #require(WallTime("23:59:59.5"))
        #expect(late.nanoseconds(near: midnight) == midnight - 500_000_000)
        let early = try #require(WallTime("00:01"))
        #expect(early.nanoseconds(near: midnight - 1) == midnight + 60_000_000_000)
    }

    @Test func aTimeOfDayMayHaveAZone() throws {
        let noon: Int64 = 1_795_867_200
        #expect(
            WallTime("12:00:01.5Z")?.nanoseconds(near: noon * 1_000_000_000) == noon * 1_000_000_000 + 1_500_000_000)
        #expect(
            WallTime("23:00:00Z")?.nanoseconds(near: (noon - 43_000) * 1_000_000_000) == (noon - 46_800) * 1_000_000_000
        )
        #expect(WallTime("13:00:00+01:00")?.nanoseconds(near: noon * 1_000_000_000) == noon * 1_000_000_000)
        // 2026-11-28T23:59:50Z, local time wherever this runs.
        let wall: Int64 = 1_795_910_390_000_000_000
        #expect(WallTime("23:59:59.5Z")?.nanoseconds(near: wall) == wall + 9_500_000_000)
        #expect(WallTime("00:00:05Z")?.nanoseconds(near: wall) == wall + 15_000_000_000)
        #expect(WallTime("02:00:05+02:00")?.nanoseconds(near: wall) == wall + 15_000_000_000)
        #expect(WallTime("12:30 UTC")?.nanoseconds(near: wall) == wall - (11 * 3600 + 29 * 60 + 50) * 1_000_000_000)
        #expect(WallTime("2026-11-28 23:59:50 UTC")?.nanoseconds(near: 0) == wall)
    }

    @Test(arguments: [
        "", "Z", " UTC", "+01:00", "1.5s", "10", "25:00:00", "12:61", "1:2:3", "12:30.5", "2026-13-01T00:00:00",
        "12:30:05.", "x",
    ])
    func whatIsNoTime(_ text: String) {
        #expect(WallTime(text) == nil)
    }
}
