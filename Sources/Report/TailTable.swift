// SPDX-License-Identifier: GPL-2.0-only

import Attribution

/// Nanoseconds by stage of the I/Os in each bucket of latency.
///
/// What the slowest I/Os are made of can only be asked once it is known which they are, at the end. Instead of a second
/// pass, or of keeping every I/O, the stages are summed by bucket of latency, in the buckets of the latency histogram
/// itself: the sum of all rows from a percentile's bucket on is then exact for just the I/Os that the histogram has
/// there. The table grows with the largest latency: 700 KB up to one second.
struct TailTable {
    private var sums: [UInt128] = []

    /// The bucket of a latency: single nanoseconds up to 255, then 128 buckets an octave. The same as a histogram of
    /// two significant digits.
    @inline(__always)
    static func bucket(of nanoseconds: UInt64) -> Int {
        let octave = 56 - (nanoseconds | 0xff).leadingZeroBitCount
        return octave << 7 + Int(nanoseconds >> UInt64(octave))
    }

    /// The smallest latency in a bucket.
    static func lowest(of bucket: Int) -> UInt64 {
        let octave = Swift.max(0, bucket >> 7 - 1)
        return UInt64(bucket - octave << 7) << UInt64(octave)
    }

    @inline(__always)
    mutating func add(_ spans: StageSpans, latency: UInt64) {
        let row = Self.bucket(of: latency) * Stage.count
        if row >= sums.count { grow(to: row) }
        sums.withUnsafeMutableBufferPointer { sums in
            spans.forEach { sums[row + Int($0.stage.rawValue)] += UInt128($0.nanoseconds) }
        }
    }

    private mutating func grow(to row: Int) {
        let octave = 128 * Stage.count
        let count = (row / octave + 1) * octave
        sums.append(contentsOf: repeatElement(0, count: count - sums.count))
    }

    /// Nanoseconds by stage of all I/Os in `bucket` and above.
    func sums(from bucket: Int) -> [UInt128] {
        var result = [UInt128](repeating: 0, count: Stage.count)
        for index in stride(from: bucket * Stage.count, to: sums.count, by: 1) {
            result[index % Stage.count] += sums[index]
        }
        return result
    }
}
