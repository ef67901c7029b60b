// SPDX-License-Identifier: GPL-2.0-only

import TestSupport
import Testing

@testable import Comparison

@Suite struct CountingTests {
    @Test func quantilesAreWithinOnePercent() throws {
        var generator = SeededGenerator(seed: 6)
        var counts = DurationCounts()
        var values: [UInt64] = []
        for _ in 0..<20_000 {
            let value = UInt64(exactly: (10_000 / generator.uniform()).rounded()) ?? 0
            values.append(value)
            counts.add(value)
        }
        values.sort()
        for fraction in [0.5, 0.9, 0.99, 0.999] {
            let rank = Int(fraction * 20_000)
            let truth = (Double(values[rank - 1]) * 0.99)...(Double(values[rank]) * 1.01)
            let found = try #require(counts.quantile(fraction))
            #expect(truth.contains(found.value))
            #expect(found.low <= found.value && found.value <= found.high)
        }
    }

    @Test func smallAndHugeDurations() throws {
        var counts = DurationCounts()
        for value in [0, 1, 255, 256, UInt64.max] { counts.add(value) }
        #expect(counts.total == 5)
        #expect(try #require(counts.quantile(0)).low == 0)
        #expect(try #require(counts.quantile(1)).high > 1.8e19)
        #expect(DurationCounts().quantile(0.5) == nil)
    }

    @Test func mergedCountsAreTheCountsOfAll() {
        var (one, other, all) = (DurationCounts(), DurationCounts(), DurationCounts())
        for value in [UInt64](arrayLiteral: 5, 700, 90_000) {
            one.add(value)
            all.add(value)
        }
        for value in [UInt64](arrayLiteral: 3, 800_000, 4) {
            other.add(value)
            all.add(value)
        }
        one.add(other)
        #expect(one.total == all.total)
        for fraction in stride(from: 0.0, through: 1, by: 0.1) {
            #expect(one.quantile(fraction)?.value == all.quantile(fraction)?.value)
        }
    }

    @Test func blocksComeInAnyOrder() {
        var grid = BlockGrid(length: 1_000_000)
        for time in [5_500_000, 3_100_000, 9_000_000, 3_200_000] as [UInt64] {
            let position = grid.position(of: time)
            grid.withTally(at: position) { $0.ios += 1 }
        }
        #expect(grid.first == 3)
        #expect(grid.tallies.map(\.ios) == [2, 0, 1, 0, 0, 0, 1])
    }

    /// However the times leap, memory is bounded and no I/O is lost.
    @Test func leapsMakeLongerBlocks() {
        var generator = SeededGenerator(seed: 7)
        var grid = BlockGrid(length: 1_000_000)
        for index in 0..<5000 {
            let time = index % 100 == 0 ? generator.next() : UInt64(index) * 3_000_000
            let position = grid.position(of: time)
            grid.withTally(at: position) { $0.ios += 1 }
            #expect(grid.tallies.count <= BlockGrid.limit)
        }
        #expect(grid.tallies.reduce(0) { $0 + $1.ios } == 5000)
        _ = grid.position(of: .max)
        _ = grid.position(of: 0)
        #expect(grid.tallies.count <= BlockGrid.limit)
    }

    @Test func longRecordingsMakeLongerBlocks() {
        var grid = BlockGrid(length: 1_000_000)
        for index in 0..<5000 {
            let position = grid.position(of: UInt64(index) * 1_000_000)
            grid.withTally(at: position) { $0.ios += 1 }
        }
        #expect(grid.length == 4_000_000)
        #expect(grid.tallies.count == 1250)
        #expect(grid.tallies.allSatisfy { $0.ios == 4 })
    }

    @Test func mostInFlight() {
        var sample = FlightSample()
        #expect(sample.peak == nil)
        for (submitted, ended) in [(0, 10), (2, 5), (4, 20), (6, 7), (11, 12)] as [(UInt64, UInt64)] {
            sample.add(submitted: submitted, ended: ended)
        }
        #expect(sample.peak == 3)
    }
}
