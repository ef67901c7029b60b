// SPDX-License-Identifier: GPL-2.0-only

/// Numbers of buckets that durations fall in: single nanoseconds up to 255, then 128 buckets an octave. The same as
/// those of a histogram of two significant digits, in which buckets are at most 1/128 of their value wide: percentiles
/// are within 0.8%.
package enum DurationBucket {
    /// Buckets that tables grow by.
    static let octave = 128

    @inline(__always)
    package static func number(of nanoseconds: UInt64) -> Int {
        let octave = 56 &- (nanoseconds | 0xff).leadingZeroBitCount
        return octave << 7 &+ Int(truncatingIfNeeded: nanoseconds >> UInt64(truncatingIfNeeded: octave))
    }

    /// The smallest duration in a bucket.
    package static func lowest(of bucket: Int) -> UInt64 {
        let octave = Swift.max(0, bucket >> 7 - 1)
        return UInt64(bucket - octave << 7) << UInt64(octave)
    }
}
