// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import KernelTraces

/// Completions that are handed to a kworker.
extension Joiner {
    /// `workqueue_queue_work`, right after the end_io that asked for it, in the same context.
    mutating func queued(_ work: Work, _ at: Moment, _ sink: Sink) rethrows {
        guard work.function.completesDirectIO else { return queuedElse(work, at) }
        let cpu = Int(at.cpu)
        var end = cpus[cpu][at.context].end ?? BioEnd(place: endPlace(at), life: nil)
        if end.life == nil { end.life = nextBio(at) }
        cpus[cpu][at.context].end = nil
        consumeEnd(at)
        let address = work.address == 0 ? hide(at) : work.address
        noteRequest(ofWork: address, at)
        if let former = works[address] {
            if hasNoBegins, !sawWorkStart { try keepQueued(former, sink) } else { counts.reusedWorks += 1 }
        }
        guard works.count < Self.limit || works[address] != nil else { return }
        let clocks = cpus[cpu].clock.reading(at: at.time, cpu: at.cpu)
        cpus[cpu].clock.waitBegan()
        works[address] = QueuedWork(time: at.time, end: end, clocks: clocks, cpu: at.cpu)
    }

    /// A key for a work item whose address is hidden. Its workqueue is bound to its CPU, and runs them in their order.
    private mutating func hide(_ at: Moment) -> UInt64 {
        lastHiddenWork &+= 1
        if hiddenWorks[at.cpu, default: []].count < Self.limit {
            hiddenWorks[at.cpu, default: []].append(lastHiddenWork)
        }
        return lastHiddenWork
    }

    private mutating func nextHidden(_ at: Moment) -> UInt64 {
        guard let first = hiddenWorks[at.cpu]?.first else { return 0 }
        hiddenWorks[at.cpu]?.removeFirst()
        counts.pairedByOrder += 1
        return first
    }

    mutating func started(_ work: Work, _ at: Moment, _ sink: Sink) rethrows {
        try workEnded(at.thread, sink)
        let cpu = Int(at.cpu)
        let completes = work.function.completesDirectIO
        if completes { sawWorkStart = true }
        let address = completes && work.address == 0 ? nextHidden(at) : work.address
        var state = RunningWork(
            address: address, started: at.time, cpu: at.cpu, occupied: .unknown,
            switchedFrom: cpus[cpu].switchedTo == at.thread ? cpus[cpu].switchedFrom : 0,
            preempted: cpus[cpu].preempted, completesDirectIO: completes, isNamed: work.name != .unknown)
        if completes { cpus[cpu].counts.workStarted() } else { startedElse(work, at) }
        if completes, let queued = works.removeValue(forKey: address) {
            state.work = queued
            state.occupied = cpus[cpu].clock.occupied(since: queued.clocks, at: at.time, cpu: at.cpu)
            cpus[Int(queued.cpu)].clock.waitEnded()
        }
        notePartial(state, at)
        if running.count < Self.limit { running[at.thread] = state }
        guard cpus[cpu].clock.isKnown, cpus[cpu].clock.isWorker || completes else { return }
        give(completes ? .completionWork : .poolWork, thread: at.thread, name: work.name, at)
    }

    mutating func ended(_ work: Work, _ at: Moment, _ sink: Sink) rethrows {
        guard let state = running.removeValue(forKey: at.thread) else { return }
        try workEnded(at.thread, sink)
        guard cpus[Int(at.cpu)].clock.isWorker || state.completesDirectIO, cpus[Int(at.cpu)].clock.isKnown else {
            return
        }
        give(.workerSwitch, thread: at.thread, name: at.name, at)
    }

    /// What a kworker knows of the I/O that it completes.
    mutating func apply(_ work: RunningWork, to id: LifeID, _ at: Moment) {
        counts.deferred += 1
        if let queued = work.work {
            if let meant = queued.end.life, meant != id {
                counts.mistaken += 1
            } else if queued.end.time == nil || lives[id].io.ended == nil {
                // When end_io was seen, its I/O is known from there.
                apply(queued.end, to: id)
            }
            lives[id].io.workQueued = Timestamp(nanoseconds: queued.time)
            lives[id].io.queueWaitOccupants = work.occupied
        } else {
            counts.withoutQueueing += 1
        }
        lives[id].io.workStarted = Timestamp(nanoseconds: work.started)
        lives[id].io.workerCPU = work.cpu
        lives[id].io.workerThread = at.thread
        if work.preempted, work.switchedFrom != 0, work.switchedFrom == lives[id].io.submitterThread {
            lives[id].io.facts.insert(.preemptedSubmitter)
        }
    }
}
