// SPDX-License-Identifier: GPL-2.0-only

/// Counts durations in nanoseconds, in several rows: of the whole latency, and of each stage that occurs. The memory
/// depends on their range and not on their number: 25 KB a row up to one second.
struct DurationTable: ~Copyable, Sendable {
    private var rows = 12
    /// 128 buckets of each row, then the next 128 of each row.
    private var counts = CountTable(0)
    private var highest = CountTable(12)

    /// Makes room for this many rows.
    mutating func widen(to wanted: Int) {
        guard wanted > rows else { return }
        let wider = wanted + 4
        var table = CountTable(counts.count / rows * wider)
        for place in 0..<counts.count {
            let (block, within) = (place >> 7, place & 127)
            table[(block / rows * wider + block % rows) << 7 | within] = counts[place]
        }
        counts = table
        rows = wider
        highest.grow(to: wider)
    }

    /// Makes room for durations in buckets up to this one.
    @inline(__always)
    mutating func reach(_ bucket: Int) {
        if place(of: bucket, in: rows - 1) >= counts.count { grow(to: bucket) }
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
        (bucket >> 7 &* rows &+ row) << 7 | bucket & 127
    }

    @inline(never)
    private mutating func grow(to bucket: Int) {
        counts.grow(to: (bucket / DurationBucket.octave + 1) * DurationBucket.octave * rows)
    }

    /// Adds a row of another table.
    mutating func add(_ other: borrowing DurationTable, row: Int, to own: Int) {
        guard other.counts.count > 0 else { return }
        reach(other.counts.count / other.rows - 1)
        for bucket in 0..<other.counts.count / other.rows {
            counts[place(of: bucket, in: own)] &+= other.counts[other.place(of: bucket, in: row)]
        }
        note(longest: other.highest[row], in: own)
    }

    /// - Parameter total: of all durations in the row, nanoseconds; buckets do not have it.
    func distribution(_ row: Int, total: UInt128) -> DurationDistribution {
        DurationDistribution(total: total, max: highest[row], counts: counts(of: row))
    }

    /// By number of the bucket.
    func counts(of row: Int) -> [UInt64] {
        (0..<counts.count / rows).map { counts[place(of: $0, in: row)] }
    }
}
