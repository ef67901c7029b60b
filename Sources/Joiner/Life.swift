// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import KernelTraces

/// One I/O in flight, and what finds it again.
struct Life {
    var io: DirectIO
    /// The address of its kiocb, 0 when no probe recorded it.
    var iocb: UInt64 = 0
    /// Where `io.offset` and the file are: the identity that tracepoints give.
    var key: IOKey
    /// The submitter let go of it: `iomap_dio_rw_queued`.
    var isQueued = false
    /// Any of its bios or requests was seen.
    var reachedDevice = false
    /// When it left the submitter's hands first, and when its first request was made; 0 is not yet.
    var returned: UInt64 = 0
    var requested: UInt64 = 0
    /// Nanoseconds that its submitter slept in its submission, before the block layer had a bio of it.
    var asleep: UInt64 = 0
    /// Its request went back to the queue, and was not issued since.
    var isRequeued = false
    /// Begun by a probe's event; the tracepoint that follows it only confirms.
    var isProbed = false
    /// Its thread began another I/O before this one was let go of or reached a device.
    var isSuperseded = false
    /// The kiocb has a function to call back.
    var isAsynchronous: Bool?
    /// `IOCB_NOWAIT`, libaio's mark and the like, as the begin had them; `nil` where the begin had no flags.
    var flags: IOFlags?
    /// Bytes of the same request that earlier parts of it did: its completion counts them in.
    var doneBefore: UInt64 = 0
    /// Its bios, or requests where those were not seen: how many, of how many the device is done, and their size.
    var blocks: UInt32 = 0
    var blocksDone: UInt32 = 0
    var sectors: UInt64 = 0
    /// A bio told whether it is a write.
    var isDirectionOfBio = false
    /// When its submitter last went on after a sleep.
    var cameBack: UInt64 = 0
    /// It begins behind the end of its file: a read of that comes to nothing, without another event.
    var isBeyondEnd = false
    /// Rises when the place is used again.
    var generation: UInt32 = 0
    /// The next life of the same identity, begun later.
    var next: LifeID?
    /// The clocks of the submitter's CPU when it was completed.
    var completedClocks: ClockReading?

    /// Whether it is a read or a write. For a synchronous I/O neither the tracepoint nor its flags show that.
    var knowsDirection: Bool { io.operation != .unknown }

    mutating func learn(isWrite: Bool) {
        guard !knowsDirection else { return }
        io.operation = isWrite ? .write : .read
        if isWrite { io.facts.insert(.write) }
    }

    /// Nothing shows that it is under way: an attempt that comes to nothing looks like this.
    var isOnlyBegun: Bool { !isQueued && !reachedDevice && io.completed == nil }

    /// There is nothing to read for it, if it is a read. What has to wait from the start is a write that appends.
    var isFutile: Bool {
        isBeyondEnd && isOnlyBegun && io.operation != .write
            && (io.operation == .read || !io.facts.contains(.forceWait))
    }

    /// Whatever it had of the block layer is done, and yet its submitter has it in hand, and sends more than it is: what
    /// there was has to be done before it, as to write back the file's cached pages, or to read where its blocks are.
    func hasOthersBlocks(before block: BlockRange) -> Bool {
        guard blocks > 0, blocks == blocksDone, !isQueued, io.completed == nil else { return false }
        if isDirectionOfBio, (io.operation == .write) != block.isWrite { return true }
        return sectors &+ UInt64(block.sectors) > (UInt64(io.length) &+ 511) >> 9
    }

    /// From here on it is as if it had not reached the block layer yet.
    mutating func disown() {
        (blocks, blocksDone, sectors, reachedDevice, isRequeued) = (0, 0, 0, false, false)
        if isDirectionOfBio {
            io.operation = .unknown
            io.facts.remove(.write)
            isDirectionOfBio = false
        }
        for point in [LifePoint.returned, .requested, .issued, .raised, .interrupted] { io.times[point] = 0 }
        (io.endCPU, io.endContext, io.irq, io.irqBatchPosition) = (nil, nil, nil, nil)
        if io.further.requests > 0 { (io.further.requests, io.further.requeues, io.further.lastIssued) = (0, 0, 0) }
        if returned > 0, cameBack > returned { noteSleep(until: cameBack) }
        (returned, requested) = (0, 0)
    }

    /// Since its submitter went to sleep, that had nothing to do with the block layer. Several sleeps are told as one, that
    /// ended with the last.
    mutating func noteSleep(until time: UInt64) {
        asleep &+= time &- returned
        returned = 0
        io.times[.resumed] = time
        io.times[.fellAsleep] = time &- asleep
    }

    /// It can be the I/O of this completion: what a kiocb says of itself does not change on the way.
    @inline(__always)
    func fits(_ complete: DirectIOComplete) -> Bool {
        if let isAsynchronous, isAsynchronous != complete.isAsynchronous { return false }
        if complete.result > 0, UInt64(complete.result) > UInt64(io.length) &+ doneBefore, io.length != .max {
            return false
        }
        guard let flags else { return true }
        return flags.intersection(Self.lasting) == complete.flags.intersection(Self.lasting)
    }

    private static let lasting: IOFlags = [.noWait, .libaio, .write]
}

/// Where an I/O of a file begins.
struct IOKey: Hashable {
    var device: UInt32
    var inode: UInt64
    var position: UInt64

    /// One number of all three: each that is hashed costs as much as looking up.
    func hash(into hasher: inout Hasher) {
        hasher.combine((inode &* BlockPlace.mixer) ^ position ^ UInt64(device) << 32)
    }

    func moved(by bytes: UInt64) -> IOKey { IOKey(device: device, inode: inode, position: position &+ bytes) }
}

/// A life in the table; it is over when the table has it no more.
struct LifeID: Equatable {
    var place: Int32
    var generation: UInt32
}

/// Lives in flight, at most `limit`: of more the oldest are given up.
struct LifeTable {
    static let limit = 1 << 16

    private var lives: [Life] = []
    private var isUsed: [Bool] = []
    private var free: [Int32] = []
    /// In the order in which they began; those that are over are skipped.
    private var order: [LifeID] = []
    private var oldest = 0
    private var compactAt = 8192
    private(set) var count = 0

    mutating func add(_ life: consuming Life) -> LifeID {
        count += 1
        let id: LifeID
        if let place = free.popLast() {
            life.generation = lives[Int(place)].generation &+ 1
            id = LifeID(place: place, generation: life.generation)
            lives[Int(place)] = life
            isUsed[Int(place)] = true
        } else {
            id = LifeID(place: Int32(lives.count), generation: life.generation)
            lives.append(life)
            isUsed.append(true)
        }
        order.append(id)
        if order.count >= compactAt {
            order = all
            oldest = 0
            compactAt = max(8192, 2 * order.count)
        }
        return id
    }

    /// The device is done with a block of it.
    mutating func noteDone(_ pending: PendingBlock) {
        if contains(pending.life), !pending.isDone { self[pending.life].blocksDone &+= 1 }
    }

    @inline(__always)
    func contains(_ id: LifeID) -> Bool {
        isUsed[Int(id.place)] && lives[Int(id.place)].generation == id.generation
    }

    /// Only of one that the table contains.
    subscript(id: LifeID) -> Life {
        // Where it is: a copy takes longer than all that is looked at.
        _read { yield lives[Int(id.place)] }
        _modify { yield &lives[Int(id.place)] }
    }

    mutating func remove(_ id: LifeID) {
        isUsed[Int(id.place)] = false
        free.append(id.place)
        count -= 1
        while oldest < order.count, !contains(order[oldest]) { oldest += 1 }
    }

    /// The one to be given up when there are too many.
    var surplus: LifeID? { count > Self.limit && oldest < order.count ? order[oldest] : nil }

    var all: [LifeID] { order[oldest...].filter(contains) }
}
