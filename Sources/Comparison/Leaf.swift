// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// What nanoseconds are summed by: a stage, and within the waits for a CPU, who held it.
public enum Leaf: Hashable, Sendable {
    case stage(Stage)
    case cause(Stage, WaitCause)

    /// The stages that have causes.
    public static let waits: [Stage] = [.queueWait, .taskWorkWait]

    static let count = Stage.count + 2 * causes
    private static let causes = WaitCause.allCases.count

    /// Position in an array of sums.
    @inline(__always)
    static func index(_ stage: Stage) -> Int { Int(stage.rawValue) }

    /// Of what a holder had of a wait; of what nobody is known to have had, last.
    @inline(__always)
    static func index(_ wait: Stage, _ holder: CPUHolder?) -> Int {
        Stage.count + (wait == .queueWait ? 0 : causes) + (holder.map { Int($0.rawValue) } ?? causes - 1)
    }

    var index: Int {
        switch self {
        case .stage(let stage): Self.index(stage)
        case .cause(let wait, let cause):
            Self.index(wait, CPUHolder.allCases.first { WaitCause($0) == cause })
        }
    }
}
