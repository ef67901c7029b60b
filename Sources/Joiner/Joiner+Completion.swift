// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import KernelTraces

/// Completions, and what finds their I/Os.
extension Joiner {
    /// EAGAIN, and EOPNOTSUPP of devices that always may have to wait.
    private static let tryAgain: [Int64] = [-11, -95]
    private static let isQueued: Int64 = -529

    /// The tracepoint `iomap_dio_complete`.
    mutating func completed(_ complete: DirectIOComplete, _ at: Moment, _ sink: Sink) rethrows {
        sawCompletion = true
        unknownCompletions.remove(at.flow)
        guard let id = find(complete, hinted(at), at) else {
            if unknownCompletions.count < Self.limit { unknownCompletions.insert(at.flow) }
            counts.withoutBegin += 1
            try completedPartly(complete, at, sink)
            consume(at)
            return
        }
        try conclude(id, error: complete.error != 0 ? Int64(complete.error) : complete.result, at, sink)
    }

    /// The I/O that this context was in the midst of completing, by the events before.
    private func hinted(_ at: Moment) -> LifeID? {
        if let id = alive(completing[at.flow]) { return id }
        let cpu = Int(at.cpu)
        if at.context != .task {
            return alive(cpus[cpu][at.context].end?.life) ?? alive(cpus[cpu][at.context].request?.life)
        }
        return alive(running[at.thread]?.work?.end.life) ?? alive(submitting[at.thread])
            ?? alive(cpus[cpu][.task].end?.life)
    }

    func alive(_ id: LifeID?) -> LifeID? {
        id.flatMap { lives.contains($0) ? $0 : nil }
    }

    /// By identity; of several in flight the one that the events before point to, else by what is known of each.
    private mutating func find(_ complete: DirectIOComplete, _ hint: LifeID?, _ at: Moment) -> LifeID? {
        let done = complete.result > 0 ? UInt64(complete.result) : 0
        let key = IOKey(device: complete.device, inode: complete.inode, position: complete.position &- done)
        if let hint, lives[hint].io.completed == nil, lives[hint].fits(complete) {
            if lives[hint].key == key { return hint }
            // A part of a request that failed: nothing was done, and nothing is counted in.
            let part = lives[hint].key.moved(by: lives[hint].doneBefore)
            if complete.result <= 0, part == key { return hint }
        }
        guard let waiting = byKey[key] else { return nil }
        var chain: [LifeID] = []
        var next: LifeID? = waiting.first
        while let id = next, lives.contains(id) {
            if lives[id].io.completed == nil { chain.append(id) }
            next = lives[id].next
        }
        guard chain.count > 1 else { return chain.first }
        return choose(among: chain, complete, at)
    }

    /// Several that began at one place and are not complete: attempts that came to nothing among them, or I/Os that
    /// overlap.
    private mutating func choose(among chain: [LifeID], _ complete: DirectIOComplete, _ at: Moment) -> LifeID? {
        var chain = chain
        func narrow(_ isLikely: (Life) -> Bool) {
            let likely = chain.filter { isLikely(lives[$0]) }
            if !likely.isEmpty { chain = likely }
        }
        narrow { $0.fits(complete) }
        narrow { complete.result <= 0 || UInt64($0.io.length) &+ $0.doneBefore == UInt64(complete.result) }
        if !complete.isAsynchronous || at.context == .task {
            // Nobody else completes what its submitter still has in hand.
            narrow { $0.io.submitterThread == at.thread && !$0.isQueued }
        }
        narrow { $0.isQueued || $0.reachedDevice }
        guard chain.count > 1 else { return chain.first }
        counts.overlapping += 1
        counts.byOrder += 1
        // The first of those that are known to be under way; else any but the last may have come to nothing.
        let areUnderWay = chain.allSatisfy { lives[$0].isQueued || lives[$0].reachedDevice }
        return isLossy || !areUnderWay ? chain.last : chain.first
    }

    private mutating func consume(_ at: Moment) {
        let cpu = Int(at.cpu)
        cpus[cpu][at.context].end = nil
        completing[at.flow] = nil
    }

    /// Where and when, and what led to it.
    /// - Parameter error: negative, or else there is none.
    private mutating func conclude(_ id: LifeID, error: Int64, _ at: Moment, _ sink: Sink) rethrows {
        if Self.tryAgain.contains(error), Self.isTriedAgain(lives[id].io) {
            counts.fruitless += 1
            consume(at)
            return remove(id)
        }
        note(completion: id, isError: error < 0, at)
        lives[id].io.error = Int16(clamping: min(error, 0))
        if submitting[lives[id].io.submitterThread] == id { submitting[lives[id].io.submitterThread] = nil }
        consume(at)
        if Self.taskWorkMayFollow(lives[id]) {
            let cpu = lives[id].io.submitCPU ?? at.cpu
            lives[id].completedClocks = cpus[Int(cpu)].clock.reading(at: at.time, cpu: cpu)
        } else {
            try emit(id, sink)
        }
    }

    /// io_uring tries without waiting first; what would have to wait begins again in a worker.
    private static func isTriedAgain(_ io: DirectIO) -> Bool {
        io.facts.contains(.noWait) && (io.issuer == .ioUring || io.issuer == .unknown)
    }

    /// - Parameter isError: completed with one.
    private mutating func note(completion id: LifeID, isError: Bool, _ at: Moment) {
        var context = executionContext(at)
        if isInHands(of: at, id) {
            context = .task
            lives[id].io.facts.insert(.bySubmitter)
        } else if context == .kworker {
            if !noteWork(completing: id, isError: isError, at) { context = nil }
        } else if at.context != .task {
            if cpus[Int(at.cpu)][at.context].end == nil { _ = nextBio(at) }
            noteDelivery(of: id, at)
        } else if at.thread == lives[id].io.submitterThread {
            context = noteReturn(of: id, at) ? .task : nil
        } else if context == .irqThread || context == .ksoftirqd {
            noteDelivery(of: id, at)
        } else if context == .task, lives[id].io.facts.contains(.polled) {
            // io-wq submitted it for the one that polls.
            notePolled(id, at)
        }
        lives[id].io.completed = at.timestamp
        lives[id].io.completionCPU = at.cpu
        lives[id].io.completeContext = context
    }

    /// This is where end_io ran, also where it was not seen.
    private mutating func noteDelivery(of id: LifeID, _ at: Moment) {
        let seen = cpus[Int(at.cpu)][at.context].end
        if let seen, seen.life == nil || seen.life == id {
            apply(seen, to: id)
        } else if lives[id].io.ended == nil {
            apply(BioEnd(place: endPlace(at), life: id), to: id)
        }
    }

    /// Its submitter has not let go of it, and nobody else completes what that has in hand. One that an interrupt comes to
    /// looks alike, unless the trace shows interrupts, or that it was let go of.
    private func isInHands(of at: Moment, _ id: LifeID) -> Bool {
        guard at.context == .task, at.thread == lives[id].io.submitterThread else { return false }
        if lives[id].isAsynchronous == false || lives[id].io.facts.contains(.forceWait) {
            return running[at.thread]?.work?.end.life != id
        }
        guard !lives[id].isQueued else { return false }
        // Those past iomap have no event for that.
        return at.isContextTold || lives[id].io.facts.contains(.blockDevice)
            || sawQueueing && !lives[id].io.facts.contains(.legacy)
    }

    /// In the submitter's thread, after it let go of the I/O.
    /// - Returns: Whether that is what completes it: it polls, or works for its ring. Else an interrupt came to it unseen.
    private mutating func noteReturn(of id: LifeID, _ at: Moment) -> Bool {
        let facts = lives[id].io.facts
        if facts.contains(.polled) {
            if at.isContextTold { notePolled(id, at) }
            return at.isContextTold
        }
        guard facts.contains(.callerCompletion) || lives[id].flags?.contains(.callerCompletion) == true else {
            return false
        }
        lives[id].io.facts.insert(.bySubmitter)
        return true
    }

    private mutating func notePolled(_ id: LifeID, _ at: Moment) {
        noteDelivery(of: id, at)
        lives[id].io.endContext = .task
    }

    /// In a kworker: in the work that was queued for it, or in one of a driver's or layer's.
    /// - Returns: Whether it can be that.
    private mutating func noteWork(completing id: LifeID, isError: Bool, _ at: Moment) -> Bool {
        guard let work = running[at.thread] else {
            counts.withoutStart += 1
            return true
        }
        guard work.completesDirectIO else {
            guard work.isNamed else { return false }
            // Or an interrupt came to the kworker.
            if at.isContextTold { noteDelivery(of: id, at) }
            return at.isContextTold
        }
        // Reads are not deferred.
        if !at.isContextTold, lives[id].io.operation == .read, !isError { return false }
        if !isError, defersWritesAlone { lives[id].learn(isWrite: true) }
        apply(work, to: id, at)
        // One completion for each work.
        running[at.thread]?.work = nil
        return true
    }

    /// Without an error, that is. Later kernels defer reads, too, which have to be copied.
    private var defersWritesAlone: Bool { rule == .defersWrites || rule == .flaggedInline }

    /// io_uring's second hop can only be assigned by its kiocb. What the submitter itself completed returns with its submission;
    /// another task (md's thread, an interrupt's) leaves it to the submitter as an interrupt does.
    @inline(__always)
    private static func taskWorkMayFollow(_ life: borrowing Life) -> Bool {
        life.iocb != 0 && (life.io.issuer == .ioUring || life.io.issuer == .unknown)
            && !life.io.facts.contains(.bySubmitter) && !life.io.facts.contains(.polled)
    }

    mutating func emit(_ id: LifeID, _ sink: Sink) rethrows {
        var io = lives[id].io
        if lives[id].isBeyondEnd, io.operation != .read { counts.behindEnd += 1 }
        // One that libaio did not mark, of a thread that io_uring was seen to complete for.
        if io.issuer == .unknown, uringThreads.contains(io.submitterThread) { io.issuer = .ioUring }
        // A descriptor with O_DSYNC is there to be written to; a read by it would be taken for a write.
        if io.operation == .unknown, io.facts.contains(.dataSync) { io.operation = .write }
        remove(id)
        if let completed = io.completed, completed > io.submitted {
            longest = max(longest, completed.nanoseconds - io.submitted.nanoseconds)
        }
        counts.joined += 1
        try sink(io)
    }

    mutating func remove(_ id: LifeID) {
        let (iocb, submitter) = (lives[id].iocb, lives[id].io.submitterThread)
        if iocb != 0, byIOCB[iocb] == id { byIOCB[iocb] = nil }
        if submitting[submitter] == id { submitting[submitter] = nil }
        unchain(id, lives[id].key, lives[id].next)
        lives.remove(id)
    }

    private mutating func unchain(_ id: LifeID, _ key: IOKey, _ following: LifeID?) {
        guard let waiting = byKey[key] else { return }
        if waiting.first == id {
            byKey[key] = following.map { KeyChain(first: $0, last: waiting.last, count: waiting.count - 1) }
            return
        }
        var before = waiting.first
        while let next = lives[before].next, next != id { before = next }
        lives[before].next = following
        byKey[key] = KeyChain(
            first: waiting.first, last: waiting.last == id ? before : waiting.last, count: waiting.count - 1)
    }

    // MARK: Functions

    mutating func called(
        _ function: KernelFunction, _ arguments: ProbeArguments, _ at: Moment, _ sink: Sink
    ) rethrows {
        switch function {
        case .begin, .innerBegin, .blockRead, .blockWrite, .legacyBegin:
            try beginProbed(function, arguments, at, sink)
        case .bioEnd, .simpleBioEnd, .blockBioEnd, .blockAsyncBioEnd, .legacyBioEnd, .legacySyncBioEnd:
            try bioEnded(function, arguments, at, sink)
        case .complete: completionEntered(arguments, at)
        case .legacyComplete: try legacyCompleted(arguments, at, sink)
        case .libaioComplete, .uringComplete, .uringPollComplete: try calledBack(function, arguments, at, sink)
        case .uringRequestComplete: try taskWorkRan(arguments, at, sink)
        case .completeWork, .simpleCompleteWork, .legacyCompleteWork, .other: break
        }
    }

    /// Entry of `iomap_dio_complete`. Its return is when the I/O is complete; where that is not probed, the call back.
    private mutating func completionEntered(_ arguments: ProbeArguments, _ at: Moment) {
        guard let iocb = arguments[.iocb], let id = byIOCB[iocb], lives.contains(id), lives[id].io.completed == nil
        else {
            // The tracepoint will find it by its identity, and then the kiocb is known.
            return
        }
        if completing.count < Self.limit { completing[at.flow] = id }
    }

    mutating func returned(
        _ function: KernelFunction, _ arguments: ProbeArguments, _ at: Moment, _ sink: Sink
    ) rethrows {
        let result = Int64(bitPattern: arguments[.result] ?? 0)
        switch function {
        case .complete:
            guard let id = alive(completing[at.flow]), lives[id].io.completed == nil else { return }
            try conclude(id, error: result, at, sink)
        case .blockRead, .blockWrite:
            guard let id = alive(submitting[at.thread]), lives[id].io.facts.contains(.blockDevice) else { return }
            if result == Self.isQueued { letGo(at) } else { try conclude(id, error: result, at, sink) }
        default: break
        }
    }

    /// `dio_complete`, which ends in `ki_complete` if it is asynchronous; else its result is the submitter's.
    private mutating func legacyCompleted(_ arguments: ProbeArguments, _ at: Moment, _ sink: Sink) rethrows {
        guard let iocb = arguments[.iocb], let id = alive(byIOCB[iocb]), lives[id].io.completed == nil,
            let asynchronous = arguments[.asynchronous], asynchronous & 1 == 0
        else { return }
        let result = Int64(bitPattern: arguments[.result] ?? 0)
        // A submitter that meant to queue it and found it done passes -EIOCBQUEUED.
        let own = Int64(Int32(truncatingIfNeeded: arguments[.error] ?? 0))
        try conclude(id, error: result == Self.isQueued || result >= 0 ? own : result, at, sink)
    }

    /// `ki_complete`: completes an I/O of which neither tracepoint nor return was seen.
    private mutating func calledBack(
        _ function: KernelFunction, _ arguments: ProbeArguments, _ at: Moment, _ sink: Sink
    ) rethrows {
        // The function tracer has no kiocb, but it follows end_io.
        let found = arguments[.iocb].map { byIOCB[$0] } ?? (arguments.present.isEmpty ? hinted(at) : nil)
        let isOfUnknown = unknownCompletions.remove(at.flow) != nil
        guard let id = alive(found) else { return }
        // Its kiocb is another I/O's by now.
        if isOfUnknown, lives[id].io.completed == nil { return try restart(id, sink) }
        if lives[id].io.issuer == .unknown { lives[id].io.issuer = function == .libaioComplete ? .libaio : .ioUring }
        if lives[id].io.completed != nil {
            // libaio has no second hop that the I/O would have to wait for.
            if function == .libaioComplete { try emit(id, sink) }
            return
        }
        // With CALLER_COMP it comes first, only to get the issuer to work.
        guard !lives[id].io.facts.contains(.callerCompletion) else { return }
        if sawCompletion, lives[id].io.facts.isDisjoint(with: [.legacy, .blockDevice]) { counts.completedLater += 1 }
        try conclude(id, error: Int64(bitPattern: arguments[.result] ?? 0), at, sink)
    }

    /// `io_req_rw_complete`: a kiocb is the first member of its request, so that they have one address.
    private mutating func taskWorkRan(_ arguments: ProbeArguments, _ at: Moment, _ sink: Sink) rethrows {
        guard let iocb = arguments[.iocb], let id = byIOCB[iocb], lives.contains(id) else { return }
        lives[id].io.issuer = .ioUring
        if uringThreads.count < Self.limit { uringThreads.insert(lives[id].io.submitterThread) }
        lives[id].io.taskWorkRun = at.timestamp
        guard lives[id].io.completed != nil else { return }
        lives[id].io.taskWorkOccupants = cpus[Int(at.cpu)].clock.occupied(
            since: lives[id].completedClocks, at: at.time, cpu: at.cpu)
        try emit(id, sink)
    }
}
