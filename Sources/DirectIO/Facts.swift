// SPDX-License-Identifier: GPL-2.0-only

/// What was true of an I/O, with the differences between kernels removed. Bit numbers are those of
/// `enum probe_fact` and so of the capture file: append-only.
public struct Facts: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    @inlinable
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    // At submit, from kiocb->ki_flags and the caller's dio_flags.
    public static let write = Facts(rawValue: 1 << 0)
    public static let dataSync = Facts(rawValue: 1 << 1)
    public static let sync = Facts(rawValue: 1 << 2)
    public static let polled = Facts(rawValue: 1 << 3)
    public static let noWait = Facts(rawValue: 1 << 4)
    /// The file system made an asynchronous I/O wait (`IOMAP_DIO_FORCE_WAIT`).
    public static let forceWait = Facts(rawValue: 1 << 5)

    // At the last bio's end_io, from struct iomap_dio.
    public static let endSeen = Facts(rawValue: 1 << 8)
    /// `dio->ref` was 1 on entry: this `end_io` has the last reference, so it decides how the I/O completes.
    public static let endDecides = Facts(rawValue: 1 << 9)
    /// `dio->wait_for_completion`: a task sleeps until the I/O is done. Valid with `endDecides`.
    public static let waiter = Facts(rawValue: 1 << 10)
    public static let needSync = Facts(rawValue: 1 << 11)
    public static let writeThrough = Facts(rawValue: 1 << 12)
    public static let unwritten = Facts(rawValue: 1 << 13)
    public static let copyOnWrite = Facts(rawValue: 1 << 14)
    /// `IOMAP_DIO_INLINE_COMP`, about 6.6 to 6.18: complete in `end_io`'s context.
    public static let inlineCompletion = Facts(rawValue: 1 << 15)
    /// `IOMAP_DIO_CALLER_COMP`, about 6.6 to 6.18: the issuer completes it in task_work.
    public static let callerCompletion = Facts(rawValue: 1 << 16)
    /// `IOMAP_DIO_COMP_WORK`, 6.19 and later: complete in a kworker.
    public static let completionWork = Facts(rawValue: 1 << 17)
    /// The I/O ends beyond the file size that was known at submit.
    public static let extendsSize = Facts(rawValue: 1 << 18)
    /// The file had pages in the page cache. Looked at for writes only.
    public static let pageCache = Facts(rawValue: 1 << 19)
    public static let endError = Facts(rawValue: 1 << 20)
    public static let multiBio = Facts(rawValue: 1 << 21)
    /// The submitting thread itself ran `end_io`: it did not sleep for it.
    public static let endBySubmitter = Facts(rawValue: 1 << 22)

    // At completion.
    /// The submitting thread itself completed it.
    public static let bySubmitter = Facts(rawValue: 1 << 24)
    /// The kworker that completed it had taken the CPU from the submitter, who was still runnable.
    public static let preemptedSubmitter = Facts(rawValue: 1 << 25)

    // Which code it went through; none of these: iomap's struct iomap_dio.
    /// iomap's simple path for small reads (7.3), as far as its `end_io` was seen.
    public static let simple = Facts(rawValue: 1 << 28)
    /// `fs/direct-io.c`.
    public static let legacy = Facts(rawValue: 1 << 29)
    /// A block device without a file system.
    public static let blockDevice = Facts(rawValue: 1 << 30)
}
