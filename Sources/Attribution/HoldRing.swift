// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// The last holds of one CPU.
struct HoldRing: Sendable {
    struct Hold {
        var from: UInt64
        var until: UInt64
        /// Position in the log's names.
        var name: Int32
        /// `poolWork` or `otherTask`.
        var holder: CPUHolder
    }

    /// A power of two.
    static let capacity = 512

    private var holds: [Hold] = []
    /// How many were ever added, which are numbered in this order.
    private var count = 0
    /// Number of the last hold that began before the one that was added before it.
    private var disordered = 0
    /// Where the last wait's holds ended: the next wait's are mostly there or a little later.
    private var end = 0

    mutating func add(_ hold: Hold) {
        if count > 0, hold.from < self[count - 1].from { disordered = count }
        if holds.count < Self.capacity { holds.append(hold) } else { holds[count % Self.capacity] = hold }
        count += 1
    }

    /// Adds what the holds have in common with a wait, from the newest backwards until one ended before the wait began.
    mutating func addOverlaps(with wait: CPUWait, poolWork: inout NameSums, otherTask: inout NameSums) {
        let (from, until) = (wait.from.nanoseconds, wait.until.nanoseconds)
        seek(until)
        var number = end
        while number > oldest {
            number -= 1
            let hold = self[number]
            if hold.until <= from { break }
            guard hold.from < until else { continue }
            let overlap = min(hold.until, until) - max(hold.from, from)
            if hold.holder == .poolWork {
                poolWork.add(overlap, name: Int(hold.name))
            } else {
                otherTask.add(overlap, name: Int(hold.name))
            }
        }
    }

    /// Sets `end` behind the newest hold that begins before a time: those from there on have nothing before it.
    private mutating func seek(_ time: UInt64) {
        // Without an order only the newest is a place to begin at.
        end = disordered > oldest ? count : max(end, oldest)
        while end < count, self[end].from < time { end += 1 }
        while end > oldest, self[end - 1].from >= time { end -= 1 }
    }

    private var oldest: Int { count - holds.count }

    private subscript(number: Int) -> Hold { holds[number % Self.capacity] }
}
