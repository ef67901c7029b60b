// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import KernelTraces

extension Joiner {
    /// `block_getrq`, at the submitter's hands: its bio has a request.
    mutating func requestMade(_ block: BlockRange, _ at: Moment) {
        if hasNoBegins { return made(partial: block, at) }
        let place = BlockPlace(block)
        let pending = requests[place].flatMap { notIssued($0, at: place) }
        guard let id = pending ?? submittedBy(at, block), lives.contains(id), lives[id].requested == 0 else { return }
        lives[id].requested = at.time
    }

    /// `block_rq_insert`: of a request that was not seen to be made, the first that there is.
    mutating func inserted(_ block: BlockRange, _ at: Moment) {
        guard hasNoBegins, partial.requests.pending[BlockPlace(block)] == nil else { return }
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
        guard hasNoBegins, block.hasData else { return }
        let place = BlockPlace(block)
        // Mapped from a bio of another device, it is what that was.
        let mapped = partial.requests.bios[place].flatMap { $0.queued == 0 ? $0.taken : nil }
        let file = block.isWrite && !block.isForeign ? partial.followUps.file(of: at) : nil
        add(
            WaitingBio(
                queued: at.time, sectors: block.sectors, taken: taken(by: at, block) ?? mapped, file: file), at: place)
    }

    private mutating func add(_ bio: WaitingBio, at place: BlockPlace) {
        if partial.requests.bios.count >= Self.limit { partial.requests.bios = [:] }
        partial.requests.bios[place] = bio
    }

    /// `block_bio_remap`: the bio of another device, of which that of a disk follows. Of whole lives it is not followed:
    /// a layer may have worked on it meanwhile, which no stage tells.
    mutating func remapped(partial block: BlockRange, from source: BlockPlace) {
        guard hasNoBegins, block.hasData, let bio = partial.requests.bios[source] else { return }
        if partial.requests.mapped.count < Self.limit { partial.requests.mapped.insert(source) }
        guard let taken = bio.taken else { return }
        add(WaitingBio(queued: 0, sectors: block.sectors, taken: taken), at: BlockPlace(block))
    }

    private mutating func made(partial block: BlockRange, _ at: Moment) {
        partial.requests.areMade = true
        guard block.hasData, partial.requests.pending.count < Self.limit else { return }
        var pending = request(of: block)
        pending.io.times[.requested] = at.time
        pending.io.submitCPU = at.cpu
        add(partial: pending, block, at)
    }

    /// Behind another one at its place that is still under way.
    private mutating func add(partial pending: PendingRequest, _ block: BlockRange, _ at: Moment) {
        let place = BlockPlace(block)
        if block.kind == .append, partial.requests.zones.count < Self.limit { partial.requests.zones.insert(place) }
        guard let first = partial.requests.pending[place], partial.requests.isUnderWay(first.io, at) else {
            return partial.requests.pending.replaceAll(pending, at: place)
        }
        if block.kind != .append {
            counts.overlapping += 1
            counts.byOrder += 1
        }
        partial.requests.pending.append(pending, at: place)
    }

    /// `block_rq_issue`; of one that is requeued the first counts.
    mutating func issued(partial block: BlockRange, _ at: Moment) {
        guard hasNoBegins else { return }
        guard block.hasData else { return partial.requests.others.issued(block, at: at.time) }
        if partial.requests.issuingDevices.count < Self.limit { partial.requests.issuingDevices.insert(block.device) }
        let place = BlockPlace(block)
        guard partial.requests.pending[place] != nil || partial.requests.pending.count < Self.limit else { return }
        let first = partial.requests.pending[place].flatMap { partial.requests.isUnderWay($0.io, at) ? $0 : nil }
        if let first, first.io.issued != nil { return issuedLater(partial: block, first, at) }
        var own = first?.rest ?? partial.requests.bios[place]?.sectors ?? block.sectors
        var pending =
            first ?? merged(into: block, &own) ?? request(of: block)
        absorb(into: block, behind: own)
        Self.issue(&pending, block, at)
        if first == nil { return add(partial: pending, block, at) }
        partial.requests.pending.replaceFirst(pending, at: place)
    }

    private static func issue(_ pending: inout PendingRequest, _ block: BlockRange, _ at: Moment) {
        pending.io.issued = at.timestamp
        // Bios were merged into it.
        pending.io.offset = block.sector << 9
        pending.io.length = UInt32(clamping: UInt64(block.sectors) << 9)
        pending.rest = block.sectors
    }

    /// Another one at the place of one that is under way; or the same, anew: where no bio has come since, and it is as
    /// long.
    private mutating func issuedLater(partial block: BlockRange, _ first: PendingRequest, _ at: Moment) {
        let place = BlockPlace(block)
        let wasMade = partial.requests.pending.changeFirstLater(at: place, where: { $0.io.issued == nil }) {
            Self.issue(&$0, block, at)
        }
        let isAnother =
            partial.requests.bios[place] != nil || block.kind == .append || first.rest != block.sectors
        guard !wasMade, isAnother else { return }
        var pending = request(of: block)
        Self.issue(&pending, block, at)
        add(partial: pending, block, at)
    }

    /// A request that was made for a later place, where a bio was put in front of it since.
    /// - Parameter own: sectors of what is known to be in it.
    private mutating func merged(into block: BlockRange, _ own: inout UInt32) -> PendingRequest? {
        guard partial.requests.areMade, block.kind != .append else { return nil }
        // Without events of bios their lengths are not known, but hardly less than a page.
        let page: UInt32 = 8
        var step = UInt64(partial.requests.bios[BlockPlace(block)]?.sectors ?? page)
        while step < UInt64(min(block.sectors, 1 << 14)) {
            let place = BlockPlace(device: block.device, sector: block.sector &+ step)
            if let later = partial.requests.pending[place], later.io.issued == nil {
                _ = partial.requests.bios.removeValue(forKey: BlockPlace(block))
                own = UInt32(clamping: step + UInt64(later.rest))
                return partial.requests.pending.removeFirst(at: place)
            }
            step += UInt64(max(1, partial.requests.bios[place]?.sectors ?? page))
        }
        return nil
    }

    /// What was merged into it behind what is known of it: it is at its place no more.
    private mutating func absorb(into block: BlockRange, behind own: UInt32) {
        var sector = block.sector &+ UInt64(own)
        let end = block.sector &+ UInt64(block.sectors)
        while sector < end {
            let place = BlockPlace(device: block.device, sector: sector)
            let bio = partial.requests.bios.removeValue(forKey: place)?.sectors
            var request: UInt32?
            if let later = partial.requests.pending[place], later.io.issued == nil {
                request = partial.requests.pending.removeFirst(at: place)?.rest
            }
            guard let sectors = bio ?? request, sectors > 0 else { return }
            sector &+= UInt64(sectors)
        }
    }

    private mutating func request(of block: BlockRange) -> PendingRequest {
        var io = DirectIO.partial
        var file: FileID?
        let place = BlockPlace(block)
        if let bio = partial.requests.bios.removeValue(forKey: place) {
            bio.taken?.add(to: &io)
            io.times[.returned] = bio.queued
            file = bio.file
            if bio.sectors > block.sectors { split(bio, block) }
        }
        io.device = DeviceNumber(kernel: block.device)
        io.offset = block.sector << 9
        io.length = UInt32(clamping: UInt64(block.sectors) << 9)
        io.operation = block.isWrite ? .write : block.isRead ? .read : .unknown
        return PendingRequest(io: io, rest: block.sectors, file: file)
    }

    /// A device takes only so much at once: the rest of the bio waits for a request of its own.
    private mutating func split(_ bio: WaitingBio, _ block: BlockRange) {
        guard let sector = block.sector.addingExact(UInt64(block.sectors)) else { return }
        var rest = bio
        rest.sectors -= block.sectors
        let place = BlockPlace(device: block.device, sector: sector)
        if partial.requests.bios[place] == nil { add(rest, at: place) }
    }

    mutating func requeued(_ block: BlockRange) {
        guard hasNoBegins else { return requeued(life: block) }
        guard !block.hasData else { return }
        partial.requests.others.requeued(block)
    }

    /// `block_rq_complete`, in which its bios end; of a part of it only those of that.
    mutating func completed(partial block: BlockRange, _ at: Moment, _ sink: Sink) rethrows {
        guard hasNoBegins else { return }
        guard block.hasData else { return partial.requests.others.completed(block, at: at.time) }
        try finishRequest(of: at.flow, sink)
        let place = partial.requests.place(ofDone: block)
        guard var pending = partial.requests.takeDone(block, at: place) else {
            return completed(bio: block, at)
        }
        if block.kind == .append {
            pending.io.offset = block.sector << 9
            if partial.requests.pending[place] == nil { partial.requests.zones.remove(place) }
        }
        let goesOn = goesOn(after: block, &pending)
        end(&pending.io, block, at)
        if let file = pending.file, !goesOn { partial.followUps.requestDone(of: file, at: at.time) }
        guard partial.requests.done.count < Self.limit else { return }
        // What follows a part is of the request too, which is not done yet.
        partial.requests.done[at.flow] = (pending.io, goesOn)
    }

    /// A bio of a device that has no requests is done, as blkparse has it: where it was not seen to go on to another one,
    /// it is all that there is.
    private mutating func completed(bio block: BlockRange, _ at: Moment) {
        let place = BlockPlace(block)
        guard !partial.requests.issuingDevices.contains(block.device), partial.requests.bios[place] != nil else {
            partial.requests.unknown += 1
            return
        }
        var pending = request(of: block)
        guard partial.requests.mapped.remove(place) == nil, partial.requests.done.count < Self.limit else { return }
        end(&pending.io, block, at)
        partial.requests.done[at.flow] = (pending.io, false)
    }

    /// The rest of it begins where the part ends.
    private mutating func goesOn(after block: BlockRange, _ pending: inout PendingRequest) -> Bool {
        if block.error != 0, pending.io.error == 0 { pending.io.error = block.error }
        guard block.sectors < pending.rest, let sector = block.sector.addingExact(UInt64(block.sectors)) else {
            return false
        }
        pending.rest -= block.sectors
        partial.requests.pending.append(pending, at: BlockPlace(device: block.device, sector: sector))
        return true
    }

    private mutating func end(_ io: inout DirectIO, _ block: BlockRange, _ at: Moment) {
        io.ended = at.timestamp
        io.endCPU = at.cpu
        if at.context != .task {
            partial.requests.knowsContexts = true
            let cpu = Int(at.cpu)
            io.interrupted = cpus[cpu][at.context].entered.map { Timestamp(nanoseconds: $0) }
            io.irq = cpus[cpu][at.context].irq
            let raised = cpus[cpu][.softirq].raised
            if at.context == .softirq, raised > io.times[.issued] { io.times[.raised] = raised }
        }
        // Without events of interrupts, anything looks like a task.
        if let context = executionContext(at), partial.requests.knowsContexts || context != .task {
            io.endContext = context
        }
        (io.completeContext, io.completionCPU) = (io.endContext, at.cpu)
    }

    private mutating func finishRequest(of flow: UInt64, _ sink: Sink) rethrows {
        guard let before = partial.requests.done.removeValue(forKey: flow), !before.isUsed else { return }
        try add(request: before.io, sink)
    }

    mutating func finishRequests(_ sink: Sink) rethrows {
        for flow in partial.requests.done.keys.sorted() { try finishRequest(of: flow, sink) }
        guard counts.partial == 0 else { return }
        counts.withoutBegin = partial.requests.unknown
        counts.inFlight += UInt64(partial.requests.pending.all.count { $0.io.issued != nil })
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
