// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// The finished grid, cut to the columns and buckets that have I/Os: what pictures are drawn from, here and in the page.
struct LatencyMap: Sendable {
    /// When the first column begins: nanoseconds of CLOCK_MONOTONIC.
    let begin: UInt64
    /// Nanoseconds of a column.
    let interval: UInt64
    let columns: Int
    /// Numbers of the shortest bucket and the one after the longest.
    let buckets: Range<Int>
    let contexts: [CompletionContext]
    /// In causal order.
    let stages: [Stage]
    let series: [Series]
    let places: [Place]

    struct Series: Sendable {
        /// Position in `contexts`.
        let context: Int
        /// Position in `stages`; `nil`: the whole latency.
        let stage: Int?
        /// By column: nanoseconds.
        let sums: [UInt64]
        /// By column and bucket: I/Os.
        let counts: [UInt32]
    }

    /// I/Os that came to the same CPUs.
    struct Place: Sendable {
        let cpus: LatencyGrid.CPUs
        /// By column.
        let counts: [UInt32]
        let sums: [UInt64]
    }

    init(_ grid: LatencyGrid) {
        let axis = grid.axis
        let numbers = Array(axis.first...axis.last)
        var used = (first: LatencyGrid.buckets, last: 0)
        for row in grid.series.indices {
            for column in numbers {
                for (bucket, count) in grid.counts(row, column: column).enumerated() where count > 0 {
                    used = (min(used.first, bucket), max(used.last, bucket))
                }
            }
        }
        let stages = Set(grid.series.compactMap(\.stage)).sorted()
        let buckets = min(used.first, used.last)..<used.last + 1
        self.buckets = buckets
        begin = axis.first * axis.width
        interval = axis.width
        columns = numbers.count
        contexts = grid.contexts
        self.stages = stages
        series = grid.series.enumerated().map { row, series in
            Series(
                context: series.context, stage: series.stage.flatMap { stages.firstIndex(of: $0) },
                sums: numbers.map { grid.sum(row, column: $0) },
                counts: numbers.flatMap { column in
                    let all = grid.counts(row, column: column)
                    return Array(all.dropFirst(buckets.lowerBound).prefix(buckets.count))
                })
        }
        places = grid.cpus.enumerated().map { row, cpus in
            Place(
                cpus: cpus, counts: numbers.map { grid.cpuCount(row, column: $0) },
                sums: numbers.map { grid.cpuSum(row, column: $0) })
        }
    }

    /// I/Os by bucket of one column, or of all, in all contexts.
    func counts(stage: Int?, column: Int? = nil) -> [UInt64] {
        var result = [UInt64](repeating: 0, count: buckets.count)
        for series in series where series.stage == stage {
            for column in column.map({ $0..<$0 + 1 }) ?? 0..<columns {
                for bucket in 0..<buckets.count {
                    result[bucket] += UInt64(series.counts[column * buckets.count + bucket])
                }
            }
        }
        return result
    }

    /// The middle of the bucket, nanoseconds.
    func middle(of bucket: Int) -> UInt64 {
        let number = buckets.lowerBound + bucket
        return (LatencyGrid.lowest(of: number) + LatencyGrid.lowest(of: number + 1)) / 2
    }

    /// Position of the bucket of a percentile; `nil` without I/Os.
    static func bucket(at percent: Double, in counts: [UInt64]) -> Int? {
        let ios = counts.reduce(0, +)
        guard ios > 0 else { return nil }
        let rank = max(1, UInt64((Double(ios) * percent / 100).rounded(.up)))
        var seen: UInt64 = 0
        return counts.firstIndex {
            seen += $0
            return seen >= rank
        }
    }
}
