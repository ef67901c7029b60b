// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// One event of a kernel trace about direct I/O, or about what was on a CPU. Layouts and spellings of the source are
/// gone; nothing is joined yet.
public struct KernelEvent: Sendable {
    /// In nanoseconds of the trace's clock.
    public var time: UInt64
    public var cpu: UInt16
    /// As the source's flags say; `nil` when it has none.
    public var context: InterruptContext?
    /// Which machine, in a text that merges the traces of several, e.g. a host and its guest; from 0.
    public var machine: UInt8 = 0
    /// The thread that ran, or was interrupted.
    public var thread: UInt32
    /// Its name.
    public var name: NameID
    public var body: Body

    public enum InterruptContext: UInt8, Sendable, Comparable {
        case task, softirq, hardirq

        @inlinable
        public static func < (left: InterruptContext, right: InterruptContext) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    public enum Body: Sendable {
        case dioBegin(DirectIOBegin)
        /// `iomap_dio_rw_queued`: the submitter let go of the I/O it began last.
        case dioQueued
        case dioComplete(DirectIOComplete)
        /// `iomap_iter` of a direct I/O: whether the thread writes.
        case dioDirection(isWrite: Bool)
        /// `io_uring_submit_req`: io_uring takes a request out of its ring; whether it writes, `nil` if it is no I/O.
        case uringSubmit(isWrite: Bool?)
        /// `ext4_journal_start_inode`.
        case fileChange(FileChange)
        case bioQueue(BlockRange)
        /// `block_bio_remap`: what was at a place of one device is this of another.
        case bioRemap(BlockRange, from: BlockSource)
        /// `block_getrq`: a bio has got its request.
        case requestMade(BlockRange)
        /// `block_rq_insert`: it has gone to the scheduler.
        case requestInsert(BlockRange)
        case requestIssue(BlockRange)
        /// `block_rq_requeue`: the device did not take it.
        case requestRequeue(BlockRange)
        case requestComplete(BlockRange)
        case workQueue(Work)
        case workStart(Work)
        case workEnd(Work)
        case irqEntry(UInt32)
        case irqExit
        /// An interrupt of the CPU itself: its timer, a call from another CPU.
        case vectorEntry
        case vectorExit
        case softirqRaise(UInt32)
        case softirqEntry(UInt32)
        case softirqExit
        case taskSwitch(TaskSwitch)
        /// A probe of a function's entry, or the function tracer's record of it, which has no arguments.
        case function(KernelFunction, ProbeCallID)
        case functionReturn(KernelFunction, ProbeCallID)
        /// Events of this CPU were lost before here: how many, 0 when that is not known.
        case lost(UInt64)
        /// Another trace of the machine begins, of an earlier time: nothing before has a part in it.
        case anotherTrace
    }
}

/// `iomap_dio_rw_begin`.
public struct DirectIOBegin: Sendable {
    public var device: UInt32
    public var inode: UInt64
    public var position: UInt64
    public var length: UInt64
    public var doneBefore: UInt64
    /// Of the file.
    public var fileSize: UInt64
    public var flags: IOFlags
    /// `IOMAP_DIO_FORCE_WAIT`.
    public var forcesWait: Bool
    public var isAsynchronous: Bool
}

/// `iomap_dio_complete`.
public struct DirectIOComplete: Sendable {
    public var device: UInt32
    public var inode: UInt64
    /// After the kernel advanced it by what was done.
    public var position: UInt64
    public var flags: IOFlags
    public var isAsynchronous: Bool
    public var error: Int32
    public var result: Int64
}

/// A part of a disk, and what is done with it.
public struct BlockRange: Sendable {
    public var device: UInt32
    public var sector: UInt64
    public var sectors: UInt32
    public var kind: RequestKind
    /// It is a flush, or asks for one before it.
    public var hasFlush = false
    /// It asks for one behind it, or for what a device may do instead (FUA).
    public var hasFUA = false
    /// Metadata of a file system, or no data at all: nobody's direct I/O.
    public var isForeign: Bool
    /// Negative errno of a request that is complete, or 0.
    public var error: Int16 = 0

    public var isWrite: Bool { kind == .write || kind == .append }
    public var isRead: Bool { kind == .read }
    /// It has bytes that are read or written.
    public var hasData: Bool { sectors > 0 && kind.movesData }
}

/// A file system begins to change a file.
public struct FileChange: Sendable {
    public var device: UInt32
    public var inode: UInt64
    /// It marks extents as written, whose data was.
    public var marksWritten: Bool
    /// Of the function that does.
    public var name: NameID
}

/// A place on a disk.
public struct BlockSource: Sendable {
    public var device: UInt32
    public var sector: UInt64
}

/// A work item of a workqueue.
public struct Work: Sendable {
    /// Raw or hashed; the same within one trace. 0 when the trace hides it.
    public var address: UInt64
    public var function: KernelFunction
    /// The function's name, `.unknown` when the trace has none.
    public var name: NameID
}

public struct TaskSwitch: Sendable {
    public var previous: UInt32
    /// It would have gone on running.
    public var previousIsRunnable: Bool
    public var next: UInt32
    public var nextName: NameID
}
