// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// Times of CLOCK_MONOTONIC as people read them: since the recording began, and by the clock on the wall.
struct IOTimes: Sendable {
    /// Nanoseconds; `nil` for a trace, which does not say when it began.
    var startedMonotonic: UInt64?
    /// Nanoseconds since 1970.
    var startedWall: Int64?

    /// `+3.214567`, or the trace's own time. Seconds.
    func short(_ time: Timestamp) -> String {
        guard let startedMonotonic else { return Self.seconds(time.nanoseconds) }
        return time.nanoseconds < startedMonotonic
            ? "-" + Self.seconds(startedMonotonic - time.nanoseconds)
            : "+" + Self.seconds(time.nanoseconds - startedMonotonic)
    }

    /// `at +3.214567s, 23:59:59.123456Z`
    func long(_ time: Timestamp) -> String {
        let short = "at \(short(time))s"
        guard let startedMonotonic, let startedWall else { return short }
        let sinceStart = Int64(truncatingIfNeeded: time.nanoseconds &- startedMonotonic)
        let (wall, overflows) = startedWall.addingReportingOverflow(sinceStart)
        return overflows ? short : "\(short), \(WallClock(nanoseconds: wall).preciseTime)"
    }

    /// Whole microseconds.
    private static func seconds(_ nanoseconds: UInt64) -> String {
        let microseconds = String(nanoseconds / 1000 % 1_000_000)
        return "\(nanoseconds / 1_000_000_000)." + String(repeating: "0", count: 6 - microseconds.count) + microseconds
    }
}
