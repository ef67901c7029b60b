// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import KernelTraces

/// What happens to a CPU: interrupts, task switches, lost events.
extension Joiner {
    mutating func switched(_ change: TaskSwitch, _ at: Moment) {
        let cpu = Int(at.cpu)
        cpus[cpu].switchedFrom = change.previous
        cpus[cpu].switchedTo = change.next
        cpus[cpu].preempted = change.previousIsRunnable
        if !change.previousIsRunnable { partial.requests.leftForSleep(change.previous) }
        if !submitting.isEmpty {
            if !change.previousIsRunnable { leftForSleep(change.previous, at) }
            cameBack(change.next, at)
        }
        // Tasks are not switched in interrupts: what seems to last has lost its end.
        leaveInterrupts(cpu, at.time, isRecorded: at.isContextRecorded)
        let occupant = occupant(of: change)
        cpus[cpu].counts.taskSwitched(
            standing: cpus[cpu].clock.isSubmitter && change.previousIsRunnable && names.isWorker(change.nextName),
            toSubmitter: occupant == .submitter, at: at.time)
        give(occupant, thread: change.next, name: change.nextName, at)
    }

    /// What lasts has no end in the trace, and what came in it may have come behind it: unless events say so themselves.
    mutating func leaveInterrupts(_ cpu: Int, _ time: UInt64, isRecorded: Bool) {
        if cpus[cpu].isInInterrupt, !isRecorded { counts.unpairedInterrupts += 1 }
        cpus[cpu].beginAnew()
        cpus[cpu].clock.leaveInterrupts(at: time)
    }

    private func occupant(of change: TaskSwitch) -> CPUOccupant {
        if change.next == 0 { return .idle }
        // A worker that slept in the midst of a work goes on with it.
        if let work = running[change.next] { return work.completesDirectIO ? .completionWork : .poolWork }
        if names.isPoolWorker(change.nextName) { return .workerSwitch }
        return threads[change.next] != nil ? .submitter : .otherTask
    }

    mutating func give(_ occupant: CPUOccupant, thread: UInt32, name: NameID, _ at: Moment) {
        let occupancy = cpus[Int(at.cpu)].clock.give(
            to: occupant, thread: thread, name: name, at: at.time, cpu: at.cpu, names: names)
        if let occupancy, occupancies.count < Self.limit { occupancies.append(occupancy) }
    }

    /// - Parameter irq: of the handler of an interrupt line, whose entry is that of what it completes.
    mutating func enterHardirq(_ irq: UInt32?, _ at: Moment) {
        let cpu = Int(at.cpu)
        noteInterrupt()
        noteUnpaired(cpus[cpu].isInHardirq, at)
        cpus[cpu].isInHardirq = true
        cpus[cpu].interruptedThread = at.thread
        cpus[cpu][.hardirq].begin(entered: irq == nil ? nil : at.time, irq: irq)
        cpus[cpu].clock.enter(hardirq: true, at: at.time)
    }

    private mutating func noteInterrupt() {
        tellsInterrupts = true
        counts.interrupts += 1
    }

    /// - Parameter isOne: a begin in the midst of one, or an end outside.
    private mutating func noteUnpaired(_ isOne: Bool, _ at: Moment) {
        if isOne, !at.isContextRecorded { counts.unpairedInterrupts += 1 }
    }

    mutating func leaveHardirq(_ at: Moment) {
        let cpu = Int(at.cpu)
        noteUnpaired(!cpus[cpu].isInHardirq, at)
        cpus[cpu].isInHardirq = false
        cpus[cpu][.hardirq].begin()
        cpus[cpu].clock.leave(hardirq: true, at: at.time)
    }

    /// `softirq_raise`; the first one counts: others find it pending. In the handler of a hard interrupt, the device was
    /// done when that came: as `raise_here()` of the probes has it.
    mutating func raised(_ vector: UInt32, _ at: Moment) {
        let (cpu, vector) = (Int(at.cpu), Int(vector))
        guard vector < CPUState.softirqs, CPUState.delivering >> UInt32(vector) & 1 != 0, cpus[cpu].raises[vector] == 0
        else { return }
        cpus[cpu].raises[vector] = cpus[cpu][.hardirq].entered ?? at.time
    }

    mutating func enterSoftirq(_ vector: UInt32, _ at: Moment) {
        let cpu = Int(at.cpu)
        noteInterrupt()
        noteUnpaired(cpus[cpu].isInSoftirq, at)
        cpus[cpu].isInSoftirq = true
        cpus[cpu].interruptedThread = at.thread
        cpus[cpu][.softirq].begin(entered: at.time)
        if vector < CPUState.softirqs {
            cpus[cpu][.softirq].raised = cpus[cpu].raises[Int(vector)]
            cpus[cpu].raises[Int(vector)] = 0
        }
        cpus[cpu].clock.enter(hardirq: false, at: at.time)
    }

    mutating func leaveSoftirq(_ at: Moment) {
        let cpu = Int(at.cpu)
        noteUnpaired(!cpus[cpu].isInSoftirq, at)
        cpus[cpu].isInSoftirq = false
        cpus[cpu][.softirq].begin()
        cpus[cpu].clock.leave(hardirq: false, at: at.time)
    }

    /// Nothing that this CPU was in the midst of is certain any more.
    mutating func lost(_ at: Moment) {
        let cpu = Int(at.cpu)
        var (clock, counts) = (cpus[cpu].clock, cpus[cpu].counts)
        clock.forget(at: at.time)
        counts.forget()
        cpus[cpu] = CPUState(clock: clock, counts: counts)
        partial.requests.lostAt = at.time
    }

    /// Another trace begins, perhaps at an earlier time: what the CPU did so far is all that stays.
    mutating func startAnew(_ cpu: Int, _ at: Moment) {
        var (clock, counts) = (cpus[cpu].clock, cpus[cpu].counts)
        clock.startAnew(at.time)
        counts.forget()
        cpus[cpu] = CPUState(clock: clock, counts: counts)
    }

    /// What each CPU did so far, as far as its task switches are known.
    public var use: [CPUUse] {
        cpus.indices.filter { cpus[$0].clock.isKnown }.map { cpu in
            let counts = cpus[cpu].counts
            return CPUUse(
                cpu: UInt16(clamping: cpu), occupied: cpus[cpu].clock.total, submitterRuns: counts.submitterRuns,
                workerRuns: counts.workerRuns, works: counts.works, submitterDisplaced: counts.submitterDisplaced)
        }
    }

    /// The kernel's word for the context, with threads that complete I/Os distinguished from other tasks; `nil` when it
    /// was an interrupt's that the trace does not show, as the idle task completes nothing, or may have been.
    func executionContext(_ at: Moment) -> ExecutionContext? {
        switch at.context {
        case .hardirq: return .hardirq
        case .softirq: return .softirq
        case .task: break
        }
        if running[at.thread] != nil { return .kworker }
        guard at.isContextTold, at.thread != 0 else { return nil }
        if names.isWorker(at.name) { return .kworker }
        if names.isInterruptThread(at.name) { return .irqThread }
        return names.isSoftirqThread(at.name) ? .ksoftirqd : .task
    }

    /// Notes an end_io, or what shows that one just ran: where, and in which interrupt.
    mutating func endPlace(_ at: Moment) -> EndSite {
        let context = executionContext(at)
        var place = EndSite(cpu: at.cpu, context: context)
        guard at.context != .task else { return place }
        let cpu = Int(at.cpu)
        guard let entered = cpus[cpu][at.context].entered else { return place }
        cpus[cpu][at.context].ends &+= 1
        place.interrupted = entered
        place.raised = cpus[cpu][at.context].raised
        place.irq = cpus[cpu][at.context].irq
        place.batchPosition = cpus[cpu][at.context].ends
        return place
    }
}
