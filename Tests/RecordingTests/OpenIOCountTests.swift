// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Host
import Probes
import Testing

@testable import Recording

struct OpenIOCountTests {
    static let device = DeviceNumber(major: 254, minor: 0)
    static let second: UInt64 = 1_000_000_000
    static let now = 100 * second

    /// An I/O without an end that began this long ago.
    static func io(_ age: UInt64, issued: Bool = true, isSynchronous: Bool = false) -> OpenIO {
        OpenIO(
            submitted: now - age, issued: issued ? now - age + 1000 : nil, device: device, submitter: 7,
            isSynchronous: isSynchronous)
    }

    /// Whether it can be in flight, when a second ago the device had completed `before`.
    static func isInFlight(
        _ io: OpenIO, state: Character? = "S", inFlight: UInt64? = 1, completed: UInt64 = 10, before: UInt64 = 5
    ) -> Bool {
        var load = inFlight.map { BlockDeviceLoad(inFlight: $0, completed: before) }
        var count = OpenIOCount(witness: OpenIOCount.Witness(state: { _ in state }, load: { _ in load }))
        _ = count.count([io], now: now - second)
        load?.completed = completed
        let counted = count.count([io], now: now)
        #expect(counted.inFlight + counted.over == 1)
        return counted.inFlight == 1
    }

    @Test func whatBeganAMomentAgoIsInFlight() {
        #expect(Self.isInFlight(Self.io(50_000_000), state: nil, inFlight: 0))
        #expect(Self.isInFlight(Self.io(500_000_000)))
    }

    @Test func whoHasEndedHasWaitedForItsIOs() {
        #expect(!Self.isInFlight(Self.io(200_000_000), state: nil))
        #expect(!Self.isInFlight(Self.io(200_000_000, issued: false), state: nil))
        // Unless the device is stuck.
        #expect(Self.isInFlight(Self.io(2 * Self.second), state: nil, completed: 5))
    }

    @Test func anIdleDeviceHasNone() {
        #expect(!Self.isInFlight(Self.io(200_000_000), inFlight: 0))
        // What was not issued may be kept by a scheduler or a cgroup.
        #expect(Self.isInFlight(Self.io(2 * Self.second, issued: false), inFlight: 0))
        #expect(!Self.isInFlight(Self.io(40 * Self.second, issued: false), inFlight: 0))
    }

    @Test func aDeviceThatGoesOnWithOthersHasNoOldOne() {
        #expect(!Self.isInFlight(Self.io(2 * Self.second)))
        #expect(Self.isInFlight(Self.io(20 * Self.second), completed: 5))
    }

    /// On a busy machine a completion may wait for its CPU longer than that: it is a loss when it is still so at the next look.
    @Test func whileRecordingALossIsSeenTwice() {
        let load = BlockDeviceLoad(inFlight: 0, completed: 5)
        var count = OpenIOCount(witness: OpenIOCount.Witness(state: { _ in "S" }, load: { _ in load }))
        let (late, lost) = (Self.io(300_000_000), Self.io(400_000_000))
        let first = count.count([late, lost], now: Self.now, isLast: false)
        #expect((first.inFlight, first.over) == (2, 0))
        let second = count.count([lost], now: Self.now + Self.second, isLast: false)
        #expect((second.inFlight, second.over) == (0, 1))
        var other = OpenIOCount(witness: OpenIOCount.Witness(state: { _ in "S" }, load: { _ in load }))
        #expect(other.count([late, lost], now: Self.now).over == 2)
    }

    @Test func aSynchronousSubmitterSleepsMeanwhile() {
        #expect(Self.isInFlight(Self.io(2 * Self.second, isSynchronous: true), state: "D"))
        #expect(!Self.isInFlight(Self.io(2 * Self.second, isSynchronous: true), state: "R"))
        #expect(Self.isInFlight(Self.io(2 * Self.second, isSynchronous: true), state: OpenIOCount.Witness.unknownState))
    }

    @Test func withoutABlockDeviceItsAgeDecides() {
        #expect(Self.isInFlight(Self.io(2 * Self.second), inFlight: nil))
        #expect(!Self.isInFlight(Self.io(40 * Self.second), inFlight: nil))
    }
}
