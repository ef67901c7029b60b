// SPDX-License-Identifier: GPL-2.0-only

/// What the kernel did next with requests that were done, of a trace that does not show for what they were: works that
/// the interrupt queued, or what a file system did with the file.
public struct FollowUp: Equatable, Sendable {
    /// Of the function. Untrusted text.
    public let name: String
    /// Those that were seen to begin.
    public private(set) var count: UInt64 = 0
    /// From `block_rq_complete` to that: in all, and one at most.
    public private(set) var nanoseconds: UInt64 = 0
    public private(set) var longest: UInt64 = 0

    public init(name: String) {
        self.name = name
    }

    /// - Parameter time: in nanoseconds.
    public mutating func add(_ time: UInt64) {
        count &+= 1
        nanoseconds &+= time
        longest = max(longest, time)
    }

    public mutating func add(_ other: FollowUp) {
        count &+= other.count
        nanoseconds &+= other.nanoseconds
        longest = max(longest, other.longest)
    }

    public var mean: Double { count == 0 ? 0 : Double(nanoseconds) / Double(count) }
}
