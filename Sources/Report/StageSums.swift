// SPDX-License-Identifier: GPL-2.0-only

import Attribution

/// Nanoseconds by stage of the I/Os in each bucket of latency.
///
/// What the slowest I/Os are made of can only be asked once it is known which they are, at the end. Instead of a second
/// pass, or of keeping every I/O, the stages are summed by bucket of latency, in the buckets of the latency histogram
/// itself: the sum of all rows from a percentile's bucket on is then exact for just the I/Os that the histogram has
/// there. The table grows with the largest latency: 350 KB up to one second.
struct StageSums: ~Copyable, Sendable {
    private var sums = CountTable(0)
    /// How often a sum went beyond 64 bits: of times that only a corrupt capture holds.
    private var carries: [Int: UInt64] = [:]

    @inline(__always)
    mutating func add(_ spans: StageSpans, latency: UInt64) {
        let row = DurationBucket.number(of: latency) &* Stage.count
        if row >= sums.count { grow(to: row) }
        spans.forEach { add($0.nanoseconds, at: row &+ Int($0.stage.rawValue)) }
    }

    @inline(__always)
    private mutating func add(_ nanoseconds: UInt64, at place: Int) {
        let (sum, isBeyond) = sums[place].addingReportingOverflow(nanoseconds)
        sums[place] = sum
        if isBeyond { carry(place, 1) }
    }

    @inline(never)
    private mutating func carry(_ place: Int, _ times: UInt64) { carries[place, default: 0] += times }

    @inline(never)
    private mutating func grow(to row: Int) {
        let octave = DurationBucket.octave * Stage.count
        sums.grow(to: (row / octave + 1) * octave)
    }

    mutating func add(_ other: borrowing StageSums) {
        sums.grow(to: other.sums.count)
        for place in 0..<other.sums.count { add(other.sums[place], at: place) }
        for (place, times) in other.carries { carry(place, times) }
    }

    /// Nanoseconds by stage of all I/Os in `bucket` and above.
    func sums(from bucket: Int = 0) -> [UInt128] {
        var result = [UInt128](repeating: 0, count: Stage.count)
        for place in stride(from: bucket * Stage.count, to: sums.count, by: 1) {
            result[place % Stage.count] += UInt128(sums[place])
        }
        for (place, times) in carries where place >= bucket * Stage.count {
            result[place % Stage.count] += UInt128(times) << 64
        }
        return result
    }
}
