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

/// A bio that has no request yet.
struct WaitingBio {
    /// 0 when it was only seen to be remapped.
    var queued: UInt64
    var sectors: UInt32
    var taken: TakenRequest?
    var file: FileID?
}

/// A request that was made or issued, and is not done.
struct PendingRequest {
    var io: DirectIO
    /// Sectors that the device is not done with: it may be with one part after the other.
    var rest: UInt32
    /// Of which it is, if that is known.
    var file: FileID?
}

/// Requests of a trace that has no begins. Where it has completions either, requests are only where these came from; else
/// they are all that there is, whoever asked for them.
struct PartialRequests {
    /// Bios by where they begin; of one that was merged into a request without a word it stays.
    var bios: [BlockPlace: WaitingBio] = [:]
    /// What each thread took out of an io_uring last, and whether that writes.
    var taken: [UInt32: (request: TakenRequest, isWrite: Bool)] = [:]
    /// Made or issued, and not done, by where the rest of each begins.
    var pending = PlaceQueues<PendingRequest>()
    /// Where requests that append to a zone are pending: at its start.
    var zones: Set<BlockPlace> = []
    /// `block_getrq` or `block_rq_insert` was seen.
    var areMade = false
    /// Devices that were given requests. At others, blkparse's C is a bio's.
    var issuingDevices: Set<UInt32> = []
    /// Bios that were seen to go on to another device.
    var mapped: Set<BlockPlace> = []
    /// Completed without having been issued in the trace.
    var unknown: UInt64 = 0
    /// When events were lost last: what is pending since before may have been completed unseen.
    var lostAt: UInt64 = 0 {
        didSet { others.forgetIssues() }
    }
    /// The one that was done last in each flow, and whether a completion followed it.
    var done: [UInt64: (io: DirectIO, isUsed: Bool)] = [:]
    /// By the address of the work that it led to.
    var ofWork: [UInt64: RequestFacts] = [:]
    /// An interrupt was seen: what is in none is in a task.
    var knowsContexts = false
    /// Those that move no data.
    var others = OtherRequestTimes()

    /// No device keeps a request for so long; what it had was lost.
    fileprivate static let forgotten: UInt64 = 60_000_000_000

    /// It may still be on its way: another one at its place comes later.
    func isUnderWay(_ io: DirectIO, _ at: Moment) -> Bool {
        io.began.nanoseconds > lostAt && at.time &- io.began.nanoseconds < Self.forgotten
    }

    /// It sleeps: what it submits when it is back may be of something else.
    mutating func leftForSleep(_ thread: UInt32) { if !taken.isEmpty { taken[thread] = nil } }

    /// Where a request that is done was pending. One that appended was not issued to where it went, but to the start of
    /// the zone: the nearest that anything is pending at.
    func place(ofDone block: BlockRange) -> BlockPlace {
        let place = BlockPlace(block)
        guard block.kind == .append else { return place }
        return zones.filter { $0.device == block.device && $0.sector <= block.sector }
            .max { $0.sector < $1.sector } ?? place
    }

    /// The first at the place, or behind it the first that is as long.
    mutating func takeDone(_ block: BlockRange, at place: BlockPlace) -> PendingRequest? {
        guard let first = pending[place] else { return nil }
        let operation: DirectIO.Operation = block.isWrite ? .write : block.isRead ? .read : .unknown
        func fits(_ request: PendingRequest) -> Bool {
            request.io.operation == operation && request.rest == block.sectors
        }
        if !fits(first), let fitting = pending.removeFirstLater(at: place, where: fits) { return fitting }
        return first.io.operation == operation ? pending.removeFirst(at: place) : nil
    }
}

/// How long a device had requests that move no data.
struct OtherRequestTimes {
    private(set) var tallies: [RequestKind: OtherRequests] = [:]
    private var issued: [Key: [UInt64]] = [:]

    private struct Key: Hashable {
        var device: UInt32
        var sector: UInt64
        var sectors: UInt32
        var kind: RequestKind
    }

    private static let mostPlaces = 1 << 12
    private static let mostAtOnce = 256

    /// A flush has no place.
    private func key(_ block: BlockRange) -> Key {
        Key(
            device: block.device, sector: block.hasFlush ? 0 : block.sector, sectors: block.sectors, kind: block.kind)
    }

    mutating func issued(_ block: BlockRange, at time: UInt64) {
        let key = key(block)
        if issued.count >= Self.mostPlaces, issued[key] == nil { issued = [:] }
        issued[key, default: []].append(time)
        if issued[key, default: []].count > Self.mostAtOnce { issued[key]?.removeFirst() }
    }

    /// It will be issued again.
    mutating func requeued(_ block: BlockRange) { _ = issued[key(block)]?.popLast() }

    mutating func completed(_ block: BlockRange, at time: UInt64) {
        let key = key(block)
        issued[key]?.removeAll { time &- $0 > PartialRequests.forgotten }
        let start = issued[key].flatMap { $0.isEmpty ? nil : $0[0] }
        if start != nil { issued[key]?.removeFirst() }
        if issued[key]?.isEmpty == true { issued[key] = nil }
        // The bio that asked for a flush ends as a request that was never issued.
        if start == nil, block.kind == .write { return }
        let kind = kind(of: block)
        tallies[kind, default: OtherRequests(kind)].add(start.map { time &- $0 }, failed: block.error != 0)
    }

    private func kind(of block: BlockRange) -> RequestKind {
        // Of a read or write without sectors only a flush is known; what is passed through has none either.
        block.kind.movesData ? (block.hasFlush ? .flush : .other) : block.kind
    }

    mutating func forgetIssues() { issued = [:] }
}
