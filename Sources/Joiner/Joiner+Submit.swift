// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import KernelTraces

/// The way down: begin, and what the submitter does until it lets go.
extension Joiner {
    mutating func begin(_ begin: DirectIOBegin, _ at: Moment, _ sink: Sink) rethrows {
        noteBegin()
        // A completion counts what was done before its part: its key is where the whole began.
        let key = IOKey(
            device: begin.device, inode: begin.inode, position: begin.position &- begin.doneBefore)
        if let id = confirmed(key, at) {
            // The probe of the function was first; the tracepoint is what all others are measured from.
            lives[id].io.submitted = at.timestamp
            apply(begin.flags, to: id)
            return
        }
        let issuer = issuer(begin, at)
        var io = DirectIO(
            submitted: at.timestamp, submitterThread: at.thread, device: DeviceNumber(kernel: begin.device),
            inode: begin.inode, offset: begin.position, length: UInt32(clamping: begin.length),
            operation: operation(begin.flags, isUsers: isUser(issuer, at)), issuer: issuer)
        if begin.forcesWait { io.facts.insert(.forceWait) }
        var life = Life(io: io, key: key)
        (life.isAsynchronous, life.flags, life.doneBefore) = (begin.isAsynchronous, begin.flags, begin.doneBefore)
        life.isBeyondEnd = begin.position >= begin.fileSize
        apply(begin.flags, to: try add(life, at, sink))
    }

    /// `IOCB_WRITE` is set by libaio and io_uring alone, `IOCB_ATOMIC` for writes alone.
    private func operation(_ flags: IOFlags, isUsers: Bool) -> DirectIO.Operation {
        if !flags.isDisjoint(with: [.write, .atomic]) { return .write }
        return isUsers && !flags.contains(.doubtful) ? .read : .unknown
    }

    /// Asynchronous, and certainly no kernel's: a thread without a name may be any.
    private func isUser(_ issuer: Issuer, _ at: Moment) -> Bool {
        switch issuer {
        case .libaio, .ioUring: true
        case .unknown: names.isNamed(at.name)
        case .sync, .other: false
        }
    }

    /// Users of the kernel's own (loop, an NVMe or SCSI target) submit in kworkers and threads of theirs.
    private func isInWorker(_ at: Moment) -> Bool { running[at.thread] != nil || names.isKernelUser(at.name) }

    /// `iomap_iter`, which knows it.
    mutating func learnDirection(_ isWrite: Bool, _ at: Moment) {
        guard at.context == .task, let id = submitting[at.thread], lives.contains(id) else { return }
        lives[id].learn(isWrite: isWrite)
    }

    /// libaio marks its I/Os; who else is asynchronous is mostly, but not surely, io_uring.
    private func issuer(_ begin: DirectIOBegin, _ at: Moment) -> Issuer {
        guard begin.isAsynchronous else { return .sync }
        if begin.flags.contains(.libaio) { return .libaio }
        if begin.flags.contains(.callerCompletion) { return .ioUring }
        return isInWorker(at) ? .other : .unknown
    }

    /// A probe of `iomap_dio_rw`, which may stand for the tracepoint, or of the ways past iomap.
    mutating func beginProbed(
        _ function: KernelFunction, _ arguments: ProbeArguments, _ at: Moment, _ sink: Sink
    ) rethrows {
        guard let iocb = arguments[.iocb], let device = arguments[.device], let inode = arguments[.inode],
            let position = arguments[.position], let length = arguments[.length], let flags = arguments.flags
        else {
            // Only a begin for which iomap has no event of its own: a block device has none.
            if function == .begin || function == .innerBegin || function == .legacyBegin { counts.namelessBegins += 1 }
            return
        }
        let isBlockDevice = function == .blockRead || function == .blockWrite
        if isBlockDevice, !flags.contains(.direct) { return }
        let number = UInt32(truncatingIfNeeded: device)
        let key = IOKey(device: number, inode: inode, position: position)
        // __iomap_dio_rw is called by iomap_dio_rw.
        if function == .innerBegin, confirmed(key, at) != nil { return }
        noteBegin()
        if let id = byIOCB[iocb], lives.contains(id) { try restart(id, sink) }
        let isSynchronous = arguments[.issuer] == 0
        var io = DirectIO(
            submitted: at.timestamp, submitterThread: at.thread, device: DeviceNumber(kernel: number), inode: inode,
            offset: position, length: UInt32(clamping: length), operation: operation(flags, isUsers: false),
            issuer: issuer(arguments))
        if isBlockDevice { io.facts.insert(.blockDevice) }
        if function == .legacyBegin { io.facts.insert(.legacy) }
        var life = Life(io: io, iocb: iocb, key: key)
        life.isProbed = true
        life.flags = flags
        if arguments[.issuer] != nil { life.isAsynchronous = !isSynchronous }
        let isWrite = isBlockDevice ? function == .blockWrite : arguments[.direction].map { $0 & 1 != 0 }
        if let isWrite {
            life.learn(isWrite: isWrite)
        } else if arguments[.issuer] != nil, !isSynchronous, life.io.issuer != .other, !isInWorker(at) {
            life.learn(isWrite: false)
        }
        let id = try add(life, at, sink)
        byIOCB[iocb] = id
        apply(flags, to: id)
        if let dioFlags = arguments[.dioFlags], dioFlags & 1 != 0 { lives[id].io.facts.insert(.forceWait) }
    }

    private func issuer(_ arguments: ProbeArguments) -> Issuer {
        guard let complete = arguments[.issuer] else { return .unknown }
        if complete == 0 { return .sync }
        switch arguments.issuer {
        case .libaioComplete: return .libaio
        case .uringComplete, .uringPollComplete: return .ioUring
        case nil: return .unknown
        default: return .other
        }
    }

    private func confirmed(_ key: IOKey, _ at: Moment) -> LifeID? {
        guard let id = submitting[at.thread], lives.contains(id), lives[id].isProbed, lives[id].key == key,
            !lives[id].isQueued, !lives[id].reachedDevice
        else { return nil }
        return id
    }

    private mutating func apply(_ flags: IOFlags, to id: LifeID) {
        var facts: Facts = []
        if flags.contains(.write) { facts.insert(.write) }
        if flags.contains(.dataSync) { facts.insert(.dataSync) }
        if flags.contains(.sync) { facts.insert(.sync) }
        if flags.contains(.polled) { facts.insert(.polled) }
        if flags.contains(.noWait) { facts.insert(.noWait) }
        lives[id].io.facts.formUnion(facts)
    }

    private mutating func add(_ life: consuming Life, _ at: Moment, _ sink: Sink) rethrows -> LifeID {
        if let former = submitting[at.thread], lives.contains(former) { abandon(former) }
        let key = life.key
        if names.isRingWorker(at.name), life.flags?.contains(.noWait) == false { abandonAttempt(at: key, at) }
        life.io.submitCPU = at.cpu
        life.io.machine = machine
        let id = lives.add(life)
        submitting[at.thread] = id
        if let waiting = byKey[key] {
            lives[waiting.last].next = id
            byKey[key] = KeyChain(first: waiting.first, last: id, count: waiting.count + 1)
            if waiting.count >= KeyChain.longest { try restart(waiting.first, sink) }
        } else {
            byKey[key] = KeyChain(first: id, last: id)
        }
        note(submitter: at)
        while let surplus = lives.surplus { try restart(surplus, sink) }
        return id
    }

    mutating func note(submitter at: Moment) {
        guard threads[at.thread] == nil, threads.count < Self.limit else { return }
        threads[at.thread] = ThreadName(thread: at.thread, process: 0, name: names.name(at.name))
        // It had the CPU as anybody until it turned out to submit.
        let clock = cpus[Int(at.cpu)].clock
        if clock.isKnown, clock.thread == at.thread { give(.submitter, thread: at.thread, name: at.name, at) }
    }

    /// The thread begins another I/O, and the former was neither queued nor completed: it came to nothing. Where the
    /// trace has no event for "queued", it may simply be under way.
    private mutating func abandon(_ id: LifeID) {
        // A thread waits for its synchronous I/O before it begins another.
        if lives[id].isAsynchronous == false, lives[id].io.completed == nil {
            let mayFail =
                lives[id].isFutile || lives[id].isOnlyBegun && lives[id].flags?.contains(.noWait) != false
            if mayFail { noteFruitless(id) } else { counts.withoutCompletion += 1 }
            return remove(id)
        }
        guard lives[id].isOnlyBegun else { return }
        guard sawQueueing || lives[id].isFutile else {
            lives[id].isSuperseded = true
            return
        }
        noteFruitless(id)
        remove(id)
    }

    /// Nothing came of it; behind the end of a file it may have been a write whose events are lost.
    mutating func noteFruitless(_ id: LifeID) {
        if lives[id].isFutile, lives[id].io.operation != .read { counts.futile += 1 } else { counts.fruitless += 1 }
    }

    /// io_uring tried without waiting, and now has a worker of its own (`iou-wrk-N`) do the same.
    private mutating func abandonAttempt(at key: IOKey, _ at: Moment) {
        guard var id = byKey[key]?.first else { return }
        while lives.contains(id) {
            let next = lives[id].next
            if lives[id].isOnlyBegun, lives[id].flags?.contains(.noWait) == true,
                lives[id].io.submitterThread != at.thread
            {
                counts.fruitless += 1
                return remove(id)
            }
            guard let next else { return }
            id = next
        }
    }

    /// Its place is needed: it never completed, or nothing followed its completion.
    mutating func restart(_ id: LifeID, _ sink: Sink) rethrows {
        if lives[id].io.completed != nil { return try emit(id, sink) }
        if lives[id].isFutile { noteFruitless(id) } else { counts.withoutCompletion += 1 }
        remove(id)
    }

    /// `iomap_dio_rw_queued`.
    mutating func letGo(_ at: Moment) {
        if !sawQueueing {
            sawQueueing = true
            // Those that were let go of would have been seen to be.
            for id in lives.all where lives[id].isSuperseded && lives[id].isOnlyBegun {
                counts.fruitless += 1
                remove(id)
            }
        }
        guard let id = submitting.removeValue(forKey: at.thread), lives.contains(id) else { return }
        lives[id].isQueued = true
        if lives[id].returned == 0 { lives[id].returned = at.time }
        guard !lives[id].reachedDevice else { return }
        if plugged.count < Self.limit, plugged[at.thread, default: []].count < 1024 {
            plugged[at.thread, default: []].append(id)
        }
    }
}
