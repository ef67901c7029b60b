// SPDX-License-Identifier: GPL-2.0-only

/// Puts events that are a little out of order into it. Texts of several CPUs are merged by their writer, which does not
/// wait for a CPU that is late.
struct ReorderWindow {
    private var events: [KernelEvent] = []
    private var first = 0
    private static let size = 256
    /// Further back is no disorder: another trace, or another clock.
    private static let longest: UInt64 = 100_000_000

    /// Takes in one event, and gives the earliest out once there are more than a few hundred.
    @inline(__always)
    mutating func add(_ event: KernelEvent, _ each: (borrowing KernelEvent) throws -> Void) rethrows {
        if let last = events.last, first < events.count, last.time > event.time &+ Self.longest { try finish(each) }
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

    mutating func finish(_ each: (borrowing KernelEvent) throws -> Void) rethrows {
        for index in first..<events.count { try each(events[index]) }
        events.removeAll()
        first = 0
    }
}
