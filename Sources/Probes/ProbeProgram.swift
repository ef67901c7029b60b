// SPDX-License-Identifier: GPL-2.0-only

/// One program of `bpf/dioscope.bpf.c`: where it attaches and what would be blind without it.
public struct ProbeProgram: Sendable {
    /// Name of the C function in the BPF object.
    public let function: String
    public let kind: Kind
    /// The tracepoint or kernel function.
    public let target: String
    /// What a report lacks when this program is not attached.
    public let blindWithout: String
    /// Without it there is nothing to record.
    public let isEssential: Bool

    public enum Kind: String, Sendable {
        /// A tracepoint with arguments typed by BTF: the cheapest, and allowed under lockdown.
        case tracepoint = "tp_btf"
        /// Entry of a kernel function.
        case functionEntry = "fentry"
    }

    /// e.g. `tp_btf/iomap_dio_complete`.
    public var place: String { "\(kind.rawValue)/\(target)" }

    /// The program that lets I/Os in. Attached last and detached first, so that no life is half recorded.
    public static let begin = ProbeProgram(
        function: "dio_began", kind: .tracepoint, target: "iomap_dio_rw_begin",
        blindWithout: "every I/O", isEssential: true)

    /// All programs, in the order in which they are attached.
    public static let all: [ProbeProgram] = [
        ProbeProgram(
            function: "dio_completed", kind: .tracepoint, target: "iomap_dio_complete",
            blindWithout: "every I/O", isEssential: true),
        ProbeProgram(
            function: "bio_ended", kind: .functionEntry, target: "iomap_dio_bio_end_io",
            blindWithout: "end_io: its time and context, why an I/O was deferred, inline completion work",
            isEssential: false),
        ProbeProgram(
            function: "work_queued", kind: .tracepoint, target: "workqueue_queue_work",
            blindWithout: "queue wait of deferred completions", isEssential: false),
        ProbeProgram(
            function: "work_started", kind: .tracepoint, target: "workqueue_execute_start",
            blindWithout: "queue wait, worker CPU, completion work of deferred completions", isEssential: false),
        ProbeProgram(
            function: "request_issued", kind: .tracepoint, target: "block_rq_issue",
            blindWithout: "the border between submit and device", isEssential: false),
        ProbeProgram(
            function: "irq_entered", kind: .tracepoint, target: "irq_handler_entry",
            blindWithout: "entry of the hard interrupt, its number", isEssential: false),
        ProbeProgram(
            function: "irq_left", kind: .tracepoint, target: "irq_handler_exit",
            blindWithout: "entry of the hard interrupt, its number", isEssential: false),
        ProbeProgram(
            function: "softirq_entered", kind: .tracepoint, target: "softirq_entry",
            blindWithout: "entry of the softirq", isEssential: false),
        ProbeProgram(
            function: "softirq_left", kind: .tracepoint, target: "softirq_exit",
            blindWithout: "entry of the softirq", isEssential: false),
        ProbeProgram(
            function: "task_switched", kind: .tracepoint, target: "sched_switch",
            blindWithout: "whether a kworker preempted its submitter", isEssential: false),
        ProbeProgram(
            function: "request_completed", kind: .functionEntry, target: "io_req_rw_complete",
            blindWithout: "io_uring's second hop, the wait for task_work", isEssential: false),
        ProbeProgram(
            function: "process_forked", kind: .tracepoint, target: "sched_process_fork",
            blindWithout: "children of a traced process", isEssential: false),
        ProbeProgram(
            function: "process_freed", kind: .tracepoint, target: "sched_process_free",
            blindWithout: "an end to tracing a process whose number is used again", isEssential: false),
        begin,
    ]
}
