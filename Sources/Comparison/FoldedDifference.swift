// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Both sides as folded stacks for tools that draw differential flame graphs: `stack base new`, a stack being
/// completion context, stage and, in a wait for a CPU, its occupant.
///
/// The counts are nanoseconds per 1000 I/Os, so that sides of different length can be laid on each other.
public struct FoldedDifference: Sendable {
    public let text: String

    public init(_ comparison: Comparison) {
        let leaves = comparison.stages.flatMap { Self.leaves(of: $0.stage) }
        var text = ""
        for context in CompletionContext.allCases {
            for (frames, leaf) in leaves {
                let (base, new) = (comparison.base, comparison.new)
                let counts = [base, new].map { UInt64(min($0.mean(of: leaf, in: context) * 1000, 1e19).rounded()) }
                guard counts.contains(where: { $0 > 0 }) else { continue }
                text += "\(context.rawValue);\(frames) \(counts[0]) \(counts[1])\n"
            }
        }
        self.text = text
    }

    /// What no other leaf is a part of, so that every nanosecond is in one stack.
    private static func leaves(of stage: Stage) -> [(frames: String, leaf: Leaf)] {
        guard Leaf.waits.contains(stage) else { return [(stage.name, Leaf.stage(stage))] }
        return WaitCause.allCases.map { ("\(stage.name);\($0.rawValue)", Leaf.cause(stage, $0)) }
    }
}
