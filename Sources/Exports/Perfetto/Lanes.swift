// SPDX-License-Identifier: GPL-2.0-only

/// Where things that overlap in time are drawn: each in the first lane where it lies within, or behind, what is there.
struct Lanes {
    /// Ends of what is open in each lane, the innermost last.
    private var open: [[UInt64]] = []

    var count: Int { open.count }

    /// The lane of what begins at `start`, which must not be before that of the call before. Of what begins together the
    /// longest must come first.
    mutating func place(from start: UInt64, until end: UInt64) -> Int {
        for lane in open.indices {
            while let last = open[lane].last, last <= start { open[lane].removeLast() }
            guard open[lane].last.map({ end <= $0 }) ?? true else { continue }
            open[lane].append(end)
            return lane
        }
        open.append([end])
        return open.count - 1
    }

    /// The same for what shares its lane at no time.
    mutating func placeAlone(from start: UInt64, until end: UInt64) -> Int {
        for lane in open.indices where open[lane].allSatisfy({ $0 <= start }) {
            open[lane] = [end]
            return lane
        }
        open.append([end])
        return open.count - 1
    }
}
