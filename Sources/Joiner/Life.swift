// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import KernelTraces

/// One I/O in flight, and what finds it again.
struct Life {
    var io: DirectIO
    /// Of its kiocb, 0 when no probe told it.
    var iocb: UInt64 = 0
    /// Where `io.offset` and the file are: the identity that tracepoints give.
    var key: IOKey
    /// The submitter let go of it: `iomap_dio_rw_queued`.
    var isQueued = false
    /// Any of its bios or requests was seen.
    var reachedDevice = false
    /// Begun by a probe's event; the tracepoint that follows it only confirms.
    var isProbed = false
    /// Whether it is a read or a write. Of a synchronous I/O neither the tracepoint nor its flags tell.
    var knowsDirection = true
    /// Rises when the place is used again.
    var generation: UInt32 = 0
    /// Of the same identity, begun later.
    var next: LifeID?
    /// The clocks of the submitter's CPU when it was completed.
    var completedClocks: ClockReading?

    mutating func learn(isWrite: Bool) {
        guard !knowsDirection else { return }
        knowsDirection = true
        io.operation = isWrite ? .write : .read
        if isWrite { io.facts.insert(.write) }
    }
}

/// Where an I/O of a file begins.
struct IOKey: Hashable {
    var device: UInt32
    var inode: UInt64
    var position: UInt64
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

    mutating func add(_ life: Life) -> LifeID {
        count += 1
        var life = life
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

    @inline(__always)
    func contains(_ id: LifeID) -> Bool {
        isUsed[Int(id.place)] && lives[Int(id.place)].generation == id.generation
    }

    /// Only of one that the table contains.
    subscript(id: LifeID) -> Life {
        get { lives[Int(id.place)] }
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
