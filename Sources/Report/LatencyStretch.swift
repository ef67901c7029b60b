// SPDX-License-Identifier: GPL-2.0-only

/// I/Os whose latency lies in one stretch of a coarse scale, for a histogram that people read.
public struct LatencyStretch: Equatable, Sendable {
    /// Nanoseconds: at least this.
    public var from: UInt64
    /// Nanoseconds: less than this.
    public var to: UInt64
    public var ios: UInt64

    /// The scale 1, 2, 5, 10, 20, ... of nanoseconds, over what occurred: those in between that are empty, too.
    /// - Parameter counts: by number of `DurationBucket`; one that lies across a mark is counted by its lower end.
    static func all(of counts: [UInt64]) -> [LatencyStretch] {
        guard let first = counts.firstIndex(where: { $0 > 0 }), let last = counts.lastIndex(where: { $0 > 0 }) else {
            return []
        }
        var stretches: [LatencyStretch] = []
        var marks = Marks()
        var (from, to) = (UInt64(0), marks.next())
        for bucket in first...last {
            while DurationBucket.lowest(of: bucket) >= to, to < .max {
                (from, to) = (to, marks.next())
                if !stretches.isEmpty { stretches.append(LatencyStretch(from: from, to: to, ios: 0)) }
            }
            if stretches.isEmpty { stretches.append(LatencyStretch(from: from, to: to, ios: 0)) }
            stretches[stretches.count - 1].ios += counts[bucket]
        }
        return stretches
    }

    /// The first, and all later ones of the scale up to the last.
    public static func marks(from first: UInt64, through last: UInt64) -> [UInt64] {
        var (found, marks) = ([first], Marks())
        while case let mark = marks.next(), mark <= last {
            if mark > first { found.append(mark) }
            if mark == .max { break }
        }
        return found
    }

    /// 1, 2, 5, 10, 20, ... and, where 64 bits end, the largest number.
    private struct Marks {
        private var decade: UInt64 = 1
        private var step = 0

        mutating func next() -> UInt64 {
            let (mark, isBeyond) = decade.multipliedReportingOverflow(by: [1, 2, 5][step])
            step += 1
            if step == 3 {
                step = 0
                let (next, overflows) = decade.multipliedReportingOverflow(by: 10)
                decade = overflows ? .max : next
            }
            return isBeyond ? .max : mark
        }
    }
}
