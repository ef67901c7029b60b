// SPDX-License-Identifier: GPL-2.0-only

/// What the kernel did next with requests that were done, of a trace that does not show for what they were: works that
/// the interrupt queued, or what a file system did with the file.
public struct FollowUp: Equatable, Sendable {
    /// Of the function. Untrusted text.
    public let name: String
    /// From `block_rq_complete` to where it was seen to begin.
    public var times = TimeTally()

    public init(name: String) {
        self.name = name
    }

    /// Those of one name as one, the most frequent first.
    public static func merged(_ all: some Sequence<FollowUp>) -> [FollowUp] {
        var sums: [String: FollowUp] = [:]
        for one in all { sums[one.name, default: FollowUp(name: one.name)].times.add(one.times) }
        return sums.values.sorted { ($1.times.count, $0.name) < ($0.times.count, $1.name) }
    }
}
