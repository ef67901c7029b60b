// SPDX-License-Identifier: GPL-2.0-only

/// What most I/Os do not have in their lives: waits on the way down, a delivery of its own, several requests, a second
/// hop. Times are nanoseconds of `CLOCK_MONOTONIC`, 0 for what was not seen, as in `SeenTimes`.
public struct FurtherLife: Equatable, Sendable {
    /// io_uring handed it to io-wq: before `submitted`, which is then io-wq's attempt.
    public var attempted: UInt64 = 0
    /// The last `block_rq_issue` of several, 0 when there was one: `LifePoint.issued` is the first.
    public var lastIssued: UInt64 = 0
    /// io_uring's first attempt of it began, before `attempted`; 0 when there was none.
    public var firstAttempted: UInt64 = 0

    /// Who occupied the CPU of `end_io` from `LifePoint.raised` to `interrupted`.
    public var deliveryOccupants = OccupantTimes.unknown
    /// Who occupied the CPU of a submitter that slept from `ended` to `completed`.
    public var waiterOccupants = OccupantTimes.unknown
    /// Who occupied the CPU of the second hop's worker from `LifePoint.hopQueued` to `hopStarted`.
    public var hopOccupants = OccupantTimes.unknown

    public var marks: LifeMarks = []
    /// Requests issued, 0 = not counted.
    public var requests: UInt16 = 0
    /// Bios ended, 0 = not counted.
    public var bios: UInt16 = 0
    /// Times that one of its requests went back to the queue: `block_rq_requeue`.
    public var requeues: UInt16 = 0
    /// Where the device was found to be done.
    public var raiseCPU: UInt16?
    public var hopCPU: UInt16?
    public var hopThread: UInt32?
    /// Nanoseconds of the submitter's wait in which its cgroup had used up its quota.
    public var stopped: UInt32 = 0
    /// Nanoseconds of the submitter's wait in which it slept by its own wish: see `LifeMarks.batched` and `elsewhere`.
    public var unwoken: UInt32 = 0
    /// Nanoseconds of the I/O in which the hypervisor had the CPU of `end_io`.
    public var stolen: UInt32 = 0

    @inlinable
    public init() {}
}

/// What was true of an I/O beyond `Facts`. Bit numbers are those of `enum probe_life_mark` and so of the capture file:
/// append-only.
public struct LifeMarks: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    @inlinable
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// `LifePoint.returned` is when the submitter fell asleep, with a bio in the block layer or all done.
    public static let slept = LifeMarks(rawValue: 1 << 0)
    /// Its queue keeps no time of requests: `LifePoint.requested` cannot be known.
    public static let noRequestTime = LifeMarks(rawValue: 1 << 1)
    /// An interrupt between CPUs is part of its delivery.
    public static let raisedRemotely = LifeMarks(rawValue: 1 << 2)
    /// Delivered by an interrupt's thread.
    public static let interruptThread = LifeMarks(rawValue: 1 << 3)
    /// io_uring gave it to io-wq.
    public static let punted = LifeMarks(rawValue: 1 << 4)
    /// The submitter had asked io_uring to be woken for several completions.
    public static let batched = LifeMarks(rawValue: 1 << 5)
    /// A file system made it for the kiocb of another file: overlayfs, FUSE.
    public static let stacked = LifeMarks(rawValue: 1 << 6)
    /// Its work was queued while the workqueue ran as many as it may.
    public static let atLimit = LifeMarks(rawValue: 1 << 7)
    /// The submitter slept, and not for completions of io_uring.
    public static let elsewhere = LifeMarks(rawValue: 1 << 8)
    /// The end of `atLimit` was seen: who had the CPU is known from then on, and did not matter before.
    public static let activated = LifeMarks(rawValue: 1 << 9)
    /// Of a device that gives its I/O to others, and not seen to come to it, perhaps to those below.
    public static let topUnseen = LifeMarks(rawValue: 1 << 10)
}
