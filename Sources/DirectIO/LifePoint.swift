// SPDX-License-Identifier: GPL-2.0-only

/// A point in the life of an I/O. The order of the cases is causal: it is the order in which an I/O passes them.
///
/// This file is the one place that says which points and which stages there are: a case, and its row below. Whatever
/// shows, selects or stores them derives from it: the order, names in JSON, CSV and `--where`, labels, letters, colours,
/// slices of Perfetto, what is missing of a life, what a recording is blind to. See `Documentation/Architecture.md`.
public enum LifePoint: UInt8, Sendable, CaseIterable {
    /// The submitter enters the direct I/O code.
    case submitted
    /// io_uring's first attempt came to nothing, and it was handed to io-wq.
    case handedOver
    /// A worker of io-wq began it anew.
    case takenUp
    /// The submitter fell asleep in its submission, and not for the block layer. Of several sleeps it is as long before
    /// `resumed` as they took together.
    case fellAsleep
    /// It woke up from that, the last time.
    case resumed
    /// It left the submitter's hands before the device had it: its submission returned, or the submitter fell asleep
    /// with a bio in the block layer.
    case returned
    /// Its first request was made, after it had left the submitter's hands or, at the latest, then.
    case requested
    /// The first of its requests was given to the driver.
    case issued
    /// The device was done, and what was to run `end_io` was called for: a softirq, a thread, a driver's work.
    case raised
    /// Entry of the hard interrupt or softirq in which `end_io` ran, or the start of that work.
    case interrupted
    /// `end_io` of the last bio.
    case ended
    /// The completion was deferred to a kworker.
    case workQueued
    /// The kworker began with it.
    case workStarted
    /// The direct I/O is complete, about to call `ki_complete`.
    case completed
    /// The completion of a file system's own kiocb was deferred to a work that completes the user's.
    case hopQueued
    /// That work began.
    case hopStarted
    /// The user's kiocb was completed, for which a file system had made another one.
    case iocbCompleted
    /// io_uring's task_work took the completion up.
    case taskWorkRun

    /// How many there are.
    public static let count = 18
}

/// Nanoseconds of each point, by its number. Its length is that of the table.
public typealias PointTimes = InlineArray<18, UInt64>

/// A stage between two neighbouring points of a path. Every nanosecond of an I/O belongs to one of these, or to a span
/// composed of several. The order of the cases is causal: whatever path an I/O took, its stages follow each other so.
public enum AtomicStage: UInt8, Sendable, CaseIterable {
    /// io_uring's first attempt, which may not wait.
    case attempt
    /// It waits for a worker of io-wq.
    case ioWQWait
    /// File system and block layer on the way down.
    case submit
    /// The submitter slept on that way, for what the file system has to know or do first.
    case asleep
    /// The rest of that way.
    case submitRest
    /// It has no request yet: throttled, or all tags are taken.
    case throttle
    /// Throttled or queued: its queue keeps no times.
    case heldBack
    /// It has a request, which waits in a plug or a scheduler.
    case queued
    /// The driver and the device.
    case device
    /// What is to run `end_io` waits for its CPU.
    case delivery
    /// The handler, and the completions before this one.
    case interrupt
    case handOff
    /// The completion waits for its kworker.
    case queueWait
    /// The kworker completes it.
    case completionWork
    /// Completed without leaving the interrupt, or the polling thread.
    case inlineCompletion
    /// The submitter completes it, and had to wake up first.
    case submitterWakeup
    /// The submitter completes it, and had not left the submission yet.
    case submitterCompletion
    /// Completed in a context that is not known.
    case completion
    case hopHandOff
    /// The user's kiocb waits for the work that completes it.
    case hopWait
    /// Up to its completion, in that work.
    case hopWork
    /// The file system in between completes the user's kiocb.
    case iocbCompletion
    /// The completion waits until the issuer runs its task_work: io_uring's second hop.
    case taskWorkWait
    /// The issuer completes the I/O in its task_work.
    case callerCompletion
    /// Back from a completion in the issuer's task_work.
    case callerReturn
    /// Enclosed by no two points that were seen.
    case unattributed

    public static let count = 26
}

extension LifePoint {
    /// One row a point, in their order. `begins` are the stages that begin there, the first that fits the path.
    static let rows: [PointRow] = [
        PointRow(
            .submitted, "submitted", isOn: .always, expected: .never,
            from: [
                "iomap_dio_rw_begin", "iomap_dio_rw", "__iomap_dio_rw", "__iomap_dio_read_simple", "blkdev_read_iter",
                "blkdev_write_iter", "__blockdev_direct_IO",
            ],
            begins: [
                StageRow(.attempt, "attempt", "first attempt", of: .submitter, to: [.handedOver]),
                StageRow(.ioWQWait, "io_wq_wait", "io-wq wait", short: "io_wq", of: .device, to: [.takenUp]),
                StageRow(.submit, "submit", "submit", of: .submitter),
            ]),
        PointRow(
            .handedOver, "handed_over", isOn: .ifSeen, expected: .never, from: ["io_uring_queue_async_work"],
            begins: [StageRow(.ioWQWait, "io_wq_wait", "io-wq wait", short: "io_wq", of: .device)]),
        PointRow(
            .takenUp, "taken_up", isOn: .ifSeen, expected: .never,
            from: ["iomap_dio_rw_begin", "__iomap_dio_rw", "blkdev_read_iter", "blkdev_write_iter"],
            begins: [StageRow(.submit, "submit", "submit", of: .submitter)]),
        PointRow(
            .fellAsleep, "fell_asleep", isOn: .ifSeen, expected: .never, from: ["sched_switch"],
            begins: [StageRow(.asleep, "asleep", "asleep in submission", of: .device)]),
        PointRow(
            .resumed, "resumed", isOn: .ifSeen, expected: .never, from: ["sched_switch"],
            begins: [StageRow(.submitRest, "submit_rest", "submit, resumed", short: "rest", of: .submitter)]),
        PointRow(
            .returned, "returned", isOn: .ifSeen, expected: .never, isBorder: true, mayPrecede: true,
            from: ["iomap_dio_rw_queued", "sched_switch"],
            begins: [
                StageRow(.throttle, "throttle", "throttle, tag wait", of: .device, to: [.requested]),
                StageRow(.heldBack, "held_back", "throttled or queued", short: "held", of: .device),
            ]),
        PointRow(
            .requested, "requested", isOn: .ifSeen, expected: .never, isBorder: true, mayPrecede: true,
            from: ["block_rq_issue", "block_getrq"],
            begins: [StageRow(.queued, "queued", "plug, scheduler", of: .device)]),
        PointRow(
            .issued, "issued", isOn: .always, expected: .always, isBorder: true, canBeBlind: true,
            from: ["block_rq_issue"],
            begins: [StageRow(.device, "device", "device", of: .device)]),
        PointRow(
            .raised, "raised", isOn: .ifSeen, expected: .never, isBorder: true, mayPrecede: true,
            from: ["softirq_raise", "irq_handler_exit", "workqueue_queue_work"],
            begins: [StageRow(.delivery, "delivery_wait", "delivery wait", short: "delivery", of: .endIO, isWait: true)]
        ),
        PointRow(
            .interrupted, "interrupted", isOn: .ifSeen, expected: .inInterrupt, isBorder: true, canBeBlind: true,
            mayPrecede: true, from: ["irq_handler_entry", "softirq_entry"],
            begins: [StageRow(.interrupt, "irq", "irq -> end_io", of: .endIO)]),
        PointRow(
            .ended, "ended", isOn: .always, expected: .withEndIO, canBeBlind: true,
            from: [
                "iomap_dio_bio_end_io", "iomap_dio_simple_end_io", "blkdev_bio_end_io", "blkdev_bio_end_io_async",
                "submit_bio_wait_endio", "bio_wait_end_io", "blkdev_bio_end_io_simple", "dio_bio_end_aio",
                "dio_bio_end_io",
            ],
            begins: [
                StageRow(.handOff, "hand_off", "end_io -> queue_work", of: .endIO, to: [.workQueued]),
                StageRow(
                    .taskWorkWait, "task_work_wait", "task_work wait", short: "task_work", of: .taskWork, isWait: true,
                    to: [.taskWorkRun]),
                StageRow(
                    .inlineCompletion, "inline_completion", "inline completion", short: "inline", of: .completion,
                    in: [.hardirq, .softirq, .poll, .driverWorker, .irqThread, .ksoftirqd]),
                StageRow(
                    .submitterWakeup, "submitter_wakeup", "waiter woken", short: "wakeup", of: .submitter, isWait: true,
                    in: [.syncWait]),
                StageRow(
                    .submitterCompletion, "submitter_completion", "submitter completes", short: "submitter",
                    of: .submitter, in: [.submitRace]),
                StageRow(.completion, "completion", "completion", short: "complete", of: .unknown),
            ]),
        PointRow(
            .workQueued, "work_queued", isOn: .path(.kworker), expected: .deferred, from: ["workqueue_queue_work"],
            begins: [
                StageRow(
                    .queueWait, "queue_wait", "queue_work -> start", short: "queue", of: .kworker, isWait: true)
            ]),
        PointRow(
            .workStarted, "work_started", isOn: .path(.kworker), expected: .deferred,
            from: ["workqueue_execute_start"],
            begins: [StageRow(.completionWork, "completion_work", "iomap_dio_complete", short: "work", of: .kworker)]),
        PointRow(
            .completed, "completed", isOn: .always, expected: .always,
            from: [
                "iomap_dio_complete", "dio_complete", "blkdev_read_iter", "blkdev_write_iter", "aio_complete_rw",
                "io_complete_rw", "io_complete_rw_iopoll",
            ],
            begins: [
                StageRow(
                    .callerReturn, "caller_return", "caller returns", short: "return", of: .unknown, in: [.taskWork]),
                StageRow(
                    .hopHandOff, "hop_hand_off", "complete -> hop", short: "hop", of: .completion,
                    to: [.hopQueued, .hopStarted]),
                StageRow(
                    .iocbCompletion, "ki_complete", "ki_complete", short: "ki", of: .completion, to: [.iocbCompleted]),
                StageRow(
                    .taskWorkWait, "task_work_wait", "task_work wait", short: "task_work", of: .taskWork, isWait: true,
                    to: [.taskWorkRun]),
            ]),
        PointRow(
            .hopQueued, "hop_queued", isOn: .ifSeen, expected: .never, from: ["workqueue_queue_work"],
            begins: [StageRow(.hopWait, "hop_wait", "hop queue -> start", short: "hop", of: .hop, isWait: true)]),
        PointRow(
            .hopStarted, "hop_started", isOn: .ifSeen, expected: .never, from: ["workqueue_execute_start"],
            begins: [StageRow(.hopWork, "hop_work", "hop's work", short: "hop_work", of: .hop)]),
        PointRow(
            .iocbCompleted, "ki_completed", isOn: .ifSeen, expected: .stacked,
            from: ["aio_complete_rw", "io_complete_rw"],
            begins: [
                StageRow(
                    .taskWorkWait, "task_work_wait", "task_work wait", short: "task_work", of: .taskWork, isWait: true)
            ]),
        PointRow(
            .taskWorkRun, "task_work_run", isOn: .path(.taskWork), expected: .secondHop, canBeBlind: true,
            from: ["io_req_rw_complete"],
            begins: [
                StageRow(.callerCompletion, "caller_completion", "caller completes", short: "caller", of: .taskWork)
            ]),
    ]
}
