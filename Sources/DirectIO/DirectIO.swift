// SPDX-License-Identifier: GPL-2.0-only

/// One direct I/O's life: when it passed each point, where it ran, and what was true of it.
///
/// A time, CPU or thread that was not seen is `nil`; it is never guessed. Each property names the tracepoint or
/// kernel function that it comes from in a live recording.
public struct DirectIO: Equatable, Sendable {
    // MARK: Times

    /// Those below, as they are stored.
    public var times: SeenTimes

    /// When it passed a point.
    @inlinable
    public subscript(point: LifePoint) -> Timestamp? {
        @inline(__always)
        get { Timestamp(seen: times[point]) }
        @inline(__always)
        set { times[point] = newValue?.nanoseconds ?? 0 }
    }

    /// `iomap_dio_rw_begin`: the submitter enters the direct I/O code.
    @inlinable public var submitted: Timestamp {
        get { Timestamp(nanoseconds: times[.submitted]) }
        set { times[.submitted] = newValue.nanoseconds }
    }
    /// A trace has only the later part of its life: `submitted` is meaningless.
    @inlinable public var isPartial: Bool { times[.submitted] == 0 }
    /// Only a request is known, of whichever I/O: `device`, `offset` and `length` are the request's, and `ended` is
    /// `block_rq_complete`. Its completion had no length before it had a time.
    @inlinable public var isRequest: Bool { isPartial && length > 0 && times[.completed] == 0 }
    /// The first point that was seen: its submission, as a rule.
    public var firstSeen: LifePoint {
        isPartial
            ? LifePoint(rawValue: UInt8(clamping: times.seen.rawValue.trailingZeroBitCount)) ?? .submitted : .submitted
    }
    /// When it passed that.
    @inlinable public var began: Timestamp { isPartial ? Timestamp(nanoseconds: times[firstSeen]) : submitted }
    /// `block_rq_issue`: the last of its requests was given to the driver.
    @inlinable public var issued: Timestamp? {
        get { self[.issued] }
        set { self[.issued] = newValue }
    }
    /// Entry of the hard IRQ (`irq_handler_entry`) or softirq (`softirq_entry`) in which `end_io` ran.
    @inlinable public var interrupted: Timestamp? {
        get { self[.interrupted] }
        set { self[.interrupted] = newValue }
    }
    /// `iomap_dio_bio_end_io` of the last bio.
    @inlinable public var ended: Timestamp? {
        get { self[.ended] }
        set { self[.ended] = newValue }
    }
    /// `workqueue_queue_work`: the completion was deferred to a kworker.
    @inlinable public var workQueued: Timestamp? {
        get { self[.workQueued] }
        set { self[.workQueued] = newValue }
    }
    /// `workqueue_execute_start`: the kworker began with it.
    @inlinable public var workStarted: Timestamp? {
        get { self[.workStarted] }
        set { self[.workStarted] = newValue }
    }
    /// `iomap_dio_complete`: the direct I/O is complete, about to call `ki_complete`.
    @inlinable public var completed: Timestamp? {
        get { self[.completed] }
        set { self[.completed] = newValue }
    }
    /// `io_req_rw_complete`: io_uring's task_work took the completion up.
    @inlinable public var taskWorkRun: Timestamp? {
        get { self[.taskWorkRun] }
        set { self[.taskWorkRun] = newValue }
    }

    // MARK: Places

    public var submitCPU: UInt16?
    /// Where `end_io` ran: the CPU that the interrupt chose.
    public var endCPU: UInt16?
    /// Where the kworker ran.
    public var workerCPU: UInt16?
    public var completionCPU: UInt16?
    /// Linux number of the interrupt in which `end_io` ran, as in `/proc/interrupts`.
    public var irq: UInt32?
    /// Position among the `end_io` calls of one interrupt, 1 = first.
    public var irqBatchPosition: UInt16?
    public var submitterThread: UInt32
    public var workerThread: UInt32?

    // MARK: Who occupied the CPU

    /// What was on the worker's CPU from `workQueued` to `workStarted`: the times sum to that, or are unknown.
    public var queueWaitOccupants = OccupantTimes.unknown
    /// What was on the submitter's CPU from `completed` to `taskWorkRun`.
    public var taskWorkOccupants = OccupantTimes.unknown

    // MARK: What most do not have

    /// `nil` for an I/O that has none of it.
    @usableFromInline var rare: RareFields?

    /// There is nothing in `further` and `path`.
    @inlinable public var isPlain: Bool { rare == nil }

    /// All zero for an I/O whose record has no more.
    @inlinable public var further: FurtherLife {
        get { rare?.further ?? FurtherLife() }
        set { rare = RareFields(newValue, path) }
    }
    /// `nil` for an I/O that came through one device and that an interrupt brought back.
    @inlinable public var path: LayerPath? {
        get { rare?.path }
        set { rare = RareFields(further, newValue) }
    }

    // MARK: Facts

    public var device: DeviceNumber
    public var inode: UInt64
    /// In bytes from the start of the file.
    public var offset: UInt64
    /// In bytes, as asked for.
    public var length: UInt32
    public var operation: Operation
    public var issuer: Issuer
    /// Negative errno given to the issuer, or 0.
    public var error: Int16
    /// Where the last `end_io` ran.
    public var endContext: ExecutionContext?
    /// Where `iomap_dio_complete` ran.
    public var completeContext: ExecutionContext?
    public var facts: Facts
    /// Which machine, in a trace that merges several; else 0.
    public var machine: UInt8 = 0

    /// The clock of a trace counts no time: the points that were seen are known, and no lengths between them.
    public var isTimeless = false

    /// An I/O of which only its submission is known.
    @inlinable
    public init(
        submitted: Timestamp, submitterThread: UInt32, device: DeviceNumber, inode: UInt64, offset: UInt64,
        length: UInt32, operation: Operation, issuer: Issuer
    ) {
        times = SeenTimes(submitted: submitted.nanoseconds)
        self.submitterThread = submitterThread
        self.device = device
        self.inode = inode
        self.offset = offset
        self.length = length
        self.operation = operation
        self.issuer = issuer
        self.error = 0
        self.facts = []
    }

    /// An I/O of which a trace has only the later part, and nothing is known yet.
    public static var partial: DirectIO {
        DirectIO(
            submitted: Timestamp(nanoseconds: 0), submitterThread: 0, device: DeviceNumber(kernel: 0), inode: 0,
            offset: 0,
            length: 0, operation: .unknown, issuer: .unknown)
    }

    public enum Operation: String, Sendable, CaseIterable {
        case read, write
        /// A trace need not have it: for a synchronous I/O only its bio does.
        case unknown
    }
}

/// Who asked for the I/O, by the `ki_complete` of its kiocb.
public enum Issuer: String, Sendable, CaseIterable {
    /// `ki_complete` is NULL: the submitter waits.
    case sync
    case libaio
    case ioUring = "io_uring"
    /// A kernel user: loop, nfsd, SCSI target ...
    case other
    case unknown

    /// Position in `allCases`, for arrays of counts and for keys.
    @inlinable
    @inline(__always)
    public var index: Int {
        switch self {
        case .sync: 0
        case .libaio: 1
        case .ioUring: 2
        case .other: 3
        case .unknown: 4
        }
    }
}

/// The kind of code that was interrupted or called, from `preempt_count` and the task.
public enum ExecutionContext: String, Sendable, CaseIterable {
    case hardirq, softirq, kworker, task
    /// The thread of an interrupt, `irq/N-name`.
    case irqThread = "irq_thread"
    /// A softirq in a task: in ksoftirqd, or on PREEMPT_RT in whichever raised it.
    case ksoftirqd
    /// io_uring's own worker.
    case ioWQ = "io_wq"
    /// The idle task.
    case idle
}

/// A device number: the super block's `s_dev`.
public struct DeviceNumber: Hashable, Sendable, CustomStringConvertible {
    public let major: UInt32
    public let minor: UInt32

    @inlinable
    public init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    /// From the kernel's own `dev_t`, major << 20 | minor.
    @inlinable
    public init(kernel number: UInt32) {
        self.init(major: number >> 20, minor: number & 0xfffff)
    }

    /// The kernel's own `dev_t`.
    public var kernelNumber: UInt32 { major << 20 | minor }

    public var description: String { "\(major):\(minor)" }
}
