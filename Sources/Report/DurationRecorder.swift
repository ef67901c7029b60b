// SPDX-License-Identifier: GPL-2.0-only

import Histogram

/// Collects durations in nanoseconds, in memory that depends on their range and not on their number.
struct DurationRecorder {
    private(set) var total: UInt128 = 0
    private(set) var max: UInt64 = 0
    /// Two significant digits make buckets at most 1/128 of their value wide: percentiles are within 0.8%, and a
    /// histogram up to one second takes 25 KB.
    private var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .two)

    /// Beyond 292 years, which only a corrupt capture holds, the library's arithmetic would overflow.
    private static let highest = UInt64(Int64.max)

    var count: UInt64 { histogram.totalCount }

    @inline(__always)
    mutating func record(_ nanoseconds: UInt64) {
        total += UInt128(nanoseconds)
        max = Swift.max(max, nanoseconds)
        histogram.record(Swift.min(nanoseconds, Self.highest))
    }

    /// The largest value that is equivalent to that of the I/O at `percent`.
    func percentile(_ percent: Double) -> UInt64 {
        histogram.valueAtPercentile(percent)
    }

    /// How many are in the bucket of `nanoseconds` or in one above.
    func count(from nanoseconds: UInt64) -> UInt64 {
        guard count > 0 else { return 0 }
        return histogram.count(within: Swift.min(nanoseconds, Self.highest)...Self.highest)
    }

    /// - Parameter chosen: percentiles besides the usual ones.
    /// - Returns: `nil` when there was nothing to record.
    func statistics(_ chosen: [Double] = []) -> DurationStatistics? {
        guard count > 0 else { return nil }
        return DurationStatistics(
            ios: count, total: total, p50: percentile(50), p90: percentile(90), p99: percentile(99),
            p999: percentile(99.9), max: max, chosen: chosen.map(percentile))
    }
}
