// SPDX-License-Identifier: GPL-2.0-only

import Attribution

/// Nanoseconds by stage of the I/Os in each bucket of latency.
///
/// What the slowest I/Os are made of can only be asked once it is known which they are, at the end. Instead of a second
/// pass, or of keeping every I/O, the stages are summed by bucket of latency, in the buckets of the latency histogram
/// itself: the sum of all rows from a percentile's bucket on is then exact for just the I/Os that the histogram has
/// there. The table grows with the largest latency: 150 KB up to one second.
struct StageSums: ~Copyable, Sendable {
    /// By bucket, a column for each stage that occurred: those of most recordings are in one line of the cache.
    private var sums = CountTable(0)
    private var width = 8
    /// By stage: its column and 1, or 0 when it has none.
    private var columns = CountTable(Stage.count)
    private var used = 0
    /// How often a sum went beyond 64 bits, by bucket and stage: of times that only a corrupt capture holds.
    private var carries: [Int: UInt64] = [:]

    /// Makes room for I/Os of this latency.
    @inline(__always)
    mutating func reach(_ bucket: Int) {
        if bucket &* width >= sums.count { grow(to: bucket) }
    }

    /// - Parameter bucket: of the I/O's latency, for which there is room.
    @inline(__always)
    mutating func add(_ nanoseconds: UInt64, _ stage: Stage, in bucket: Int) {
        if columns[Int(stage.rawValue)] == 0 { addColumn(for: stage) }
        let place = bucket &* width &+ Int(truncatingIfNeeded: columns[Int(stage.rawValue)]) &- 1
        let (sum, isBeyond) = sums[place].addingReportingOverflow(nanoseconds)
        sums[place] = sum
        if isBeyond { carry(bucket, stage, 1) }
    }

    @inline(never)
    private mutating func carry(_ bucket: Int, _ stage: Stage, _ times: UInt64) {
        carries[bucket * Stage.count + Int(stage.rawValue), default: 0] += times
    }

    @inline(never)
    private mutating func addColumn(for stage: Stage) {
        if used == width { widen(to: width + 8) }
        used += 1
        columns[Int(stage.rawValue)] = UInt64(used)
    }

    private mutating func widen(to wider: Int) {
        var table = CountTable(sums.count / width * wider)
        for place in 0..<sums.count { table[place / width * wider + place % width] = sums[place] }
        sums = table
        width = wider
    }

    @inline(never)
    private mutating func grow(to bucket: Int) {
        sums.grow(to: (bucket / DurationBucket.octave + 1) * DurationBucket.octave * width)
    }

    mutating func add(_ other: borrowing StageSums) {
        if other.sums.count > 0 { grow(to: other.sums.count / other.width - 1) }
        for stage in Stage.allCases {
            guard let column = other.column(of: stage) else { continue }
            for bucket in 0..<other.sums.count / other.width {
                add(other.sums[bucket * other.width + column], stage, in: bucket)
            }
        }
        for (place, times) in other.carries { carries[place, default: 0] += times }
    }

    private func column(of stage: Stage) -> Int? {
        columns[Int(stage.rawValue)] == 0 ? nil : Int(columns[Int(stage.rawValue)]) - 1
    }

    /// Nanoseconds by stage of all I/Os in `bucket` and above.
    func sums(from bucket: Int = 0) -> [UInt128] {
        var result = Stage.allCases.map { stage in
            guard let column = column(of: stage) else { return UInt128(0) }
            return stride(from: bucket * width + column, to: sums.count, by: width)
                .reduce(UInt128(0)) { $0 + UInt128(sums[$1]) }
        }
        for (place, times) in carries where place >= bucket * Stage.count {
            result[place % Stage.count] += UInt128(times) << 64
        }
        return result
    }
}
