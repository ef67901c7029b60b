// SPDX-License-Identifier: GPL-2.0-only

/// One program of `bpf/`: where it attaches, what it stands in for and what would be blind without it.
public struct ProbeProgram: Sendable {
    /// Name of the C function in the BPF object.
    public let function: String
    public let kind: Kind
    /// The tracepoint or kernel function.
    public let target: String
    /// What a report lacks when neither this program nor one that stands in for it is attached.
    public let blindWithout: String
    /// Programs that do the same better: this one is left out where one of them can be attached.
    public private(set) var insteadOf: [String]
    public let role: Role

    /// In order of preference.
    public enum Kind: String, Sendable {
        /// A tracepoint with arguments typed by BTF: the cheapest, and allowed under lockdown.
        case tracepoint = "tp_btf"
        /// Entry of a kernel function.
        case functionEntry = "fentry"
        /// Its return.
        case functionExit = "fexit"
        /// Any instruction, here the entry of functions with more arguments than fentry takes.
        case kprobe
    }

    public enum Role: Sendable {
        /// Lets I/Os in: attached last and detached first, so that no life is half recorded.
        case begins
        /// Counts I/Os in pauses between bursts, where what lets them in costs more: attached then alone.
        case counts
        /// Ends a life: without one of those there is no record.
        case completes
        case observes
    }

    init(
        _ function: String, _ kind: Kind, _ target: String, role: Role = .observes, insteadOf: [String] = [],
        blind: String
    ) {
        self.function = function
        self.kind = kind
        self.target = target
        self.role = role
        self.insteadOf = insteadOf
        blindWithout = blind
    }

    /// Attached in the bursts of a recording alone. The others let I/Os in, or tell what is to be known of the whole of it;
    /// or they are at functions, which to detach takes the kernel seconds: in a pause they return at once.
    var isOfBursts: Bool {
        guard kind == .tracepoint || kind == .kprobe, role == .completes || role == .observes else { return false }
        return !(Self.processes + Self.syncs).contains { $0.function == function }
    }

    /// At the entry or exit of a function, by a trampoline of BPF's.
    var isTrampoline: Bool { kind == .functionEntry || kind == .functionExit }

    /// e.g. `tp_btf/iomap_dio_complete`.
    public var place: String { "\(kind.rawValue)/\(target)" }
}

extension ProbeProgram {
    /// All programs, in the order in which they are attached.
    public static let all = completion + deferral + device + layers + context + processes + syncs + beginnings

    /// The same for kernels that preempt tasks in such programs: a task that loses its CPU in the begin's program would
    /// hide the begins of all others that run there meanwhile. In a kprobe none does. Where works start, a second
    /// program does what the first would have, its witness; interrupts call for those of layers on every kernel.
    static func all(preempted kinds: Set<Kind>) -> [ProbeProgram] {
        all.compactMap { program in
            var program = program
            if ["work_start_witnessed", "dio_counted"].contains(program.function) {
                return kinds.contains(program.kind) ? program : nil
            }
            let kind: Kind = program.function.hasPrefix("block_device_") ? .functionEntry : .tracepoint
            guard kinds.contains(kind) else { return program }
            switch program.function {
            case "dio_rw_probed", "simple_read_probed", "block_device_read_probed", "block_device_write_probed":
                program.insteadOf = []
            case "dio_began": program.insteadOf = ["dio_rw_probed", "simple_read_probed"]
            case "block_device_read_began": program.insteadOf = ["block_device_read_probed"]
            case "block_device_write_began": program.insteadOf = ["block_device_write_probed"]
            default: break
            }
            return program
        }
    }

    static let iomap = "every I/O of ext4, xfs and other file systems that use iomap"
    private static let legacy = "I/Os of file systems that use fs/direct-io.c, such as vfat"
    private static let blockDevice = "I/Os to block devices without a file system"

    private static let completion = [
        ProbeProgram("dio_completed", .tracepoint, "iomap_dio_complete", role: .completes, blind: iomap),
        ProbeProgram(
            "completion_entered", .functionEntry, "iomap_dio_complete", insteadOf: ["dio_completed"], blind: iomap),
        ProbeProgram(
            "completion_left", .functionExit, "iomap_dio_complete", role: .completes, insteadOf: ["dio_completed"],
            blind: iomap),
        ProbeProgram("legacy_completed", .functionEntry, "dio_complete", blind: legacy),
        ProbeProgram("block_device_read_returned", .functionExit, "blkdev_read_iter", blind: blockDevice),
        ProbeProgram("block_device_write_returned", .functionExit, "blkdev_write_iter", blind: blockDevice),
        ProbeProgram("aio_completed", .functionEntry, "aio_complete_rw", blind: legacy),
        ProbeProgram("io_uring_completed", .functionEntry, "io_complete_rw", blind: legacy),
        ProbeProgram("io_uring_poll_completed", .functionEntry, "io_complete_rw_iopoll", blind: legacy),
        ProbeProgram(
            "request_completed", .functionEntry, "io_req_rw_complete",
            blind: "io_uring's second hop, the wait for task_work"),
    ]

    private static let limit = "until when a work item waited because its workqueue ran as many as it may"

    private static let deferral = [
        ProbeProgram(
            "work_queued", .tracepoint, "workqueue_queue_work", blind: "queue wait of deferred completions"),
        ProbeProgram(
            "work_started", .tracepoint, "workqueue_execute_start",
            blind: "queue wait, worker CPU, completion work of deferred completions"),
        ProbeProgram(
            "work_start_witnessed", .tracepoint, "workqueue_execute_start",
            blind: "queue wait, worker CPU, completion work of deferred completions"),
        ProbeProgram(
            "request_punted", .tracepoint, "io_uring_queue_async_work",
            blind: "attempts of io_uring that came to nothing, as such"),
        ProbeProgram("waiting_work_activated", .functionEntry, "__pwq_activate_work", blind: limit),
        ProbeProgram("inactive_work_activated", .functionEntry, "pwq_activate_inactive_work", blind: limit),
        ProbeProgram(
            "work_activated", .tracepoint, "workqueue_activate_work",
            insteadOf: ["waiting_work_activated", "inactive_work_activated"], blind: limit),
        ProbeProgram("work_ended", .tracepoint, "workqueue_execute_end", blind: "how long other work items had a CPU"),
    ]

    private static let endIO = "end_io: its time, why an I/O was deferred"
    private static let awaited = "end_io of synchronous I/Os to block devices"

    private static let device = [
        ProbeProgram("bio_ended", .functionEntry, "iomap_dio_bio_end_io", blind: endIO),
        ProbeProgram("simple_bio_ended", .functionEntry, "iomap_dio_simple_end_io", blind: "end_io of small reads"),
        ProbeProgram("legacy_bio_ended", .functionEntry, "dio_bio_end_aio", blind: legacy),
        ProbeProgram("legacy_sync_bio_ended", .functionEntry, "dio_bio_end_io", blind: legacy),
        ProbeProgram("block_device_bio_ended", .functionEntry, "blkdev_bio_end_io", blind: blockDevice),
        ProbeProgram("block_device_async_bio_ended", .functionEntry, "blkdev_bio_end_io_async", blind: blockDevice),
        ProbeProgram("awaited_bio_ended", .functionEntry, "submit_bio_wait_endio", blind: awaited),
        ProbeProgram(
            "renamed_awaited_bio_ended", .functionEntry, "bio_wait_end_io", insteadOf: ["awaited_bio_ended"],
            blind: awaited),
        ProbeProgram("simple_block_device_bio_ended", .functionEntry, "blkdev_bio_end_io_simple", blind: awaited),
        ProbeProgram(
            "request_issued", .tracepoint, "block_rq_issue", blind: "the border between submit and device"),
        ProbeProgram(
            "request_issued_from_queue", .tracepoint, "block_rq_issue", insteadOf: ["request_issued"],
            blind: "the border between submit and device"),
        ProbeProgram("request_requeued", .tracepoint, "block_rq_requeue", blind: "requests that were issued anew"),
        ProbeProgram(
            "request_requeued_from_queue", .tracepoint, "block_rq_requeue", insteadOf: ["request_requeued"],
            blind: "requests that were issued anew"),
        ProbeProgram(
            "request_raised", .functionExit, "blk_mq_complete_request_remote",
            blind: "when the device was done with I/Os that a softirq of another CPU ends"),
        ProbeProgram(
            "submission_returned", .tracepoint, "iomap_dio_rw_queued",
            blind: "the border between the submission and a throttle, tag wait or queue"),
    ]

    /// Only where there are any.
    private static let layers = [
        ProbeProgram("layer_entered", .tracepoint, "block_bio_queue", blind: layer),
        ProbeProgram(
            "layer_entered_from_queue", .tracepoint, "block_bio_queue", insteadOf: ["layer_entered"], blind: layer),
        ProbeProgram("layer_throttled", .functionExit, "__blk_throtl_bio", blind: throttledLayer),
        ProbeProgram("layer_throttled_by_all", .functionExit, "blk_throtl_bio", blind: throttledLayer),
        ProbeProgram("layer_done", .tracepoint, "block_bio_complete", blind: layer),
        ProbeProgram("layer_disk_done", .tracepoint, "block_rq_complete", blind: layer),
        ProbeProgram("layer_entry_witnessed", .tracepoint, "block_bio_queue", blind: layer),
        ProbeProgram("layer_issue_witnessed", .tracepoint, "block_rq_issue", blind: layer),
        ProbeProgram("layer_disk_done_witnessed", .tracepoint, "block_rq_complete", blind: layer),
        ProbeProgram("layer_end_witnessed", .functionEntry, "iomap_dio_bio_end_io", blind: endIO),
        ProbeProgram("layer_aio_witnessed", .functionEntry, "aio_complete_rw", blind: legacy),
        ProbeProgram("layer_io_uring_witnessed", .functionEntry, "io_complete_rw", blind: legacy),
    ]

    private static let throttledLayer = "what a cgroup's io.max holds back below a layer"

    private static let layer = "the devices that an I/O comes through: device-mapper, md, loop"

    private static let quota = "submitters that stand still for the CPU quota of their cgroup"

    private static let timers = "timer interrupts on the CPU"

    private static let context = [
        ProbeProgram("irq_entered", .tracepoint, "irq_handler_entry", blind: "entry of the hard interrupt, its number"),
        ProbeProgram("irq_left", .tracepoint, "irq_handler_exit", blind: "entry of the hard interrupt, its number"),
        ProbeProgram("softirq_entered", .tracepoint, "softirq_entry", blind: "entry of the softirq"),
        ProbeProgram("softirq_left", .tracepoint, "softirq_exit", blind: "entry of the softirq"),
        ProbeProgram("softirq_raised", .tracepoint, "softirq_raise", blind: "the wait for a softirq"),
        ProbeProgram("thread_served", .functionEntry, "irq_thread_fn", blind: "the wait for an interrupt's thread"),
        ProbeProgram(
            "forced_thread_served", .functionEntry, "irq_forced_thread_fn",
            blind: "the wait for an interrupt's thread"),
        ProbeProgram("timer_entered", .tracepoint, "local_timer_entry", blind: timers),
        ProbeProgram("timer_left", .tracepoint, "local_timer_exit", blind: timers),
        ProbeProgram("quota_used_up", .functionExit, "throttle_cfs_rq", blind: quota),
        ProbeProgram("quota_filled", .functionEntry, "unthrottle_cfs_rq", blind: quota),
        ProbeProgram(
            "task_switched", .tracepoint, "sched_switch",
            blind: "what was on the CPU while a completion waited for it, and whether a kworker preempted its submitter"
        ),
    ]

    private static let processes = [
        ProbeProgram(
            "process_forked", .tracepoint, "sched_process_fork", blind: "children of a traced process"),
        ProbeProgram(
            "process_freed", .tracepoint, "sched_process_free",
            blind: "an end to tracing a process whose number is used again"),
        ProbeProgram(
            "file_opened", .functionEntry, "vfs_open",
            blind: "on which file systems files are opened for direct I/O that is not followed"),
    ]

    private static let sync = "fsync and fdatasync"

    /// Only what they come to, by file.
    private static let syncs = [
        ProbeProgram("sync_entered", .functionEntry, "vfs_fsync_range", blind: sync),
        ProbeProgram("sync_left", .functionExit, "vfs_fsync_range", blind: sync),
        ProbeProgram(
            "ext4_sync_entered", .tracepoint, "ext4_sync_file_enter", insteadOf: ["sync_entered"], blind: sync),
        ProbeProgram("ext4_sync_left", .tracepoint, "ext4_sync_file_exit", insteadOf: ["sync_left"], blind: sync),
    ]

    private static let beginnings = [
        ProbeProgram("legacy_began", .kprobe, "__blockdev_direct_IO", role: .begins, blind: legacy),
        ProbeProgram("block_device_read_began", .functionEntry, "blkdev_read_iter", role: .begins, blind: blockDevice),
        ProbeProgram(
            "block_device_write_began", .functionEntry, "blkdev_write_iter", role: .begins, blind: blockDevice),
        ProbeProgram(
            "block_device_read_probed", .kprobe, "blkdev_read_iter", role: .begins,
            insteadOf: ["block_device_read_began"], blind: blockDevice),
        ProbeProgram(
            "block_device_write_probed", .kprobe, "blkdev_write_iter", role: .begins,
            insteadOf: ["block_device_write_began"], blind: blockDevice),
        ProbeProgram("dio_began", .tracepoint, "iomap_dio_rw_begin", role: .begins, blind: iomap),
        ProbeProgram("dio_counted", .tracepoint, "iomap_dio_rw_begin", role: .counts, blind: iomap),
        ProbeProgram(
            "dio_rw_entered", .functionEntry, "__iomap_dio_rw", role: .begins, insteadOf: ["dio_began"], blind: iomap),
        ProbeProgram(
            "dio_rw_probed", .kprobe, "__iomap_dio_rw", role: .begins, insteadOf: ["dio_began", "dio_rw_entered"],
            blind: iomap),
        ProbeProgram(
            "simple_read_probed", .kprobe, "__iomap_dio_read_simple", role: .begins, insteadOf: ["dio_began"],
            blind: "small reads of file systems that use iomap"),
    ]

    /// Programs that are of use only together: when one cannot be attached, the others are left out.
    ///
    /// Without the exit of an interrupt, its entry would be taken for that of a later one. Without the way out of a
    /// kind of I/O, its slots would stay taken.
    static let partners: [[String]] = [
        ["irq_entered", "irq_left"],
        ["softirq_entered", "softirq_left"],
        ["timer_entered", "timer_left"],
        ["quota_used_up", "quota_filled"],
        ["completion_entered", "completion_left"],
        ["sync_entered", "sync_left"],
        ["ext4_sync_entered", "ext4_sync_left"],
        ["dio_rw_probed", "simple_read_probed"],
        ["legacy_began", "legacy_completed", "aio_completed", "io_uring_completed"],
        [
            "block_device_read_began", "block_device_write_began", "block_device_read_returned",
            "block_device_write_returned", "aio_completed", "io_uring_completed",
        ],
        [
            "block_device_read_probed", "block_device_write_probed", "block_device_read_returned",
            "block_device_write_returned", "aio_completed", "io_uring_completed",
        ],
    ]
}
