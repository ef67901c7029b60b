// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

extension CompletionContext {
    /// Where an I/O was completed. Interrupts and kworkers speak for themselves; a completion in a task needs the
    /// facts of `end_io` to distinguish a poller, a woken waiter, task_work and a submitter that was still submitting.
    public init(of io: DirectIO) {
        self =
            switch io.completeContext {
            case nil: .unknown
            case .hardirq: .hardirq
            case .softirq: .softirq
            case .ksoftirqd: .ksoftirqd
            // The submitter may be a kworker itself: loop's.
            case .kworker where io.facts.contains(.bySubmitter) && io.workStarted == nil: .submitRace
            case .kworker: Self.isDrivers(io) ? .driverWorker : .kworker
            case .task, .ioWQ: Self.inTask(io)
            case .irqThread: .irqThread
            case .idle: .unknown
            }
    }

    /// `end_io` ran in a kworker already, and nobody queued another work.
    private static func isDrivers(_ io: DirectIO) -> Bool {
        io.endContext == .kworker && io.workQueued == nil && io.workStarted == nil
    }

    private static func inTask(_ io: DirectIO) -> CompletionContext {
        // First: a synchronous polled I/O waits by polling.
        if io.facts.contains(.polled), io.endContext == .task { return .poll }
        // `waiter` is only meaningful once the submitter let go of the I/O.
        if io.issuer == .sync || io.facts.contains(.forceWait) || io.facts.contains([.endDecides, .waiter]) {
            return .syncWait
        }
        if io.facts.contains([.endDecides, .callerCompletion]) { return .taskWork }
        if io.facts.contains(.bySubmitter) { return .submitRace }
        return io.endContext == .task && io.path?.deliverer != nil ? .driverWorker : .unknown
    }
}
