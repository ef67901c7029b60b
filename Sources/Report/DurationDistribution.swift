// SPDX-License-Identifier: GPL-2.0-only

import Histogram

/// How durations are spread, for questions at the end.
struct DurationDistribution {
    /// Nanoseconds, as all others here.
    let total: UInt128
    let max: UInt64
    private var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .two)

    /// Beyond 292 years, which only a corrupt capture has, the library's arithmetic would overflow.
    private static let highest = UInt64(Int64.max)

    var count: UInt64 { histogram.totalCount }

    /// - Parameter counts: by number of `DurationBucket`.
    init(total: UInt128, max: UInt64, counts: [UInt64]) {
        self.total = total
        self.max = max
        for (bucket, count) in counts.enumerated() where count > 0 {
            // The uppermost bucket stands for the largest value: no percentile is beyond it.
            let value = bucket == DurationBucket.number(of: max) ? max : DurationBucket.lowest(of: bucket)
            histogram.record(Swift.min(value, Self.highest), count: count)
        }
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
