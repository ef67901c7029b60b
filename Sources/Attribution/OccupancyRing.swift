// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// The last occupancies of one CPU.
struct OccupancyRing: Sendable {
    struct Occupancy {
        var from: UInt64
        var until: UInt64
        /// Position in the log's names.
        var name: Int32
        /// `poolWork` or `otherTask`.
        var occupant: CPUOccupant
    }

    /// A power of two.
    static let capacity = 512

    private var occupancies: [Occupancy] = []
    /// How many were ever added, which are numbered in this order.
    private var count = 0
    /// Number of the last occupancy that began before the one that was added before it.
    private var disordered = 0
    /// Where the last wait's occupancies ended: the next wait's are mostly there or a little later.
    private var end = 0

    mutating func add(_ occupancy: Occupancy) {
        if count > 0, occupancy.from < self[count - 1].from { disordered = count }
        if occupancies.count < Self.capacity {
            occupancies.append(occupancy)
        } else {
            occupancies[count % Self.capacity] = occupancy
        }
        count += 1
    }

    /// Adds what the occupancies have in common with a wait, from the newest backwards until one ended before the wait began.
    mutating func addOverlaps(with wait: CPUWait, poolWork: inout NameSums, otherTask: inout NameSums) {
        let (from, until) = (wait.from.nanoseconds, wait.until.nanoseconds)
        seek(until)
        var number = end
        while number > oldest {
            number -= 1
            let occupancy = self[number]
            if occupancy.until <= from { break }
            guard occupancy.from < until else { continue }
            let overlap = min(occupancy.until, until) - max(occupancy.from, from)
            if occupancy.occupant == .poolWork {
                poolWork.add(overlap, name: Int(occupancy.name))
            } else {
                otherTask.add(overlap, name: Int(occupancy.name))
            }
        }
    }

    /// Sets `end` behind the newest occupancy that begins before a time: those from there on have nothing before it.
    private mutating func seek(_ time: UInt64) {
        // Without an order only the newest is a place to begin at.
        end = disordered > oldest ? count : max(end, oldest)
        while end < count, self[end].from < time { end += 1 }
        while end > oldest, self[end - 1].from >= time { end -= 1 }
    }

    private var oldest: Int { count - occupancies.count }

    private subscript(number: Int) -> Occupancy { occupancies[number % Self.capacity] }
}
