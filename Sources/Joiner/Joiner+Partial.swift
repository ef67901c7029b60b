// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import KernelTraces

/// Lives whose begin is not in the trace: what it has of their completion.
///
/// A trace that has begins has them early. Until the first one comes, partial lives are kept; it shows that they are of
/// I/Os that began before the trace, and they are forgotten.
struct PartialLives {
    fileprivate var waiting: [DirectIO] = []
    /// There were too many to believe that a begin is still to come.
    fileprivate var isDecided = false
    /// By the thread of the kworker that is completing them.
    fileprivate var works: [UInt32: DirectIO] = [:]
    /// An `end_io` on each CPU, until something follows it.
    fileprivate var ends: [UInt16: (end: BioEnd, request: RequestFacts?)] = [:]
    /// Requests; reported as such where there is nothing else.
    var requests = PartialRequests()
    fileprivate var waitingRequests: [DirectIO] = []
    /// What followed those.
    var followUps = FollowUps()

    fileprivate static let mostWaiting = 1 << 16
}

extension Joiner {
    var hasNoBegins: Bool { counts.begins == 0 }

    /// A begin after all.
    mutating func noteBegin() {
        counts.begins += 1
        guard counts.begins == 1 else { return }
        if !partial.isDecided { (counts.partial, counts.requests) = (0, 0) }
        partial = PartialLives()
    }

    private mutating func add(partial io: DirectIO, _ sink: Sink) rethrows {
        guard hasNoBegins else { return }
        var io = io
        io.machine = machine
        counts.partial += 1
        guard partial.isDecided else {
            partial.waiting.append(io)
            if partial.waiting.count >= PartialLives.mostWaiting { try flush(sink) }
            return
        }
        counts.joined += 1
        try sink(io)
    }

    /// A request that nothing of a direct I/O followed.
    mutating func add(request io: DirectIO, _ sink: Sink) rethrows {
        guard counts.partial == 0 else { return }
        var io = io
        io.machine = machine
        guard partial.isDecided else {
            partial.waitingRequests.append(io)
            if partial.waitingRequests.count >= PartialLives.mostWaiting { try flush(sink) }
            return
        }
        try emit(request: io, sink)
    }

    private mutating func emit(request io: DirectIO, _ sink: Sink) rethrows {
        counts.requests += 1
        counts.joined += 1
        try sink(io)
    }

    private mutating func flush(_ sink: Sink) rethrows {
        partial.isDecided = true
        if counts.partial == 0 { for io in partial.waitingRequests { try emit(request: io, sink) } }
        partial.waitingRequests = []
        let waiting = partial.waiting
        partial.waiting = []
        for io in waiting {
            counts.joined += 1
            try sink(io)
        }
    }

    mutating func finishPartial(_ sink: Sink) rethrows {
        guard hasNoBegins else { return }
        counts.withoutBegin = 0
        for thread in partial.works.keys.sorted() { try workEnded(thread, sink) }
        try finishQueued(sink)
        for cpu in partial.ends.keys.sorted() { if let end = partial.ends[cpu] { try ended(end, sink) } }
        try finishRequests(sink)
        try flush(sink)
    }

    // MARK: What there is of a life

    /// A completion that a kworker begins with.
    mutating func notePartial(_ work: RunningWork, _ at: Moment) {
        guard hasNoBegins, work.completesDirectIO, partial.works.count < Self.limit else { return }
        var io = DirectIO.partial
        if let queued = work.work {
            take(queued.end, &io)
            io.workQueued = Timestamp(nanoseconds: queued.time)
            io.queueWaitOccupants = work.occupied
        }
        if work.work == nil { counts.onlyLater += 1 }
        request(ofWork: work.address)?.add(to: &io)
        io.workStarted = Timestamp(nanoseconds: work.started)
        (io.workerCPU, io.workerThread) = (work.cpu, at.thread)
        // The work is that of nothing else.
        (io.completeContext, io.completionCPU) = (.kworker, work.cpu)
        partial.works[at.thread] = io
    }

    /// A completion that was handed over to a kworker, in a trace that does not show when these begin.
    mutating func keepQueued(_ work: QueuedWork, _ sink: Sink) rethrows {
        var io = DirectIO.partial
        take(work.end, &io)
        io.workQueued = Timestamp(nanoseconds: work.time)
        io.completeContext = .kworker
        counts.onlyEarlier += 1
        try add(partial: io, sink)
    }

    private mutating func finishQueued(_ sink: Sink) rethrows {
        guard !sawWorkStart else {
            counts.inFlight += UInt64(works.count)
            return
        }
        for work in works.values.sorted(by: { $0.time < $1.time }) { try keepQueued(work, sink) }
        works = [:]
    }

    private func take(_ end: BioEnd, _ io: inout DirectIO) {
        io.ended = end.time.map { Timestamp(nanoseconds: $0) }
        io.interrupted = end.place.interrupted.map { Timestamp(nanoseconds: $0) }
        (io.endCPU, io.endContext) = (end.place.cpu, end.place.context)
        (io.irq, io.irqBatchPosition) = (end.place.irq, end.place.batchPosition)
        Self.delivered(&io, end.place)
        if let facts = end.facts?.of(io) { io.facts.formUnion(facts) }
    }

    /// A kworker's work is over.
    mutating func workEnded(_ thread: UInt32, _ sink: Sink) rethrows {
        guard hasNoBegins, let io = partial.works.removeValue(forKey: thread) else { return }
        try add(partial: io, sink)
    }

    /// `iomap_dio_complete` of an I/O that nothing began: of the work at hand, or where it is.
    mutating func completedPartly(_ complete: DirectIOComplete, _ at: Moment, _ sink: Sink) rethrows {
        guard hasNoBegins else { return }
        if var io = partial.works[at.thread] {
            describe(&io, complete, at)
            partial.works[at.thread] = io
            return
        }
        var io = DirectIO.partial
        if let end = cpus[Int(at.cpu)][at.context].end, at.context != .task { take(end, &io) }
        partial.ends[at.cpu] = nil
        if at.context != .task { requestBehind(at)?.add(to: &io) }
        describe(&io, complete, at)
        if at.context == .task { counts.onlyLater += 1 }
        io.completeContext = executionContext(at)
        io.completionCPU = at.cpu
        try add(partial: io, sink)
    }

    private func describe(_ io: inout DirectIO, _ complete: DirectIOComplete, _ at: Moment) {
        let done = complete.result > 0 ? UInt64(complete.result) : 0
        io.completed = at.timestamp
        io.device = DeviceNumber(kernel: complete.device)
        io.inode = complete.inode
        (io.offset, io.length) = (complete.position &- done, UInt32(clamping: done))
        io.error = Int16(clamping: complete.error != 0 ? Int64(complete.error) : min(complete.result, 0))
        if complete.flags.contains(.write) || complete.flags.contains(.atomic) {
            io.operation = .write
        } else if complete.isAsynchronous, !complete.flags.contains(.doubtful) {
            io.operation = .read
        }
        io.issuer = !complete.isAsynchronous ? .sync : complete.flags.contains(.libaio) ? .libaio : .unknown
    }

    // MARK: end_io alone

    /// An `end_io` that may be all there is: the one before it on this CPU was.
    mutating func noteEnd(_ end: BioEnd, _ at: Moment, _ sink: Sink) rethrows {
        guard hasNoBegins else { return }
        let end = (end, requestBehind(at))
        if let before = partial.ends.updateValue(end, forKey: at.cpu) { try ended(before, sink) }
    }

    /// It led to a work, or to a completion.
    mutating func consumeEnd(_ at: Moment) { if hasNoBegins { partial.ends[at.cpu] = nil } }

    private mutating func ended(_ end: (end: BioEnd, request: RequestFacts?), _ sink: Sink) rethrows {
        var io = DirectIO.partial
        counts.onlyEarlier += 1
        take(end.end, &io)
        end.request?.add(to: &io)
        try add(partial: io, sink)
    }
}
