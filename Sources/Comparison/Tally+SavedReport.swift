// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

extension Tally {
    /// What a saved report has of a tally.
    struct Sums {
        var ios: UInt64
        var finished: UInt64
        /// Nanoseconds, as are the leaves.
        var latency: Double
        var leaves: [Leaf: Double] = [:]
        var contexts: [CompletionContext: UInt64] = [:]
        var reasons: [DeferralReason: UInt64] = [:]
    }

    /// A saved report does not say which context a stage's time belongs to: all of it is `unknown`'s here.
    init(_ sums: Sums) {
        ios = sums.ios
        finished = sums.finished
        latency = Self.whole(sums.latency)
        for (context, count) in sums.contexts { contexts[context.index] = count }
        for (reason, count) in sums.reasons { reasons[reason.index] = count }
        let row = CompletionContext.unknown.index
        for (leaf, sum) in sums.leaves {
            switch leaf {
            case .stage(let stage): leaves[row].add(Self.whole(sum), to: stage)
            case .cause(let wait, let cause):
                leaves[row].add(Self.whole(sum), to: wait, cause)
            }
        }
    }

    /// The whole part of a number from a file.
    private static func whole(_ nanoseconds: Double) -> UInt128 {
        UInt128(exactly: min(max(nanoseconds, 0), 1e30).rounded()) ?? 0
    }
}
