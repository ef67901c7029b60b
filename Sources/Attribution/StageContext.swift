// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// Whose time a stage is: the letter in front of it in a report.
public enum StageContext: UInt8, Sendable, CaseIterable {
    case task, hardirq, softirq, kworker, taskWork
    /// Nobody's on the CPU, or not known.
    case device
    /// The thread of an interrupt.
    case irqThread

    /// How many there are: the length of an array indexed by `rawValue`.
    public static let count = 7

    public var letter: String {
        switch self {
        case .task: "T"
        case .hardirq: "H"
        case .softirq: "S"
        case .kworker: "W"
        case .taskWork: "U"
        case .device: "-"
        case .irqThread: "I"
        }
    }

    private init(_ context: ExecutionContext?) {
        self =
            switch context {
            case .hardirq: .hardirq
            case .softirq, .ksoftirqd: .softirq
            case .kworker: .kworker
            case .task, .ioWQ: .task
            case .irqThread: .irqThread
            case .idle, nil: .device
            }
    }

    /// The context of a stage of one I/O. Stages that run where `end_io` ran take the letter from there.
    init(of stage: AtomicStage, in io: DirectIO) {
        self =
            switch stage.row.owner {
            case .submitter: .task
            case .device, .unknown: .device
            case .endIO: StageContext(io.endContext)
            case .completion: StageContext(io.completeContext)
            case .kworker, .hop: .kworker
            case .taskWork: .taskWork
            }
    }

    /// The context of a span that this stage is a part of, too: nobody's when it is of several.
    /// - Parameter others: of the stages before, `nil` when there are none.
    func joined(to others: StageContext?, owner: StageRow.Owner) -> StageContext {
        guard let others, others != self else { return self }
        // Where a handler ran may be known of one of its stages alone.
        return owner != .device && self == .device ? others : .device
    }
}
