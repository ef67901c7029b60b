// SPDX-License-Identifier: GPL-2.0-only

import Attribution

/// What of the latency was the recorder's own: its thread had the CPU that an I/O waited for.
public struct RecorderShare: Equatable, Sendable {
    /// I/Os that waited for it at all.
    public private(set) var ios: UInt64 = 0
    /// Nanoseconds of all of them.
    public private(set) var nanoseconds: UInt64 = 0
    /// I/Os of whose latency it took a large part: these are not explained with the slowest, and `--without-self` leaves
    /// them out.
    public private(set) var largelyIOs: UInt64 = 0

    /// At least a tenth.
    public static func isLarge(_ nanoseconds: UInt64, of latency: UInt64) -> Bool {
        nanoseconds > 0 && nanoseconds >= latency / 10
    }

    mutating func add(_ part: UInt64, of latency: UInt64) {
        ios += 1
        nanoseconds &+= part
        if Self.isLarge(part, of: latency) { largelyIOs += 1 }
    }

    mutating func add(_ other: RecorderShare) {
        ios += other.ios
        nanoseconds &+= other.nanoseconds
        largelyIOs += other.largelyIOs
    }
}
