// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// Walks the points of one life in causal order and cuts the time between them into stages.
///
/// Times come from several CPUs and, from saved traces, from files that anyone can have written. Where they contradict
/// each other, `completed` is believed first, since every record is made at that point, then `ended`, then whichever
/// came first on the walk; the others are dropped.
struct LifeWalk {
    private(set) var spans = StageSpans()
    private(set) var isDisordered = false
    /// When the I/O was completed, unless that lies before its submission.
    private(set) var completed: Timestamp?
    private var ended: Timestamp?

    private let context: CompletionContext
    private let start: Timestamp
    private var point = LifePoint.submitted
    private var time: Timestamp

    init(_ io: DirectIO, context: CompletionContext) {
        self.context = context
        start = io.submitted
        time = io.submitted
        completed = believed(io.completed, until: nil)
        ended = believed(io.ended, until: completed)
    }

    /// The walk came to where the I/O was complete, or beyond.
    var isFinished: Bool { point.rawValue >= LifePoint.completed.rawValue }

    /// Nanoseconds from submission to the last point.
    var elapsed: UInt64 { time.nanoseconds(since: start) }

    mutating func run(_ io: DirectIO) {
        pass(.issued, io.issued, until: ended ?? completed, io)
        // One run of an interrupt handler can pick up an I/O that was issued after the run began. Its entry is then no
        // point in this life, and no contradiction either.
        if let interrupted = io.interrupted, interrupted >= time {
            pass(.interrupted, interrupted, until: ended ?? completed, io)
        }
        pass(.ended, ended, until: completed, io)
        pass(.workQueued, io.workQueued, until: completed, io)
        pass(.workStarted, io.workStarted, until: completed, io)
        if context == .taskWork, let completed {
            runCallerCompletion(io, completed)
            return
        }
        pass(.completed, completed, until: nil, io)
        pass(.iocbCompleted, io.iocbCompleted, until: nil, io)
        pass(.taskWorkRun, io.taskWorkRun, until: nil, io)
    }

    /// With `IOCB_DIO_CALLER_COMP` the kernel calls `ki_complete` first, in the interrupt, only to schedule the
    /// task_work in which the I/O is then completed. So these two may come earlier, and the first splits no stage.
    private mutating func runCallerCompletion(_ io: DirectIO, _ completed: Timestamp) {
        let taskWorkFirst = io.taskWorkRun.map { $0 <= completed } ?? false
        if taskWorkFirst { pass(.taskWorkRun, io.taskWorkRun, until: completed, io) }
        pass(.completed, completed, until: nil, io)
        if let iocbCompleted = io.iocbCompleted, iocbCompleted > completed {
            pass(.iocbCompleted, iocbCompleted, until: nil, io)
        }
        if !taskWorkFirst { pass(.taskWorkRun, io.taskWorkRun, until: nil, io) }
    }

    private mutating func believed(_ time: Timestamp?, until limit: Timestamp?) -> Timestamp? {
        guard let time else { return nil }
        if time >= start, limit.map({ time <= $0 }) ?? true { return time }
        isDisordered = true
        return nil
    }

    @inline(__always)
    private mutating func pass(
        _ next: LifePoint, _ seen: Timestamp?, until limit: Timestamp?, _ io: DirectIO
    ) {
        guard let seen else { return }
        guard seen >= time, limit.map({ seen <= $0 }) ?? true else {
            isDisordered = true
            return
        }
        let stage = stage(to: next)
        spans.append(
            StageSpan(
                stage: stage, context: StageContext(of: stage, in: io), nanoseconds: seen.nanoseconds(since: time)))
        point = next
        time = seen
    }

    /// The stage between the last point and the next one seen. Where a point in between was missed, the time is
    /// unattributed, unless a coarser stage says truthfully what it was.
    private func stage(to next: LifePoint) -> Stage {
        switch (point, next) {
        // Nothing but its caller's return can follow there.
        case (.completed, _) where context == .taskWork, (.iocbCompleted, _) where context == .taskWork: .unattributed
        case (.submitted, .issued): .submit
        case (.submitted, .interrupted), (.submitted, .ended): .submitAndDevice
        case (.issued, .interrupted), (.issued, .ended): .device
        case (.interrupted, .ended): .interrupt
        case (.interrupted, .workQueued): .interruptAndHandOff
        case (.interrupted, .completed) where context == .hardirq || context == .softirq: .interruptAndCompletion
        case (.issued, .completed) where context == .syncWait || context == .submitRace: .deviceAndCompletion
        case (.submitted, .completed) where context == .syncWait: .submitToCompletion
        case (.ended, .workQueued): .handOff
        case (.workQueued, .workStarted): .queueWait
        case (.workStarted, .completed): .completionWork
        case (.ended, .completed): completionStage
        case (.ended, .taskWorkRun): context == .taskWork ? .taskWorkWait : .unattributed
        case (.taskWorkRun, .completed): .callerCompletion
        case (.completed, .iocbCompleted): .iocbCompletion
        case (.completed, .taskWorkRun), (.iocbCompleted, .taskWorkRun): .taskWorkWait
        default: .unattributed
        }
    }

    private var completionStage: Stage {
        switch context {
        case .hardirq, .softirq, .poll: .inlineCompletion
        case .syncWait: .submitterWakeup
        case .submitRace: .submitterCompletion
        case .taskWork: .callerCompletion
        // In a kworker, with neither the queueing nor the start seen.
        case .kworker, .unknown: .unattributed
        }
    }
}
