// SPDX-License-Identifier: GPL-2.0-only

/// Counts durations in nanoseconds, in several rows: of the whole latency, and of each stage. The memory depends on
/// their range and not on their number: 25 KB a row up to one second.
struct DurationTable: ~Copyable, Sendable {
    private let rows: Int
    /// 128 buckets of each row, then the next 128 of each row.
    private var counts = CountTable(0)
    private var highest: CountTable

    init(rows: Int) {
        self.rows = rows
        highest = CountTable(rows)
    }

    @inline(__always)
    mutating func record(_ nanoseconds: UInt64, in row: Int) {
        let place = place(of: DurationBucket.number(of: nanoseconds), in: row)
        if place >= counts.count { grow(to: place) }
        counts[place] &+= 1
        if nanoseconds > highest[row] { highest[row] = nanoseconds }
    }

    @inline(__always)
    private func place(of bucket: Int, in row: Int) -> Int {
        (bucket >> 7 &* rows &+ row) << 7 | bucket & 127
    }

    @inline(never)
    private mutating func grow(to place: Int) {
        let octave = rows * DurationBucket.octave
        counts.grow(to: (place / octave + 1) * octave)
    }

    mutating func add(_ other: borrowing DurationTable) {
        counts.add(other.counts)
        for row in 0..<rows { highest[row] = max(highest[row], other.highest[row]) }
    }

    /// - Parameter total: of all durations in the row, nanoseconds; buckets cannot tell it.
    func distribution(_ row: Int, total: UInt128) -> DurationDistribution {
        let buckets = 0..<counts.count / rows
        return DurationDistribution(
            total: total, max: highest[row],
            counts: buckets.map { counts[place(of: $0, in: row)] })
    }
}
