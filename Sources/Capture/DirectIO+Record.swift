// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO

/// Bytes of the records that cross the ring, the same in every capture.
enum RecordSize {
    static let io = MemoryLayout<probe_io>.size
    static let task = MemoryLayout<probe_task>.size
    static let waitedIO = MemoryLayout<probe_waited_io>.size
    static let life = MemoryLayout<probe_life>.size
    static let layered = MemoryLayout<probe_layered>.size
    static let deep = MemoryLayout<probe_deep>.size
    static let occupancy = MemoryLayout<probe_occupancy>.size
}

extension DirectIO {
    /// Decodes a record of the probes. What was not seen, and numbers that this version does not know, become `nil`
    /// or `.unknown`; unknown facts are kept.
    /// - Returns: `nil` when it is not a record of an I/O: another kind, or no time of submission.
    public init?(record: probe_io) {
        guard record.isIO else { return nil }
        self = withUnsafePointer(to: record) { DirectIO(checked: $0) }
    }

    /// The same of an I/O that waited for a CPU whose occupants were seen.
    public init?(record: probe_waited_io) {
        guard record.isIO else { return nil }
        self = withUnsafePointer(to: record) { DirectIO(checked: $0) }
    }

    /// Decodes a record that `isIO`. In the caller's loop and from where the record lies: a copy of an optional life,
    /// or of the record, would cost as much.
    @inline(__always)
    init(checked record: UnsafePointer<probe_waited_io>) {
        self.init(checked: UnsafeRawPointer(record).assumingMemoryBound(to: probe_io.self))
        queueWaitOccupants = OccupantTimes(record.pointee.queue_wait)
        taskWorkOccupants = OccupantTimes(record.pointee.task_work_wait)
    }

    @inline(__always)
    init(checked pointer: UnsafePointer<probe_io>) {
        let record = pointer.pointee
        let isWrite = record.facts & PROBE_FACT_WRITE.rawValue != 0
        self.init(
            submitted: Timestamp(nanoseconds: record.submitted_ns), submitterThread: record.submitter_tid,
            device: DeviceNumber(kernel: record.dev), inode: record.inode, offset: record.offset_bytes,
            length: record.length_bytes, operation: isWrite ? .write : .read,
            issuer: Issuer(record: record.issuer))
        facts = Facts(rawValue: record.facts)
        times[.issued] = record.issued_ns
        times[.interrupted] = record.interrupted_ns
        times[.ended] = record.ended_ns
        times[.workQueued] = record.queued_ns
        times[.workStarted] = record.started_ns
        times[.completed] = record.completed_ns
        times[.iocbCompleted] = record.iocb_completed_ns
        times[.taskWorkRun] = record.task_work_ns
        submitCPU = seen(cpu: record.submit_cpu)
        endCPU = seen(cpu: record.end_cpu)
        workerCPU = seen(cpu: record.worker_cpu)
        completionCPU = seen(cpu: record.complete_cpu)
        irq = record.irq == noIRQ ? nil : record.irq
        irqBatchPosition = record.irq_batch == 0 ? nil : record.irq_batch
        workerThread = record.worker_tid == 0 ? nil : record.worker_tid
        error = record.error
        endContext = ExecutionContext(record: record.end_context)
        completeContext = ExecutionContext(record: record.complete_context)
    }
}

extension probe_io {
    /// Whether it is a record of an I/O: of that kind, and with a time of submission.
    @inline(__always)
    var isIO: Bool { UInt32(kind) == PROBE_RECORD_IO.rawValue && submitted_ns != 0 }

    /// The record that decodes to `io`, for captures that do not come from the probes.
    ///
    /// `operation` decides about the WRITE fact. A device number beyond 12 bits of major and 20 of minor does not
    /// fit, as in the kernel.
    public init(_ io: DirectIO) {
        self.init()
        kind = UInt8(truncatingIfNeeded: PROBE_RECORD_IO.rawValue)
        issuer = io.issuer.recordNumber
        end_context = io.endContext?.recordNumber ?? 0
        complete_context = io.completeContext?.recordNumber ?? 0
        submit_cpu = io.submitCPU ?? noCPU
        end_cpu = io.endCPU ?? noCPU
        worker_cpu = io.workerCPU ?? noCPU
        complete_cpu = io.completionCPU ?? noCPU
        facts = (io.operation == .write ? io.facts.union(.write) : io.facts.subtracting(.write)).rawValue
        submitted_ns = io.submitted.nanoseconds
        issued_ns = io.issued?.nanoseconds ?? 0
        interrupted_ns = io.interrupted?.nanoseconds ?? 0
        ended_ns = io.ended?.nanoseconds ?? 0
        queued_ns = io.workQueued?.nanoseconds ?? 0
        started_ns = io.workStarted?.nanoseconds ?? 0
        completed_ns = io.completed?.nanoseconds ?? 0
        iocb_completed_ns = io.times[.iocbCompleted]
        task_work_ns = io.taskWorkRun?.nanoseconds ?? 0
        inode = io.inode
        offset_bytes = io.offset
        dev = io.device.kernelNumber
        length_bytes = io.length
        submitter_tid = io.submitterThread
        worker_tid = io.workerThread ?? 0
        irq = io.irq ?? noIRQ
        error = io.error
        irq_batch = io.irqBatchPosition ?? 0
    }
}

extension probe_waited_io {
    /// Whether it is a record of an I/O that waited: of that kind, and with a time of submission.
    @inline(__always)
    var isIO: Bool { UInt32(io.kind) == PROBE_RECORD_WAITED_IO.rawValue && io.submitted_ns != 0 }

    /// The record that decodes to `io`, for captures that do not come from the probes.
    public init(_ io: DirectIO) {
        self.init()
        self.io = probe_io(io)
        self.io.kind = UInt8(truncatingIfNeeded: PROBE_RECORD_WAITED_IO.rawValue)
        queue_wait = probe_occupied(io.queueWaitOccupants)
        task_work_wait = probe_occupied(io.taskWorkOccupants)
    }
}

extension OccupantTimes {
    /// Both are eight 32-bit numbers in the order of `CPUOccupant`.
    @inline(__always)
    init(_ occupied: probe_occupied) {
        self.init(nanoseconds: withUnsafeBytes(of: occupied) { $0.loadUnaligned(as: SIMD8<UInt32>.self) })
    }
}

extension probe_occupied {
    init(_ occupied: OccupantTimes) {
        self.init()
        withUnsafeMutableBytes(of: &self) { $0.storeBytes(of: occupied.nanoseconds, as: SIMD8<UInt32>.self) }
    }
}

let noCPU = UInt16(truncatingIfNeeded: PROBE_NO_CPU)
private let noIRQ = UInt32(truncatingIfNeeded: PROBE_NO_IRQ)

@inline(__always)
func seen(cpu: UInt16) -> UInt16? {
    cpu == noCPU ? nil : cpu
}

extension Issuer {
    fileprivate init(record number: UInt8) {
        switch probe_issuer(rawValue: UInt32(number)) {
        case PROBE_ISSUER_SYNC: self = .sync
        case PROBE_ISSUER_LIBAIO: self = .libaio
        case PROBE_ISSUER_IO_URING: self = .ioUring
        case PROBE_ISSUER_OTHER: self = .other
        default: self = .unknown
        }
    }

    fileprivate var recordNumber: UInt8 {
        let number =
            switch self {
            case .unknown: PROBE_ISSUER_UNKNOWN
            case .sync: PROBE_ISSUER_SYNC
            case .libaio: PROBE_ISSUER_LIBAIO
            case .ioUring: PROBE_ISSUER_IO_URING
            case .other: PROBE_ISSUER_OTHER
            }
        return UInt8(truncatingIfNeeded: number.rawValue)
    }
}

extension ExecutionContext {
    fileprivate init?(record number: UInt8) {
        switch probe_context(rawValue: UInt32(number)) {
        case PROBE_CONTEXT_HARDIRQ: self = .hardirq
        case PROBE_CONTEXT_SOFTIRQ: self = .softirq
        case PROBE_CONTEXT_KWORKER: self = .kworker
        case PROBE_CONTEXT_TASK: self = .task
        case PROBE_CONTEXT_IRQ_THREAD: self = .irqThread
        case PROBE_CONTEXT_KSOFTIRQD: self = .ksoftirqd
        case PROBE_CONTEXT_IO_WQ: self = .ioWQ
        case PROBE_CONTEXT_IDLE: self = .idle
        default: return nil
        }
    }

    fileprivate var recordNumber: UInt8 {
        let number =
            switch self {
            case .hardirq: PROBE_CONTEXT_HARDIRQ
            case .softirq: PROBE_CONTEXT_SOFTIRQ
            case .kworker: PROBE_CONTEXT_KWORKER
            case .task: PROBE_CONTEXT_TASK
            case .irqThread: PROBE_CONTEXT_IRQ_THREAD
            case .ksoftirqd: PROBE_CONTEXT_KSOFTIRQD
            case .ioWQ: PROBE_CONTEXT_IO_WQ
            case .idle: PROBE_CONTEXT_IDLE
            }
        return UInt8(truncatingIfNeeded: number.rawValue)
    }
}
