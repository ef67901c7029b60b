// SPDX-License-Identifier: GPL-2.0-only

/// Tracepoints that are read, by name; all others are skipped.
enum EventKind: String, CaseIterable {
    case dioBegin = "iomap_dio_rw_begin"
    case dioQueued = "iomap_dio_rw_queued"
    case dioComplete = "iomap_dio_complete"
    case dioIteration = "iomap_iter"
    case uringSubmit = "io_uring_submit_req"
    /// The same, of older kernels.
    case uringSubmitEntry = "io_uring_submit_sqe"
    case fileChange = "ext4_journal_start_inode"
    case bioQueue = "block_bio_queue"
    case bioRemap = "block_bio_remap"
    case requestMade = "block_getrq"
    case requestInsert = "block_rq_insert"
    case requestIssue = "block_rq_issue"
    case requestRequeue = "block_rq_requeue"
    case requestComplete = "block_rq_complete"
    case workQueue = "workqueue_queue_work"
    case workStart = "workqueue_execute_start"
    case workEnd = "workqueue_execute_end"
    case irqEntry = "irq_handler_entry"
    case irqExit = "irq_handler_exit"
    case softirqRaise = "softirq_raise"
    case softirqEntry = "softirq_entry"
    case softirqExit = "softirq_exit"
    case taskSwitch = "sched_switch"
    case timerEntry = "local_timer_entry"
    case timerExit = "local_timer_exit"
    case callSingleEntry = "call_function_single_entry"
    case callSingleExit = "call_function_single_exit"
    case callEntry = "call_function_entry"
    case callExit = "call_function_exit"
    case rescheduleEntry = "reschedule_entry"
    case rescheduleExit = "reschedule_exit"
    case irqWorkEntry = "irq_work_entry"
    case irqWorkExit = "irq_work_exit"
    /// The function tracer's record.
    case functionTrace = "function"
    /// A kprobe event, whatever its name.
    case probe = ""

    /// The number of it, for arrays.
    var index: Int { Self.indices[self] ?? 0 }

    private static let indices = Dictionary(uniqueKeysWithValues: zip(allCases, 0...))

    var body: KernelEvent.Body? {
        switch self {
        case .dioQueued: .dioQueued
        case .irqExit: .irqExit
        case .softirqExit: .softirqExit
        case .timerEntry, .callSingleEntry, .callEntry, .rescheduleEntry, .irqWorkEntry: .vectorEntry
        case .timerExit, .callSingleExit, .callExit, .rescheduleExit, .irqWorkExit: .vectorExit
        default: nil
        }
    }
}
