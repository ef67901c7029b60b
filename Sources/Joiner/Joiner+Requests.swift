// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import KernelTraces

/// What a request adds to a completion that it led to.
struct RequestFacts {
    var taken: TakenRequest?
    var queued: UInt64
    var requested: Timestamp?
    var issued: Timestamp?
    var operation = DirectIO.Operation.unknown

    init(_ io: DirectIO) {
        taken = io[.takenUp].map { TakenRequest(time: $0.nanoseconds, thread: io.submitterThread) }
        (queued, requested, issued, operation) = (io.times[.returned], io[.requested], io.issued, io.operation)
    }

    func add(to io: inout DirectIO) {
        taken?.add(to: &io)
        io.times[.returned] = queued
        if let requested { io.times[.requested] = requested.nanoseconds }
        io.issued = issued
        if io.operation == .unknown { io.operation = operation }
    }
}

/// What io_uring took out of its ring, until there is a bio of it.
struct TakenRequest {
    var time: UInt64
    var thread: UInt32

    func add(to io: inout DirectIO) {
        io.times[.takenUp] = time
        (io.submitterThread, io.issuer) = (thread, .ioUring)
    }
}

/// Requests of a trace that has no begins. Where it has completions either, requests are only where these came from; else
/// they are all that there is, whoever asked for them.
struct PartialRequests {
    /// When bios were submitted to the block layer; of one that was merged into a request of others it stays.
    fileprivate var bios: [BlockPlace: (queued: UInt64, taken: TakenRequest?)] = [:]
    /// What each thread took out of an io_uring last, and whether that writes.
    fileprivate var taken: [UInt32: (request: TakenRequest, isWrite: Bool)] = [:]
    /// Made or issued, and not done.
    fileprivate var pending = PlaceQueues<DirectIO>()
    /// Completed without having been issued in the trace.
    fileprivate var unknown: UInt64 = 0
    /// When events were lost last: what is pending since before may have been completed unseen.
    var lostAt: UInt64 = 0
    /// The one that was done last in each flow, and whether a completion followed it.
    fileprivate var done: [UInt64: (io: DirectIO, isUsed: Bool)] = [:]
    /// By the address of the work that it led to.
    fileprivate var ofWork: [UInt64: RequestFacts] = [:]
    /// An interrupt was seen: what is in none is in a task.
    fileprivate var knowsContexts = false

    /// No device keeps a request for so long; what it had was lost.
    private static let forgotten: UInt64 = 60_000_000_000

    /// It may still be on its way: another one at its place comes later.
    fileprivate func isUnderWay(_ io: DirectIO, _ at: Moment) -> Bool {
        io.began.nanoseconds > lostAt && at.time &- io.began.nanoseconds < Self.forgotten
    }

    /// It sleeps: what it submits when it is back may be of something else.
    mutating func leftForSleep(_ thread: UInt32) { if !taken.isEmpty { taken[thread] = nil } }
}

extension Joiner {
    /// `block_getrq`, at the submitter's hands: its bio has a request.
    mutating func requestMade(_ block: BlockRange, _ at: Moment) {
        if hasNoBegins { return made(partial: block, at) }
        let place = BlockPlace(device: block.device, sector: block.sector)
        let pending = requests[place].flatMap { notIssued($0, at: place) }
        guard let id = pending ?? submittedBy(at, block), lives.contains(id), lives[id].requested == 0 else { return }
        lives[id].requested = at.time
    }

    /// `block_rq_insert`: of a request that was not seen to be made, the first that there is.
    mutating func inserted(_ block: BlockRange, _ at: Moment) {
        guard hasNoBegins, partial.requests.pending[BlockPlace(device: block.device, sector: block.sector)] == nil
        else { return }
        made(partial: block, at)
    }

    private static let longestSubmission: UInt64 = 10_000_000

    /// `io_uring_submit_req`: what the thread submits next is that, unless it sleeps before.
    mutating func uringSubmits(isWrite: Bool?, _ at: Moment) {
        guard hasNoBegins else { return }
        if partial.requests.taken.count >= Self.limit { partial.requests.taken = [:] }
        let request = TakenRequest(time: at.time, thread: at.thread)
        partial.requests.taken[at.thread] = isWrite.map { (request, $0) }
    }

    /// The bio's, if it goes the same way, and not much later: without events of switches, a sleep is not seen.
    private mutating func taken(by at: Moment, _ block: BlockRange) -> TakenRequest? {
        guard at.context == .task, !block.isForeign, let taken = partial.requests.taken[at.thread],
            taken.isWrite ? block.isWrite : block.isRead, at.time &- taken.request.time < Self.longestSubmission
        else { return nil }
        partial.requests.taken[at.thread] = nil
        note(submitter: at)
        return taken.request
    }

    /// `block_bio_queue`: a request is made of it, or it has to wait for one.
    mutating func queued(partial block: BlockRange, _ at: Moment) {
        guard hasNoBegins, block.sectors > 0 else { return }
        if partial.requests.bios.count >= Self.limit { partial.requests.bios = [:] }
        let place = BlockPlace(device: block.device, sector: block.sector)
        partial.requests.bios[place] = (at.time, taken(by: at, block))
    }

    private mutating func made(partial block: BlockRange, _ at: Moment) {
        guard block.sectors > 0, partial.requests.pending.count < Self.limit else { return }
        var io = request(of: block)
        io.times[.requested] = at.time
        io.submitCPU = at.cpu
        add(partial: io, BlockPlace(device: block.device, sector: block.sector), at)
    }

    /// Behind another one at its place that is still under way.
    private mutating func add(partial io: DirectIO, _ place: BlockPlace, _ at: Moment) {
        guard let first = partial.requests.pending[place], partial.requests.isUnderWay(first, at) else {
            return partial.requests.pending.replaceAll(io, at: place)
        }
        counts.overlapping += 1
        partial.requests.pending.append(io, at: place)
    }

    /// `block_rq_issue`; of one that is requeued the first counts.
    mutating func issued(partial block: BlockRange, _ at: Moment) {
        guard hasNoBegins, block.sectors > 0 else { return }
        let place = BlockPlace(device: block.device, sector: block.sector)
        guard partial.requests.pending[place] != nil || partial.requests.pending.count < Self.limit else { return }
        let first = partial.requests.pending[place].flatMap { partial.requests.isUnderWay($0, at) ? $0 : nil }
        if first?.issued != nil { return issuedLater(partial: block, place, at) }
        var io = first ?? request(of: block)
        Self.issue(&io, block, at)
        partial.requests.pending.replaceFirst(io, at: place)
    }

    private static func issue(_ io: inout DirectIO, _ block: BlockRange, _ at: Moment) {
        io.issued = at.timestamp
        // Bios were merged into it.
        io.length = UInt32(clamping: UInt64(block.sectors) << 9)
    }

    /// Another one at the place of one that is under way; or the same, anew: where no bio has come since.
    private mutating func issuedLater(partial block: BlockRange, _ place: BlockPlace, _ at: Moment) {
        let wasMade = partial.requests.pending.changeFirstLater(at: place, where: { $0.issued == nil }) {
            Self.issue(&$0, block, at)
        }
        guard !wasMade, partial.requests.bios[place] != nil else { return }
        var io = request(of: block)
        Self.issue(&io, block, at)
        add(partial: io, place, at)
    }

    private mutating func request(of block: BlockRange) -> DirectIO {
        var io = DirectIO.partial
        let place = BlockPlace(device: block.device, sector: block.sector)
        if let bio = partial.requests.bios.removeValue(forKey: place) {
            bio.taken?.add(to: &io)
            io.times[.returned] = bio.queued
        }
        io.device = DeviceNumber(kernel: block.device)
        io.offset = block.sector << 9
        io.length = UInt32(clamping: UInt64(block.sectors) << 9)
        io.operation = block.isWrite ? .write : block.isRead ? .read : .unknown
        return io
    }

    /// `block_rq_complete`, in which its bios end.
    mutating func completed(partial block: BlockRange, _ at: Moment, _ sink: Sink) rethrows {
        guard hasNoBegins, block.sectors > 0 else { return }
        try finishRequest(of: at.flow, sink)
        let place = BlockPlace(device: block.device, sector: block.sector)
        guard var io = partial.requests.pending.removeFirst(at: place) else {
            partial.requests.unknown += 1
            return
        }
        io.ended = at.timestamp
        io.error = block.error
        io.endCPU = at.cpu
        let level = cpus[Int(at.cpu)][at.context]
        if at.context != .task {
            partial.requests.knowsContexts = true
            io.interrupted = level.entered.map { Timestamp(nanoseconds: $0) }
            io.irq = level.irq
            if level.raised > io.times[.issued], at.context == .softirq { io.times[.raised] = level.raised }
        }
        // Without events of interrupts, anything looks like a task.
        let context = executionContext(at)
        if partial.requests.knowsContexts || context != .task { io.endContext = context }
        (io.completeContext, io.completionCPU) = (io.endContext, at.cpu)
        guard partial.requests.done.count < Self.limit else { return }
        partial.requests.done[at.flow] = (io, false)
    }

    private mutating func finishRequest(of flow: UInt64, _ sink: Sink) rethrows {
        guard let before = partial.requests.done.removeValue(forKey: flow), !before.isUsed else { return }
        try add(request: before.io, sink)
    }

    mutating func finishRequests(_ sink: Sink) rethrows {
        for flow in partial.requests.done.keys.sorted() { try finishRequest(of: flow, sink) }
        guard counts.partial == 0 else { return }
        counts.withoutBegin = partial.requests.unknown
        counts.inFlight += UInt64(partial.requests.pending.all.count { $0.issued != nil })
    }

    /// The request that this context was completing last: what follows it is of it.
    mutating func requestBehind(_ at: Moment) -> RequestFacts? {
        guard cpus[Int(at.cpu)][at.context].request != nil, let done = partial.requests.done[at.flow] else {
            return nil
        }
        partial.requests.done[at.flow]?.isUsed = true
        return RequestFacts(done.io)
    }

    /// A work is queued, where a trace has no begins.
    mutating func noteRequest(ofWork address: UInt64, _ at: Moment) {
        guard hasNoBegins, let facts = requestBehind(at), partial.requests.ofWork.count < Self.limit else { return }
        partial.requests.ofWork[address] = facts
    }

    mutating func request(ofWork address: UInt64) -> RequestFacts? {
        partial.requests.ofWork.removeValue(forKey: address)
    }
}
