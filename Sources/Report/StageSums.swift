// SPDX-License-Identifier: GPL-2.0-only

/// Nanoseconds by stage of the I/Os in each bucket of latency.
///
/// What the slowest I/Os are made of can only be asked once it is known which they are, at the end. Instead of a second
/// pass, or of keeping every I/O, the stages are summed by bucket of latency, in the buckets of the latency histogram
/// itself: the sum of all rows from a percentile's bucket on is then exact for just the I/Os that the histogram has
/// there. The table grows with the largest latency: 150 KB up to one second.
struct StageSums: ~Copyable, Sendable {
    /// By bucket, a column for each place of a stage: those of most recordings are in one line of the cache.
    private var sums = CountTable(0)
    private var width = 8
    /// How often a sum went beyond 64 bits, by bucket and place: of times that only a corrupt capture has.
    private var carries: [Carry: UInt64] = [:]

    private struct Carry: Hashable {
        var bucket: Int
        var place: Int
    }

    /// Makes room for I/Os of this latency.
    @inline(__always)
    mutating func reach(_ bucket: Int) {
        if bucket &* width >= sums.count { grow(to: bucket) }
    }

    /// Makes room for this many stages.
    mutating func widen(to wanted: Int) {
        guard wanted > width else { return }
        let wider = (wanted + 7) / 8 * 8
        var table = CountTable(sums.count / width * wider)
        for place in 0..<sums.count { table[place / width * wider + place % width] = sums[place] }
        sums = table
        width = wider
    }

    /// - Parameters:
    ///   - place: of the stage, for which there is room.
    ///   - bucket: of the I/O's latency, for which there is room.
    @inline(__always)
    mutating func add(_ nanoseconds: UInt64, _ place: Int, in bucket: Int) {
        let (sum, isBeyond) = sums[bucket &* width &+ place].addingReportingOverflow(nanoseconds)
        sums[bucket &* width &+ place] = sum
        if isBeyond { carry(bucket, place, 1) }
    }

    @inline(never)
    private mutating func carry(_ bucket: Int, _ place: Int, _ times: UInt64) {
        carries[Carry(bucket: bucket, place: place), default: 0] += times
    }

    @inline(never)
    private mutating func grow(to bucket: Int) {
        sums.grow(to: (bucket / DurationBucket.octave + 1) * DurationBucket.octave * width)
    }

    /// - Parameter places: by place in `other`: that here, for which there is room.
    mutating func add(_ other: borrowing StageSums, places: [Int]) {
        if other.sums.count > 0 { grow(to: other.sums.count / other.width - 1) }
        for (from, place) in places.enumerated() {
            for bucket in 0..<other.sums.count / other.width {
                add(other.sums[bucket * other.width + from], place, in: bucket)
            }
        }
        for (lost, times) in other.carries { carry(lost.bucket, places[lost.place], times) }
    }

    /// Nanoseconds by place of all I/Os in `bucket` and above.
    func sums(of places: Int, from bucket: Int = 0) -> [UInt128] {
        var result = (0..<places).map { place in
            stride(from: bucket * width + place, to: sums.count, by: width)
                .reduce(UInt128(0)) { $0 + UInt128(sums[$1]) }
        }
        for (lost, times) in carries where lost.bucket >= bucket { result[lost.place] += UInt128(times) << 64 }
        return result
    }
}
