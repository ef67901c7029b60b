// SPDX-License-Identifier: GPL-2.0-only

/// Where a direct I/O was completed: the closed list that every report counts by.
public enum CompletionContext: String, Sendable, CaseIterable, Codable {
    /// In the device's interrupt handler.
    case hardirq
    /// In a softirq: the block layer's, raised by the interrupt or by another CPU.
    case softirq
    /// In a kworker: `end_io` deferred the completion to a workqueue.
    case kworker
    /// In the issuer's task_work (`IOCB_DIO_CALLER_COMP`).
    case taskWork = "task_work"
    /// In the thread that polled the device.
    case poll
    /// In the submitter, which slept until the I/O was done.
    case syncWait = "sync_wait"
    /// In the submitter: all bios had ended before it dropped its reference.
    case submitRace = "submit_race"
    /// In a work or a thread of a driver or a layer, which ran `end_io`: kcryptd, btrfs, nvme_tcp, raid5. Nothing was
    /// deferred.
    case driverWorker = "driver_worker"
    /// Not seen.
    case unknown
    /// In the thread of an interrupt, `irq/N-name`.
    case irqThread = "irq_thread"
    /// In a softirq that a task served: ksoftirqd, or on PREEMPT_RT whichever raised it.
    case ksoftirqd

    public var isDeferred: Bool { self == .kworker }

    /// How many there are: the length of an array indexed by `index`.
    public static let count = 11

    /// Position in the closed list, for arrays of counts.
    @inlinable
    public var index: Int {
        switch self {
        case .hardirq: 0
        case .softirq: 1
        case .kworker: 2
        case .taskWork: 3
        case .poll: 4
        case .syncWait: 5
        case .submitRace: 6
        case .driverWorker: 7
        case .unknown: 8
        case .irqThread: 9
        case .ksoftirqd: 10
        }
    }
}
