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

    /// - Parameter span: a stage of `io`; `nil` when it is no wait for a CPU.
    public init?(_ span: StageSpan, of io: DirectIO) {
        let end: LifePoint
        switch span.stage {
        case .queueWait: (end, cpu) = (.workStarted, io.workerCPU)
        case .taskWorkWait: (end, cpu) = (.taskWorkRun, io.submitCPU)
        case .delivery: (end, cpu) = (.interrupted, io.endCPU)
        case .hopWait: (end, cpu) = (.hopStarted, io.further.hopCPU)
        default: return nil
        }
        guard let until = io[end], let times = io.occupied(in: span.stage) else { return nil }
        stage = span.stage
        nanoseconds = span.nanoseconds
        self.until = until
        // A stage ends at a time after its submission, at least its own length after.
        from = Timestamp(nanoseconds: until.nanoseconds &- span.nanoseconds)
        occupied = Self.isBelieved(times, in: span) ? times : .unknown
    }

    /// Clocks that add up to more than the wait were not those of this wait.
    @inline(__always)
    public static func isBelieved(_ times: OccupantTimes, in span: StageSpan) -> Bool {
        times.total <= span.nanoseconds
    }

    /// What no clock accounts for.
    public var unattributed: UInt64 { nanoseconds - occupied.total }

    /// Nanoseconds of each cause that has some, in the order of the closed list.
    public var causes: [(cause: WaitCause, nanoseconds: UInt64)] {
        let occupants = CPUOccupant.allCases.map { (cause: WaitCause($0), nanoseconds: UInt64(occupied[$0])) }
        return (occupants + [(.unattributed, unattributed)]).filter { $0.nanoseconds > 0 }
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
        default: nil
        }
    }
}

extension AttributedLife {
    /// The wait of one kind, `nil` when the I/O had none.
    public func wait(_ stage: Stage, of io: DirectIO) -> CPUWait? {
        for index in spans.indices where spans[index].stage == stage { return CPUWait(spans[index], of: io) }
        return nil
    }
}
