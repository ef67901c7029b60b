// SPDX-License-Identifier: GPL-2.0-only

/// How often something took a time, and how long it was: all nanoseconds.
public struct TimeTally: Equatable, Sendable {
    public private(set) var count: UInt64 = 0
    /// In all.
    public private(set) var nanoseconds: UInt64 = 0
    /// One at most.
    public private(set) var longest: UInt64 = 0

    public init() {}

    public mutating func add(_ time: UInt64) {
        count &+= 1
        nanoseconds &+= time
        longest = max(longest, time)
    }

    public mutating func add(_ other: TimeTally) {
        count &+= other.count
        nanoseconds &+= other.nanoseconds
        longest = max(longest, other.longest)
    }

    /// 0 of none.
    public var mean: Double { count == 0 ? 0 : Double(nanoseconds) / Double(count) }
}
