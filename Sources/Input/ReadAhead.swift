// SPDX-License-Identifier: GPL-2.0-only

import Host
import KernelTraces
import Synchronization

/// Reads a trace on a thread of its own, while the caller's takes in the events: in the same order, with the same errors,
/// as without.
final class ReadAhead: TraceReader {
    private let reader: any TraceReader
    let description: TraceDescription
    let names: NameTable
    /// Of the events that are on their way: the reader's own are those that it decoded last.
    let calls = ProbeCalls(latest: EventPipe.capacity)
    var stop: ReadingStop?

    init(_ reader: any TraceReader) {
        self.reader = reader
        description = reader.description
        names = reader.names
    }

    func read(_ each: (borrowing KernelEvent) throws -> Void) throws -> TraceContents {
        let pipe = EventPipe(reader, calls)
        reader.stop = ReadingStop { [stop] in pipe.isLeft || stop?.isDue() ?? false }
        if let contents = try ThreadTeam.beside({ pipe.fill() }, { try pipe.empty(each) }) { return contents }
        // No thread is to be had.
        return try reader.read { try each(EventPipe.moved($0, from: reader.calls, to: calls)) }
    }
}

/// Events on their way from the thread that reads them to the one that takes them in.
private final class EventPipe: @unchecked Sendable {
    // Safe: a slot of `events` and its `counts` belong to the thread whose turn `ring` says it is; the reader, and adding
    // to `calls`, to the one that fills. It reads names and arguments there only of events that were handed over:
    // arguments are overwritten by those of a later event, `capacity` further on, whose place in `events` was free.
    private let reader: any TraceReader
    private let calls: ProbeCalls
    private let events = UnsafeMutablePointer<KernelEvent>.allocate(capacity: capacity)
    private let counts = UnsafeMutablePointer<Int>.allocate(capacity: slots)
    private let ring = SlotRing(slots: slots)
    private let result = Mutex<Result<TraceContents, any Error>?>(nil)

    private static let slots = 4
    /// Few enough for all of them to stay in a CPU's cache, many enough for the hand-over to take no time.
    private static let eventsOfSlot = 1024
    static let capacity = slots * eventsOfSlot

    init(_ reader: any TraceReader, _ calls: ProbeCalls) {
        self.reader = reader
        self.calls = calls
    }

    deinit {
        events.deallocate()
        counts.deallocate()
    }

    /// Whoever takes in the events wants no more.
    var isLeft: Bool { ring.isLeft }

    private struct Left: Error {}

    /// On the thread that reads.
    func fill() {
        let result = Result { try readAll() }
        self.result.withLock { $0 = result }
        ring.close()
    }

    private func readAll() throws -> TraceContents {
        guard var slot = ring.slotToFill() else { throw Left() }
        var count = 0
        defer { handOver(slot, count) }
        let others = reader.calls
        return try reader.read { event in
            if count == Self.eventsOfSlot {
                handOver(slot, count)
                count = 0
                guard let next = ring.slotToFill() else { throw Left() }
                slot = next
            }
            (start(of: slot) + count).initialize(to: Self.moved(event, from: others, to: calls))
            count += 1
        }
    }

    private func handOver(_ slot: Int, _ count: Int) {
        guard count > 0 else { return }
        counts[slot] = count
        ring.endFilling()
    }

    private func start(of slot: Int) -> UnsafeMutablePointer<KernelEvent> { events + slot * Self.eventsOfSlot }

    /// An event whose arguments are where they stay until it was taken in.
    @inline(__always)
    static func moved(_ event: borrowing KernelEvent, from: ProbeCalls, to: ProbeCalls) -> KernelEvent {
        var moved = copy event
        switch moved.body {
        case .function(let function, let call): moved.body = .function(function, to.add(call, from: from))
        case .functionReturn(let function, let call): moved.body = .functionReturn(function, to.add(call, from: from))
        default: break
        }
        return moved
    }

    /// On the other thread: all events, and then what the reader returned or threw.
    func empty(_ each: (borrowing KernelEvent) throws -> Void) throws -> TraceContents {
        defer { ring.leave() }
        while let slot = ring.slotToEmpty() {
            let start = start(of: slot)
            for place in 0..<counts[slot] { try each(start[place]) }
            ring.endEmptying()
        }
        guard let result = result.withLock({ $0 }) else { throw Left() }
        return try result.get()
    }
}
