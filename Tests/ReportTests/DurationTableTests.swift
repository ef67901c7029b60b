// SPDX-License-Identifier: GPL-2.0-only

import TestSupport
import Testing

@testable import Report

struct DurationTableTests {
    /// Shapes that latencies have: narrow, wide, two-humped, heavy-tailed.
    static let shapes: [@Sendable (inout SeededGenerator) -> UInt64] = [
        { UInt64.random(in: 90_000...110_000, using: &$0) },
        { UInt64.random(in: 0...300, using: &$0) },
        { UInt64.random(in: 1...1 << UInt64.random(in: 1...62, using: &$0), using: &$0) },
        {
            Bool.random(using: &$0)
                ? UInt64.random(in: 9_000...9_900, using: &$0) : UInt64.random(in: 4_000_000...5_000_000, using: &$0)
        },
        { UInt64(20_000 / Double.random(in: 1e-6...1, using: &$0)) },
        { _ in 1_234_567 },
    ]

    @Test(arguments: shapes.indices)
    func percentilesAreWithinOnePercentOfASort(shape: Int) throws {
        var random = SeededGenerator(seed: UInt64(shape) + 10)
        for count in [1, 2, 99, 20_000] {
            let values = (0..<count).map { _ in Self.shapes[shape](&random) }
            let sorted = values.sorted()
            let statistics = try #require(distribution(of: values).statistics())
            for (percent, got) in [
                (50, statistics.p50), (90, statistics.p90), (99, statistics.p99), (99.9, statistics.p999),
            ] {
                let rank = max(1, Int((Double(count) * percent / 100).rounded(.up)))
                let exact = sorted[rank - 1]
                #expect(abs(Double(got) - Double(exact)) <= 0.01 * Double(exact), "p\(percent) of \(count)")
                #expect(got <= statistics.max)
            }
            #expect(statistics.max == sorted.last)
            #expect(statistics.total == values.reduce(0) { $0 + UInt128($1) })
            #expect(statistics.ios == UInt64(count))
        }
    }

    @Test func totalsBeyond64BitsAreExact() throws {
        let three = distribution(of: [.max, .max, .max])
        let statistics = try #require(three.statistics())
        #expect(statistics.total == 3 * UInt128(UInt64.max))
        #expect(statistics.max == .max)
        #expect(three.count(from: 0) == 3)
    }

    @Test func nothingRecordedHasNoStatistics() {
        #expect(distribution(of: []).statistics() == nil)
        #expect(distribution(of: []).count(from: 0) == 0)
    }

    @Test func tailBucketsAreThoseOfTheHistogram() {
        var random = SeededGenerator(seed: 5)
        for value in [0, 1, 255, 256, 257, 511, 512, UInt64(Int64.max)]
            + (0..<300).map({ _ in
                UInt64.random(in: 0...1 << UInt64.random(in: 0...62, using: &random), using: &random)
            })
        {
            let bucket = DurationBucket.number(of: value)
            let lowest = DurationBucket.lowest(of: bucket)
            #expect(lowest <= value)
            #expect(DurationBucket.number(of: lowest) == bucket)
            #expect(distribution(of: [value]).count(from: lowest) == 1)
            #expect(distribution(of: [value, lowest]).count(from: value) == 2)
            if lowest > 0 { #expect(distribution(of: [value, lowest, lowest - 1]).count(from: value) == 2) }
        }
    }

    @Test func rowsAreApart() {
        var table = DurationTable()
        table.reach(DurationBucket.number(of: 1 << 40))
        for row in 0..<3 {
            for _ in 0...row { table.record(UInt64(1000 << (row * 10)), in: row) }
        }
        for row in 0..<3 {
            let distribution = table.distribution(row, total: 0)
            #expect(distribution.count == UInt64(row + 1))
            #expect(distribution.max == UInt64(1000 << (row * 10)))
        }
    }

    private func distribution(of values: [UInt64]) -> DurationDistribution {
        var table = DurationTable()
        for value in values {
            table.reach(DurationBucket.number(of: value))
            table.record(value, in: 1)
        }
        return table.distribution(1, total: values.reduce(0) { $0 + UInt128($1) })
    }
}
