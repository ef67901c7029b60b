// SPDX-License-Identifier: GPL-2.0-only

/// A moment of `CLOCK_MONOTONIC`, in nanoseconds since boot.
public struct Timestamp: Comparable, Hashable, Sendable {
    public let nanoseconds: UInt64

    @inlinable
    public init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// A time as the probes store it: 0 is "not seen".
    @inlinable
    public init?(seen nanoseconds: UInt64) {
        guard nanoseconds != 0 else { return nil }
        self.nanoseconds = nanoseconds
    }

    @inlinable
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Nanoseconds from `start` to here; `start` must not be later.
    @inlinable
    public func nanoseconds(since start: Timestamp) -> UInt64 {
        nanoseconds - start.nanoseconds
    }
}
