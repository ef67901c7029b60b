// SPDX-License-Identifier: GPL-2.0-only

/// Counts of durations by size, in buckets at most 1/128 of their value wide. Its memory depends on how far the
/// durations spread.
struct DurationCounts: Equatable, Sendable {
    /// Number of the bucket that `counts` begins with.
    private var first = 0
    private var counts: [UInt64] = []
    private(set) var total: UInt64 = 0

    /// The bucket of a duration: single nanoseconds up to 255, then 128 buckets an octave.
    @inline(__always)
    private static func bucket(of nanoseconds: UInt64) -> Int {
        let octave = 56 - (nanoseconds | 0xff).leadingZeroBitCount
        return octave << 7 + Int(nanoseconds >> UInt64(octave))
    }

    /// Where a bucket begins and the next one does, in nanoseconds.
    private static func edges(of bucket: Int) -> (low: Double, high: Double) {
        let octave = max(0, bucket >> 7 - 1)
        let width = Double(UInt64(1) << UInt64(octave))
        let low = Double(bucket - octave << 7) * width
        return (low, low + width)
    }

    mutating func add(_ nanoseconds: UInt64) {
        let bucket = Self.bucket(of: nanoseconds)
        cover(bucket...bucket)
        counts[bucket - first] += 1
        total += 1
    }

    mutating func add(_ other: DurationCounts) {
        guard other.total > 0 else { return }
        cover(other.first...(other.first + other.counts.count - 1))
        let shift = other.first - first
        counts.withUnsafeMutableBufferPointer { counts in
            other.counts.withUnsafeBufferPointer { others in
                var index = 0
                while index < others.count {
                    counts[shift + index] &+= others[index]
                    index += 1
                }
            }
        }
        total &+= other.total
    }

    /// Grows by whole octaves.
    private mutating func cover(_ buckets: ClosedRange<Int>) {
        guard buckets.lowerBound < first || buckets.upperBound >= first + counts.count else { return }
        let begin = buckets.lowerBound & ~127
        let end = (buckets.upperBound | 127) + 1
        if counts.isEmpty { first = begin }
        if begin < first {
            counts = [UInt64](repeating: 0, count: first - begin) + counts
            first = begin
        }
        let missing = end - (first + counts.count)
        if missing > 0 { counts += [UInt64](repeating: 0, count: missing) }
    }

    /// How many are in the buckets behind `bucket`.
    func count(behind bucket: Int) -> UInt64 {
        let start = min(max(0, bucket + 1 - first), counts.count)
        return counts.withUnsafeBufferPointer { counts in
            var sum: UInt64 = 0
            var index = start
            while index < counts.count {
                sum &+= counts[index]
                index += 1
            }
            return sum
        }
    }

    /// Where the part `fraction` (0...1) of all durations lies below.
    func quantile(_ fraction: Double) -> Quantile? {
        guard total > 0 else { return nil }
        let rank = min(max(fraction, 0), 1) * Double(total)
        var below = 0.0
        for (index, count) in counts.enumerated() where count > 0 {
            let behind = below + Double(count)
            if behind >= rank {
                let (low, high) = Self.edges(of: first + index)
                let value = low + (high - low) * max(0, rank - below) / Double(count)
                return Quantile(bucket: first + index, low: low, value: value, high: high)
            }
            below = behind
        }
        return nil
    }

    /// A quantile's bucket with its edges, and a value in it for which the bucket is taken to be evenly filled.
    /// Nanoseconds.
    struct Quantile {
        var bucket: Int
        var low: Double
        var value: Double
        var high: Double
    }
}
