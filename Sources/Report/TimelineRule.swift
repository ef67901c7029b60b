// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// When an interval stands out, and when latency drifts.
///
/// An interval with at least `fewestIOs` is a spike if its p99 is above the median of all p99s by 4 robust
/// standard deviations (1.4826 times the median absolute deviation) of their logarithms, and at least 1.5 times the
/// median. Latency drifts if p50 rises or falls with time (Mann-Kendall, beyond 4 standard deviations) and its median over the last
/// third of the intervals differs from that over the first third by more than 10%.
public struct TimelineRule {
    public static let fewestIOs: UInt64 = 20
    public static let fewestIntervals = 8
    public static let deviations = 4.0
    public static let leastRatio = 1.5
    public static let leastDrift = 0.1

    /// Positions of intervals with enough I/Os.
    let usable: [Int]
    private let p50: [Double]
    private let p99: [Double]

    init(_ intervals: [Timeline.Interval]) {
        usable = intervals.indices.filter { intervals[$0].ios >= Self.fewestIOs && intervals[$0].p50 > 0 }
        p50 = usable.map { Double(intervals[$0].p50) }
        p99 = usable.map { Double(intervals[$0].p99) }
    }

    var isEnough: Bool { usable.count >= Self.fewestIntervals }

    /// Nanoseconds of p99 from which on an interval is a spike.
    var limit: Double {
        let logs = p99.map { log($0) }
        let middle = Self.median(logs)
        let deviation = 1.4826 * Self.median(logs.map { abs($0 - middle) })
        return exp(max(middle + Self.deviations * deviation, middle + log(Self.leastRatio)))
    }

    /// Positions of spikes among all intervals.
    var spikes: [Int] {
        guard isEnough else { return [] }
        let limit = limit
        return zip(usable, p99).filter { $0.1 > limit }.map(\.0)
    }

    var finding: Timeline.Finding {
        guard isEnough else { return .tooShort }
        let third = max(1, p50.count / 3)
        let (first, last) = (Self.median(Array(p50.prefix(third))), Self.median(Array(p50.suffix(third))))
        if abs(last / first - 1) > Self.leastDrift, abs(trend) > 4 {
            return .drifting(from: UInt64(first), to: UInt64(last))
        }
        let limit = limit
        let usual = p99.filter { $0 <= limit }
        return .steady(from: UInt64(usual.min() ?? 0), to: UInt64(usual.max() ?? 0))
    }

    /// Mann-Kendall: how many standard deviations of chance more pairs of intervals rise than fall.
    private var trend: Double {
        var rises = 0
        for (place, value) in p50.enumerated() {
            for later in p50[(place + 1)...] { rises += later > value ? 1 : later < value ? -1 : 0 }
        }
        let count = Double(p50.count)
        return Double(rises) / (count * (count - 1) * (2 * count + 5) / 18).squareRoot()
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard let middle = sorted.dropFirst(sorted.count / 2).first else { return 0 }
        return sorted.count % 2 == 1 ? middle : (middle + sorted[sorted.count / 2 - 1]) / 2
    }
}
