// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// Whose time a stage is: the letter in front of it in a report.
public enum StageContext: UInt8, Sendable, CaseIterable {
    case task, hardirq, softirq, kworker, taskWork
    /// Nobody's on the CPU, or not known.
    case device

    /// How many there are: the length of an array indexed by `rawValue`.
    public static let count = 6

    public var letter: String {
        switch self {
        case .task: "T"
        case .hardirq: "H"
        case .softirq: "S"
        case .kworker: "W"
        case .taskWork: "U"
        case .device: "-"
        }
    }

    @inline(__always)
    init(_ context: ExecutionContext?) {
        self =
            switch context {
            case .hardirq: .hardirq
            case .softirq, .ksoftirqd: .softirq
            case .kworker: .kworker
            case .task, .ioWQ: .task
            case .irqThread, .idle, nil: .device
            }
    }

    /// The context of a stage of one I/O. Stages that run where `end_io` ran take the letter from there.
    @inline(__always)
    init(of stage: Stage, in io: DirectIO) {
        self =
            switch stage {
            case .submit, .submitterWakeup, .submitterCompletion: .task
            case .device, .submitAndDevice, .deviceAndCompletion, .submitToCompletion, .unattributed: .device
            case .interrupt, .interruptAndHandOff, .handOff: StageContext(io.endContext)
            case .interruptAndCompletion, .inlineCompletion, .iocbCompletion: StageContext(io.completeContext)
            case .queueWait, .completionWork: .kworker
            case .taskWorkWait, .callerCompletion: .taskWork
            }
    }
}
