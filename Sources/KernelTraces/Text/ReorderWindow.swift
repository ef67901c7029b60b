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
    /// Where, among the events that are held, a CPU's time went back by more than is put in order.
    private var starts: [Int] = []
    private let calls: ProbeCalls
    private let firstCall: Int
    /// How often a longer text went back by more than is put in order.
    private(set) var returns: UInt64 = 0
    private(set) var repeated = RepeatedLines()

    private static let size = 256
    private static let mostHeld = 1 << 17
    /// A text that goes back more often than this was sorted by something else, e.g. by the names of threads.
    private static let mostTraces = 8
    /// Further back is no disorder: another trace, or another clock.
    private static let longest: UInt64 = 100_000_000

    private let looksForCopies: Bool

    /// - Parameters:
    ///   - calls: the arguments of the events, of which not all are kept.
    ///   - looksForCopies: events that are alike in all are one.
    init(_ calls: ProbeCalls, looksForCopies: Bool = true) {
        (self.calls, self.looksForCopies) = (calls, looksForCopies)
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
        first += 1
        try each(events[first - 1])
        if first == 4 * Self.size {
            events.removeSubrange(..<first)
            first = 0
        }
    }

    @inline(never)
    private mutating func hold(_ event: KernelEvent, _ each: (borrowing KernelEvent) throws -> Void) rethrows {
        let place = UInt32(event.machine) << 16 | UInt32(event.cpu)
        if lastTimes[place] ?? 0 > event.time &+ Self.longest {
            // The CPU's next trace, of another boot perhaps.
            starts.append(events.count)
            lastTimes = [:]
        }
        lastTimes[place] = event.time
        events.append(event)
        guard events.count >= Self.mostHeld || calls.count - firstCall >= ProbeCalls.mostHeld else { return }
        // The last ones wait for those that are a little late.
        try release(keeping: Self.size, each)
    }

    /// Gives out what was held, in order: one trace after the other, or all of it if it only looks like so many.
    private mutating func release(
        keeping kept: Int, _ each: (borrowing KernelEvent) throws -> Void
    ) rethrows {
        isHolding = false
        let bounds = starts.count > Self.mostTraces || isByThread ? [] : starts
        for (start, end) in zip([0] + bounds, bounds + [events.count]) {
            sort(start..<end)
            if start > 0 { try each(Self.anotherTrace(events[start])) }
            let last = end == events.count ? max(start, end - kept) : end
            for index in start..<last where !isCopy(events[index]) { try each(events[index]) }
        }
        events = Array(events.suffix(min(kept, events.count - (bounds.last ?? 0))))
    }

    private mutating func isCopy(_ event: borrowing KernelEvent) -> Bool {
        guard looksForCopies else { return false }
        return repeated.contain(event)
    }

    /// Each thread's events are together, as no trace has them: they were sorted by it.
    private var isByThread: Bool {
        guard !starts.isEmpty else { return false }
        var seen: Set<UInt64> = []
        var last: UInt64?
        for event in events {
            let thread = UInt64(event.machine) << 32 | UInt64(event.thread)
            guard thread != last else { continue }
            guard seen.insert(thread).inserted else { return false }
            last = thread
        }
        return true
    }

    /// Nothing of the trace before has a part in it.
    private static func anotherTrace(_ first: KernelEvent) -> KernelEvent {
        KernelEvent(
            time: first.time, cpu: first.cpu, context: nil, machine: first.machine, thread: 0, name: .unknown,
            body: .anotherTrace)
    }

    private mutating func sort(_ range: Range<Int>) {
        let steps = zip(range, range.dropFirst())
        let falls = steps.count { events[$0].time > events[$1].time }
        guard falls > 0 else { return }
        // Of equal times the first in the text stays the first, or the last where the newest is on top.
        let rises = steps.count { events[$0].time < events[$1].time }
        let sign = falls - rises > range.count / 4 ? -1 : 1
        let order = range.sorted { (events[$0].time, sign * $0) < (events[$1].time, sign * $1) }
        events.replaceSubrange(range, with: order.map { events[$0] })
    }

    mutating func finish(_ each: (borrowing KernelEvent) throws -> Void) rethrows {
        if isHolding {
            try release(keeping: 0, each)
        } else {
            for index in first..<events.count { try each(events[index]) }
        }
        events.removeAll()
        first = 0
    }
}
