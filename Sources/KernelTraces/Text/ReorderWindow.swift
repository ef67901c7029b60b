// SPDX-License-Identifier: GPL-2.0-only

/// Puts events of a text into the order of their times.
///
/// A text that fits is held and sorted as a whole, so that the CPUs of one trace may come one after the other. Of a longer
/// one only the beginning is; from there on events that are a little out of order are put into it: texts of several CPUs
/// are merged by their writer, which does not wait for a CPU that is late.
struct ReorderWindow {
    private var events: [KernelEvent] = []
    private var first = 0
    private var isHolding = true
    /// Of the events that are held: the last time of each CPU of each machine.
    private var lastTimes: [UInt32: UInt64] = [:]
    /// Held events are in order already.
    private var isOrdered = true
    private let calls: ProbeCalls
    private let firstCall: Int
    /// How often a longer text went back by more than is put in order.
    private(set) var returns: UInt64 = 0
    private(set) var repeated = RepeatedLines()

    private static let size = 256
    private static let mostHeld = 1 << 17
    /// Further back is no disorder: another trace, or another clock.
    private static let longest: UInt64 = 100_000_000

    /// - Parameter calls: the arguments of the events, of which not all are kept.
    init(_ calls: ProbeCalls) {
        self.calls = calls
        firstCall = calls.count
    }

    /// Takes in one event, and gives the earliest out once there are more than are kept.
    @inline(__always)
    mutating func add(_ event: KernelEvent, _ each: (borrowing KernelEvent) throws -> Void) rethrows {
        if isHolding { return try hold(event, each) }
        if let last = events.last, first < events.count, last.time > event.time &+ Self.longest {
            returns += 1
            try finish(each)
        }
        var place = events.count
        while place > first, events[place - 1].time > event.time { place -= 1 }
        if place == events.count { events.append(event) } else { events.insert(event, at: place) }
        guard events.count - first > Self.size else { return }
        let earliest = events[first]
        first += 1
        if first == 4 * Self.size {
            events.removeSubrange(..<first)
            first = 0
        }
        try each(earliest)
    }

    @inline(never)
    private mutating func hold(_ event: KernelEvent, _ each: (borrowing KernelEvent) throws -> Void) rethrows {
        let place = UInt32(event.machine) << 16 | UInt32(event.cpu)
        let last = lastTimes[place] ?? 0
        // The CPU's next trace, of another boot perhaps: what there is of the one before has no part in it.
        if last > event.time &+ Self.longest {
            try finish(each)
            lastTimes = [:]
            try each(
                KernelEvent(
                    time: event.time, cpu: event.cpu, context: nil, machine: event.machine, thread: 0, name: .unknown,
                    body: .anotherTrace))
        }
        lastTimes[place] = event.time
        if let before = events.last, before.time > event.time { isOrdered = false }
        events.append(event)
        guard events.count >= Self.mostHeld || calls.count - firstCall >= ProbeCalls.mostHeld else { return }
        isHolding = false
        sort()
        // The last ones wait for those that are a little late.
        let late = Array(events.suffix(Self.size))
        for index in 0..<(events.count - late.count) where !repeated.contain(events[index]) { try each(events[index]) }
        events = late
    }

    private mutating func sort() {
        guard !isOrdered else { return }
        // Of equal times the first in the text stays the first.
        let order = events.indices.sorted { (events[$0].time, $0) < (events[$1].time, $1) }
        events = order.map { events[$0] }
        isOrdered = true
    }

    mutating func finish(_ each: (borrowing KernelEvent) throws -> Void) rethrows {
        if isHolding { sort() }
        for index in first..<events.count where !(isHolding && repeated.contain(events[index])) {
            try each(events[index])
        }
        events.removeAll()
        first = 0
    }
}
