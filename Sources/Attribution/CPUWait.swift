// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// A stage in which one I/O waited for a CPU, and who had that CPU meanwhile. The causes sum to its time exactly.
public struct CPUWait: Equatable, Sendable {
    /// One of `Stage.waits`.
    public let stage: Stage
    public let nanoseconds: UInt64
    /// No more than `nanoseconds` in all, or unknown.
    public let occupied: OccupantTimes
    /// The CPU that was waited for: the kworker's, or the submitter's.
    public let cpu: UInt16?
    public let from: Timestamp
    public let until: Timestamp
    /// Nanoseconds that were no wait for that CPU.
    public let apart: Apart

    /// What a submitter did not wait for a CPU for.
    public struct Apart: Equatable, Sendable {
        /// Its cgroup had no quota left.
        public var quota: UInt64 = 0
        /// It slept by its own wish.
        public var unwoken: UInt64 = 0
        /// Why it did.
        public var sleep = WaitCause.batching
        /// What the CPU's idle time is due to.
        public var idle = WaitCause.idle

        public static let none = Apart()

        @inlinable public var total: UInt64 { quota &+ unwoken }
    }

    /// - Parameter span: a stage of `io`; `nil` when it is no wait for a CPU.
    public init?(_ span: StageSpan, of io: DirectIO) {
        let end: LifePoint
        switch span.stage {
        case .queueWait: (end, cpu) = (.workStarted, io.workerCPU)
        case .taskWorkWait: (end, cpu) = (.taskWorkRun, io.submitCPU)
        case .delivery: (end, cpu) = (.interrupted, io.endCPU)
        case .hopWait: (end, cpu) = (.hopStarted, io.further.hopCPU)
        case .submitterWakeup: (end, cpu) = (.completed, io.submitCPU)
        default: return nil
        }
        guard let until = io[end], let times = io.occupied(in: span.stage) else { return nil }
        stage = span.stage
        nanoseconds = span.nanoseconds
        self.until = until
        // A stage ends at a time after its submission, at least its own length after.
        from = Timestamp(nanoseconds: until.nanoseconds &- span.nanoseconds)
        let apart = io.apart(in: span.stage)
        let isBelieved = Self.isBelieved(times, apart, in: span)
        occupied = isBelieved ? times : .unknown
        self.apart = isBelieved ? apart : .none
    }

    /// Clocks that add up to more than the wait were not those of this wait.
    @inline(__always)
    public static func isBelieved(_ times: OccupantTimes, _ apart: Apart = .none, in span: StageSpan) -> Bool {
        times.total &+ apart.total <= span.nanoseconds
    }

    /// What no clock accounts for.
    public var unattributed: UInt64 { nanoseconds - occupied.total - apart.total }

    /// Nanoseconds of each cause that has some, in the order of the closed list.
    public var causes: [(cause: WaitCause, nanoseconds: UInt64)] {
        var causes: [(cause: WaitCause, nanoseconds: UInt64)] = []
        forEachCause { causes.append(($0, $1)) }
        return causes
    }

    /// The same without a list of them: for every I/O of a recording.
    @inline(__always)
    public func forEachCause(_ body: (WaitCause, UInt64) -> Void) {
        func take(_ cause: WaitCause, _ nanoseconds: UInt64) { if nanoseconds > 0 { body(cause, nanoseconds) } }
        for occupant in CPUOccupant.allCases {
            take(occupant == .idle ? apart.idle : WaitCause(occupant), UInt64(occupied[occupant]))
        }
        take(.quota, apart.quota)
        take(apart.sleep, apart.unwoken)
        take(.unattributed, unattributed)
    }
}

extension DirectIO {
    /// Who occupied the CPU that was waited for in this stage, `nil` when it is no wait for one.
    @inline(__always)
    public func occupied(in stage: Stage) -> OccupantTimes? {
        switch stage {
        case .queueWait: queueWaitOccupants
        case .taskWorkWait: taskWorkOccupants
        case .delivery: further.deliveryOccupants
        case .hopWait: further.hopOccupants
        // A submitter that sleeps for its I/O has no task_work to run for it.
        case .submitterWakeup: taskWorkRun == nil ? taskWorkOccupants : further.waiterOccupants
        default: nil
        }
    }

    /// What of this stage was no wait for a CPU.
    @inline(__always)
    public func apart(in stage: Stage) -> CPUWait.Apart { isPlain ? .none : furtherApart(in: stage) }

    @inline(never)
    private func furtherApart(in stage: Stage) -> CPUWait.Apart {
        var apart = CPUWait.Apart()
        let further = further
        switch stage {
        case .queueWait where further.marks.contains(.activated):
            apart.sleep = .workqueueLimit
            apart.unwoken = inactive
        case .queueWait: apart.idle = further.marks.contains(.atLimit) ? .workqueueLimit : .idle
        case .taskWorkWait, .submitterWakeup:
            apart.quota = UInt64(further.stopped)
            apart.unwoken = UInt64(further.unwoken)
            apart.sleep = further.marks.contains(.elsewhere) ? .elsewhere : .batching
        default: break
        }
        return apart
    }

    /// Nanoseconds of the queue wait before the clocks of what came after `max_active`.
    private var inactive: UInt64 {
        guard let queued = self[.workQueued], let started = self[.workStarted] else { return 0 }
        let waited = started.nanoseconds &- queued.nanoseconds
        return waited - min(waited, queueWaitOccupants.total)
    }

    /// There are clocks for this wait.
    @inline(__always)
    public func isSplit(in stage: Stage) -> Bool {
        (occupied(in: stage) ?? .unknown).isKnown || apart(in: stage).total > 0
    }
}

extension AttributedLife {
    /// The wait of one kind, `nil` when the I/O had none.
    public func wait(_ stage: Stage, of io: DirectIO) -> CPUWait? {
        for index in spans.indices where spans[index].stage == stage { return CPUWait(spans[index], of: io) }
        return nil
    }
}
