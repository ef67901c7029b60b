// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import KernelTraces

/// Bios and requests, down and up again.
extension Joiner {
    /// A bio, at the submitter's hands.
    mutating func queued(_ block: BlockRange, _ at: Moment) {
        sawBios = true
        queued(partial: block, at)
        guard let id = submittedBy(at, block) else { return }
        reached(id, block)
        add(PendingBlock(life: id, sectors: block.sectors, isWrite: block.isWrite), at: block)
    }

    private mutating func reached(_ id: LifeID, _ block: BlockRange) {
        lives[id].reachedDevice = true
        if !lives[id].knowsDirection { lives[id].isDirectionOfBio = true }
        lives[id].learn(isWrite: block.isWrite)
        lives[id].blocks &+= 1
        lives[id].sectors &+= UInt64(block.sectors)
    }

    private mutating func add(_ pending: PendingBlock, at block: BlockRange) {
        if requests.count >= Self.limit {
            let lives = lives
            requests.keepPlaces { lives.contains($0.life) }
        }
        guard requests.count < Self.limit else { return }
        let place = BlockPlace(block)
        if let there = requests[place], there.life != pending.life, lives.contains(there.life), !there.isDone, !isLossy
        {
            counts.overlapping += 1
            requests.append(pending, at: place)
        } else {
            requests.replaceFirst(pending, at: place)
        }
    }

    /// Of several I/Os at one place, the first that has not been given to the device; `nil` when all have.
    func notIssued(_ first: PendingBlock, at place: BlockPlace) -> LifeID? {
        func isNotIssued(_ pending: PendingBlock) -> Bool {
            lives.contains(pending.life) && lives[pending.life].io.issued == nil
        }
        return isNotIssued(first) ? first.life : requests.firstLater(at: place, where: isNotIssued)?.life
    }

    /// The next one at a place, whose request the last one's no longer hides.
    private mutating func removeRequest(at place: BlockPlace) -> PendingBlock? {
        let pending = requests.removeFirst(at: place)
        while let next = requests[place], !lives.contains(next.life) { _ = requests.removeFirst(at: place) }
        return pending
    }

    /// The I/O that the thread is submitting, if the block can be a part of it.
    mutating func submittedBy(_ at: Moment, _ block: BlockRange) -> LifeID? {
        guard at.context == .task, !block.isForeign, let id = submitting[at.thread], lives.contains(id) else {
            return nil
        }
        if lives[id].hasOthersBlocks(before: block) { lives[id].disown() }
        guard
            lives[id].io.operation == (block.isWrite ? .write : .read) || !lives[id].knowsDirection,
            UInt64(block.sectors) << 9 <= UInt64(lives[id].io.length)
        else { return nil }
        return id
    }

    mutating func issued(_ block: BlockRange, _ at: Moment) {
        issued(partial: block, at)
        guard !block.isForeign else { return }
        if let end = block.sector.addingExact(UInt64(block.sectors)) {
            var sector = block.sector
            var found = false
            // A request may have bios of several I/Os.
            while sector < end, case let place = BlockPlace(device: block.device, sector: sector),
                let pending = requests[place], lives.contains(pending.life), pending.sectors > 0
            {
                let first = notIssued(pending, at: place)
                // Not one of those that are known to be there, but its submitter's own.
                if first == nil, let own = submittedBy(at, block), lives[own].io.issued == nil, own != pending.life {
                    break
                }
                found = true
                noteIssue(of: first ?? pending.life, at)
                sector &+= UInt64(pending.sectors)
            }
            if found { return }
        }
        guard let id = submittedBy(at, block) ?? unplugged(at, block) else { return }
        reached(id, block)
        noteIssue(of: id, at)
        add(PendingBlock(life: id, sectors: block.sectors, isWrite: block.isWrite), at: block)
    }

    /// Another of its requests, or the one that went back to the queue.
    private mutating func noteAnotherIssue(of id: LifeID, _ at: Moment) {
        var further = lives[id].io.further
        guard at.time != lives[id].io.issued?.nanoseconds, at.time != further.lastIssued else { return }
        further.requests = max(1, further.requests)
        if !lives[id].isRequeued, further.requests < .max { further.requests += 1 }
        further.lastIssued = at.time
        lives[id].isRequeued = false
        lives[id].io.further = further
    }

    mutating func requeued(life block: BlockRange) {
        guard !block.isForeign, let id = requests[BlockPlace(block)]?.life, lives.contains(id) else { return }
        lives[id].isRequeued = true
        if lives[id].io.further.requeues < .max { lives[id].io.further.requeues += 1 }
    }

    /// Where it left the submitter's hands before, it was held back, or queued.
    private mutating func noteIssue(of id: LifeID, _ at: Moment) {
        guard lives[id].io.issued == nil else { return noteAnotherIssue(of: id, at) }
        let returned = lives[id].returned
        if returned > 0 {
            lives[id].io.times[.requested] = lives[id].requested
            if lives[id].requested == 0 || lives[id].requested > returned {
                lives[id].io.times[.returned] = returned
            } else {
                // It had its request when it was let go of.
                lives[id].io.times[.requested] = returned
            }
        }
        lives[id].io.issued = at.timestamp
    }

    /// A thread sleeps in its submission: for a request, for what limits it, or for what has to be done before.
    mutating func leftForSleep(_ thread: UInt32, _ at: Moment) {
        guard let id = submitting[thread], lives.contains(id), lives[id].returned == 0 else { return }
        lives[id].returned = at.time
    }

    /// It goes on. If the block layer has no bio of it yet, it had nothing to do with that sleep.
    mutating func cameBack(_ thread: UInt32, _ at: Moment) {
        guard let id = submitting[thread], lives.contains(id) else { return }
        lives[id].cameBack = at.time
        guard sawBios, !lives[id].reachedDevice, lives[id].returned > 0, lives[id].io.issued == nil else { return }
        lives[id].noteSleep(until: at.time)
    }

    /// Without events of bios: the first of the thread's I/Os of that size that are in a plug.
    private mutating func unplugged(_ at: Moment, _ block: BlockRange) -> LifeID? {
        guard at.context == .task, var held = plugged[at.thread] else { return nil }
        defer { plugged[at.thread] = held.isEmpty ? nil : held }
        held.removeAll { !lives.contains($0) || lives[$0].reachedDevice }
        let bytes = UInt64(block.sectors) << 9
        guard let index = held.firstIndex(where: { UInt64(lives[$0].io.length) == bytes }) else { return nil }
        return held.remove(at: index)
    }

    /// The device is done with it; end_io of its bios follows in this context.
    mutating func requestCompleted(_ block: BlockRange, _ at: Moment, _ sink: Sink) rethrows {
        try completed(partial: block, at, sink)
        let cpu = Int(at.cpu)
        cpus[cpu][at.context].end = nil
        guard !block.isForeign, let end = block.sector.addingExact(UInt64(block.sectors)) else {
            cpus[cpu][at.context].request = nil
            return
        }
        let fitting = requests.bringForward(at: BlockPlace(block)) {
            !$0.isDone && $0.sectors == block.sectors && $0.isWrite == block.isWrite
        }
        if fitting > 1 { counts.byOrder += 1 }
        cpus[cpu][at.context].request = RequestDone(
            device: block.device, sector: block.sector, end: end, life: requests[BlockPlace(block)]?.life)
        divide(block, at: end, at)
    }

    /// A device may be done with a request in parts: a bio that goes on behind this one has not ended.
    private mutating func divide(_ block: BlockRange, at end: UInt64, _ at: Moment) {
        var sector = block.sector
        while sector < end, case let place = BlockPlace(device: block.device, sector: sector),
            let pending = requests[place], pending.sectors > 0
        {
            sector &+= UInt64(pending.sectors)
            guard sector > end else {
                var done = pending
                done.isDone = true
                requests.replaceFirst(done, at: place)
                lives.noteDone(pending)
                noteEnd(of: pending, block, at)
                continue
            }
            let rest = BlockPlace(device: block.device, sector: end)
            guard requests[rest] == nil else { continue }
            _ = removeRequest(at: place)
            var behind = pending
            behind.sectors = UInt32(sector - end)
            requests.replaceFirst(behind, at: rest)
        }
    }

    /// A synchronous I/O: its submitter completes it elsewhere, so that what runs its end_io is told by its request alone.
    private mutating func noteEnd(of pending: PendingBlock, _ block: BlockRange, _ at: Moment) {
        let id = pending.life
        // Of several requests any may be the last, and a flush may follow, within which the bio ends.
        guard !sawEnds, !pending.isDone, !block.hasFlush, !block.hasFUA, at.context != .task, lives.contains(id),
            lives[id].isAsynchronous == false, lives[id].io.completed == nil,
            UInt64(pending.sectors) << 9 == UInt64(lives[id].io.length)
        else { return }
        apply(BioEnd(place: endPlace(at), life: id), to: id)
    }

    /// The I/O of the next bio of the request that was completed last in this context.
    mutating func nextBio(_ at: Moment) -> LifeID? {
        let cpu = Int(at.cpu)
        guard var request = cpus[cpu][at.context].request, request.sector < request.end else { return nil }
        let place = BlockPlace(device: request.device, sector: request.sector)
        guard let pending = removeRequest(at: place) else { return request.life }
        request.sector &+= UInt64(max(1, pending.sectors))
        request.life = pending.life
        cpus[cpu][at.context].request = request
        return pending.life
    }

    /// `end_io` of a bio: by the function tracer, or a probe of it.
    mutating func bioEnded(
        _ function: KernelFunction, _ arguments: ProbeArguments, _ at: Moment, _ sink: Sink
    ) rethrows {
        if !sawEnds {
            sawEnds = true
            // The requests that were counted in this interrupt are what ends now.
            cpus[Int(at.cpu)][at.context].ends = 0
        }
        let bio = nextBio(at)
        var known = alive(arguments[.iocb].flatMap { byIOCB[$0] })
        if let former = known, !Self.isOf(lives[former], arguments) {
            // A kiocb is used again: what it was of is over.
            try restart(former, sink)
            known = nil
        }
        let id = known ?? alive(bio)
        let hasArguments = arguments[.iocb] != nil || arguments[.flags] != nil
        let end = BioEnd(
            place: endPlace(at), time: at.time, life: id,
            facts: hasArguments ? EndFacts(at: function, arguments, rule: rule) : nil, function: function)
        cpus[Int(at.cpu)][at.context].end = end
        guard let id else { return try noteEnd(end, at, sink) }
        if let iocb = arguments[.iocb], lives[id].iocb == 0 {
            lives[id].iocb = iocb
            byIOCB[iocb] = id
        }
        apply(end, to: id)
    }

    /// It is under way, and the position of the kiocb is its own.
    private static func isOf(_ life: borrowing Life, _ arguments: ProbeArguments) -> Bool {
        life.io.completed == nil && arguments[.position].map { $0 == life.io.offset } ?? true
    }

    /// What the last end_io says stays.
    mutating func apply(_ end: BioEnd, to id: LifeID) {
        if let isWrite = end.facts?.isWrite { lives[id].learn(isWrite: isWrite) }
        Self.apply(end, to: &lives[id].io)
    }

    /// Where it is: an I/O takes long to copy.
    private static func apply(_ end: BioEnd, to io: inout DirectIO) {
        if let time = end.time {
            if io.ended != nil, io.ended?.nanoseconds != time { io.facts.insert(.multiBio) }
            io.ended = Timestamp(nanoseconds: time)
        }
        io.endCPU = end.place.cpu
        io.endContext = end.place.context
        io.interrupted = end.place.interrupted.map { Timestamp(nanoseconds: $0) }
        delivered(&io, end.place)
        io.irq = end.place.irq
        io.irqBatchPosition = end.place.batchPosition
        if let seen = end.facts {
            if let facts = seen.of(io) { io.facts = io.facts.subtracting(endFacts).union(facts) }
        } else if end.function == .simpleBioEnd {
            io.facts.insert(.simple)
        }
    }

    /// The softirq waited for its CPU, if it was raised for this I/O.
    static func delivered(_ io: inout DirectIO, _ place: EndSite) {
        if place.raised > io.times[.issued], place.context == .softirq { io.times[.raised] = place.raised }
    }

    private static let endFacts: Facts = [
        .endDecides, .waiter, .needSync, .writeThrough, .unwritten, .copyOnWrite, .inlineCompletion, .callerCompletion,
        .completionWork, .extendsSize, .pageCache, .endError,
    ]
}

extension UInt64 {
    /// `nil` beyond 64 bits.
    func addingExact(_ other: UInt64) -> UInt64? {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? nil : sum
    }
}
