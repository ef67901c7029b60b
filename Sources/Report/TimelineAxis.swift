// SPDX-License-Identifier: GPL-2.0-only

/// Along which time I/Os are laid out.
public struct TimelineAxis: Equatable, Sendable {
    /// Where it begins, nanoseconds of CLOCK_MONOTONIC; `nil`: with the first I/O that is added. Builders that are added
    /// together need one that is known.
    public var origin: UInt64?
    /// Nanoseconds of an interval that was asked for; `nil`: as fits the length of the recording.
    public var interval: UInt64?

    public init(origin: UInt64?, interval: UInt64? = nil) {
        self.origin = origin
        self.interval = interval
    }
}
