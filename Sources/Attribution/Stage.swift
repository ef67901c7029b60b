// SPDX-License-Identifier: GPL-2.0-only

/// One part of an I/O's latency: a closed list. Every nanosecond of an I/O belongs to exactly one of them.
///
/// The order of the cases is causal: whatever path an I/O took, its stages follow each other in this order. Only
/// `unattributed` can lie anywhere.
public enum Stage: UInt8, Sendable, CaseIterable {
    /// `iomap_dio_rw_begin` to the last `block_rq_issue`: file system and block layer on the way down.
    case submit
    /// `block_rq_issue` to the interrupt, or to `end_io` when the interrupt's entry was not seen.
    case device
    /// The two before in one, when `block_rq_issue` was not seen.
    case submitAndDevice
    /// `block_rq_issue` to `iomap_dio_complete`, when neither the interrupt nor `end_io` was seen.
    case deviceAndCompletion
    /// `iomap_dio_rw_begin` to `iomap_dio_complete` of a submitter that waited, when nothing between was seen.
    case submitToCompletion
    /// Entry of the interrupt to `end_io` of this I/O's last bio: the handler and the completions before this one.
    case interrupt
    /// Entry of the interrupt to `workqueue_queue_work`, when `end_io` was not seen.
    case interruptAndHandOff
    /// Entry of the interrupt to `iomap_dio_complete` in it, when `end_io` was not seen.
    case interruptAndCompletion
    /// `end_io` to `workqueue_queue_work`.
    case handOff
    /// `workqueue_queue_work` to `workqueue_execute_start`: the completion waits for its kworker.
    case queueWait
    /// `workqueue_execute_start` to `iomap_dio_complete`: the kworker completes it.
    case completionWork
    /// `end_io` to `iomap_dio_complete` without leaving the interrupt (or the polling thread).
    case inlineCompletion
    /// `end_io` to `iomap_dio_complete` in the submitter, which had to wake up first.
    case submitterWakeup
    /// `end_io` to `iomap_dio_complete` in the submitter, which had not left the submission yet.
    case submitterCompletion
    /// `iomap_dio_complete` to `ki_complete`.
    case iocbCompletion
    /// io_uring's second hop: the completion waits until the issuer runs its task_work (`io_req_rw_complete`).
    case taskWorkWait
    /// The issuer completes the I/O in its task_work: from `io_req_rw_complete`, or from `end_io` when that was not
    /// seen, to `iomap_dio_complete`.
    case callerCompletion
    /// Seen to pass, and not known in what: a time between two points that others should lie between.
    case unattributed

    /// How many there are: the length of an array indexed by `rawValue`.
    public static let count = 18

    /// The name in JSON: stable.
    public var name: String {
        switch self {
        case .submit: "submit"
        case .device: "device"
        case .submitAndDevice: "submit_and_device"
        case .deviceAndCompletion: "device_and_completion"
        case .submitToCompletion: "submit_to_completion"
        case .interrupt: "irq"
        case .interruptAndHandOff: "irq_and_hand_off"
        case .interruptAndCompletion: "irq_and_completion"
        case .handOff: "hand_off"
        case .queueWait: "queue_wait"
        case .completionWork: "completion_work"
        case .inlineCompletion: "inline_completion"
        case .submitterWakeup: "submitter_wakeup"
        case .submitterCompletion: "submitter_completion"
        case .iocbCompletion: "ki_complete"
        case .taskWorkWait: "task_work_wait"
        case .callerCompletion: "caller_completion"
        case .unattributed: "unattributed"
        }
    }

    /// The label in text, at most 20 characters.
    public var label: String {
        switch self {
        case .submit: "submit"
        case .device: "device"
        case .submitAndDevice: "submit + device"
        case .deviceAndCompletion: "device + completion"
        case .submitToCompletion: "submit to completion"
        case .interrupt: "irq -> end_io"
        case .interruptAndHandOff: "irq -> queue_work"
        case .interruptAndCompletion: "irq + completion"
        case .handOff: "end_io -> queue_work"
        case .queueWait: "queue_work -> start"
        case .completionWork: "iomap_dio_complete"
        case .inlineCompletion: "inline completion"
        case .submitterWakeup: "waiter woken"
        case .submitterCompletion: "submitter completes"
        case .iocbCompletion: "ki_complete"
        case .taskWorkWait: "task_work wait"
        case .callerCompletion: "caller completes"
        case .unattributed: "unattributed"
        }
    }
}
