// SPDX-License-Identifier: GPL-2.0-only

import Attribution

/// Counts durations in nanoseconds, in several rows: of the whole latency, and of each stage. The memory depends on
/// their range and not on their number: 25 KB a row up to one second.
struct DurationTable: ~Copyable, Sendable {
    /// One for each stage, and one for the latency.
    static let rows = Stage.count + 1
    /// 128 buckets of each row, then the next 128 of each row.
    private var counts = CountTable(0)
    private var highest = CountTable(rows)

    /// Makes room for durations in buckets up to this one.
    @inline(__always)
    mutating func reach(_ bucket: Int) {
        if place(of: bucket, in: Self.rows - 1) >= counts.count { grow(to: bucket) }
    }

    /// - Parameter nanoseconds: a duration for which there is room.
    @inline(__always)
    mutating func record(_ nanoseconds: UInt64, in row: Int) {
        counts[place(of: DurationBucket.number(of: nanoseconds), in: row)] &+= 1
        if nanoseconds > highest[row] { highest[row] = nanoseconds }
    }

    /// The same so many times, whether there is room or not.
    mutating func record(_ nanoseconds: UInt64, times: UInt64, in row: Int) {
        guard times > 0 else { return }
        let bucket = DurationBucket.number(of: nanoseconds)
        reach(bucket)
        record(nanoseconds, in: row)
        counts[place(of: bucket, in: row)] &+= times - 1
    }

    /// Knows of a duration that was recorded as a shorter one.
    mutating func note(longest nanoseconds: UInt64, in row: Int) {
        highest[row] = max(highest[row], nanoseconds)
    }

    @inline(__always)
    private func place(of bucket: Int, in row: Int) -> Int {
        (bucket >> 7 &* Self.rows &+ row) << 7 | bucket & 127
    }

    @inline(never)
    private mutating func grow(to bucket: Int) {
        counts.grow(to: (bucket / DurationBucket.octave + 1) * DurationBucket.octave * Self.rows)
    }

    mutating func add(_ other: borrowing DurationTable) {
        counts.add(other.counts)
        for row in 0..<Self.rows { highest[row] = max(highest[row], other.highest[row]) }
    }

    /// - Parameter total: of all durations in the row, nanoseconds; buckets cannot tell it.
    func distribution(_ row: Int, total: UInt128) -> DurationDistribution {
        let buckets = 0..<counts.count / Self.rows
        return DurationDistribution(
            total: total, max: highest[row],
            counts: buckets.map { counts[place(of: $0, in: row)] })
    }
}
