// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Report
import TestSupport
import Testing

@testable import Page

/// What pictures are drawn from agrees with the I/Os.
@Suite struct LatencyGridTests {
    private static func write(at time: UInt64, device: Int, deferred: Bool = false) -> DirectIO {
        var times: [(TimePath, Int)] = [(\.issued, 1000), (\.interrupted, 1000 + device), (\.ended, 2000 + device)]
        times += deferred ? [(\.workQueued, 2100 + device), (\.workStarted, 9000 + device)] : []
        times.append((\.completed, 10_000 + device))
        var io = Life.make(complete: deferred ? .kworker : .hardirq)
        for (path, after) in times { io[keyPath: path] = Timestamp(nanoseconds: time + UInt64(after)) }
        io.times[.submitted] = time
        (io.submitCPU, io.endCPU) = (UInt16(time % 3), 1)
        return io
    }

    private static let mixed = (0..<5000).map { index in
        write(
            at: 1_000_000_000 + UInt64(index) * 777_777, device: 50_000 + index * 97 % 3_000_000,
            deferred: index % 3 == 0)
    }

    private static func grid(_ ios: some Sequence<DirectIO>) -> LatencyGrid {
        var grid = LatencyGrid()
        for io in ios {
            var life = AttributedLife(io, rule: .defersWrites)
            grid.add(io, &life)
        }
        return grid
    }

    @Test func everyIOIsInItsCellOnce() throws {
        let map = try #require(Self.grid(Self.mixed).map(columns: ColumnAxis.most))
        #expect((ColumnAxis.most / 2...ColumnAxis.most).contains(map.columns))
        #expect(map.counts(stage: nil).reduce(0, +) == 5000)
        #expect(Set(map.contexts) == [.kworker, .hardirq])
        let lives = Self.mixed.map { AttributedLife($0, rule: .defersWrites) }
        for column in stride(from: 0, to: map.columns, by: 7) {
            let begin = map.begin + UInt64(column) * map.interval
            let ios = zip(Self.mixed, lives).filter { io, life in
                (begin..<begin + map.interval).contains(io.began.nanoseconds + life.latency)
            }
            var cells = [UInt64](repeating: 0, count: map.buckets.count)
            for (_, life) in ios { cells[LatencyGrid.bucket(of: life.latency) - map.buckets.lowerBound] += 1 }
            #expect(map.counts(stage: nil, column: column) == cells)
        }
        let sums = map.series.filter { $0.stage == nil }.flatMap(\.sums).reduce(0, +)
        #expect(sums == lives.reduce(0) { $0 + $1.latency })
        let stages = map.series.filter { $0.stage != nil }.flatMap(\.sums).reduce(0, +)
        #expect(stages == sums)
        #expect(map.places.flatMap(\.counts).reduce(0, +) == 5000)
    }

    @Test(arguments: [2, 3, 5]) func partsAddedTogetherAreTheWhole(parts: Int) throws {
        var all = LatencyGrid()
        // Each sees another part of the time: their columns differ in length.
        for part in 0..<parts {
            all.add(Self.grid(Self.mixed.enumerated().filter { $0.offset * parts / 5000 == part }.map(\.element)))
        }
        let (map, whole) = (try #require(all.map(columns: 256)), try #require(Self.grid(Self.mixed).map(columns: 256)))
        #expect(map.begin == whole.begin && map.interval == whole.interval && map.columns == whole.columns)
        for stage in [nil] + whole.stages.indices.map({ $0 }) {
            for column in 0..<whole.columns {
                #expect(map.counts(stage: stage, column: column) == whole.counts(stage: stage, column: column))
            }
        }
    }

    @Test func fewerColumnsHoldTheSame() throws {
        let grid = Self.grid(Self.mixed)
        let map = try #require(grid.map(columns: 32))
        #expect(map.columns <= 33 && map.counts(stage: nil).reduce(0, +) == 5000)
    }

    @Test func timesThatCannotBeAreCounted() {
        var grid = Self.grid(Self.mixed)
        let far = Self.write(at: .max - 100_000_000, device: 1000)
        var life = AttributedLife(far, rule: .defersWrites)
        grid.add(far, &life)
        #expect(grid.outside == 1)
    }

    /// Lives with any of their points missing have hundreds of stages.
    @Test func kindsOfStagesAreBounded() {
        var random = SeededGenerator(seed: 5)
        let grid = Self.grid((0..<5000).map { _ in RandomLives.next(&random, disordered: false) })
        #expect(grid.series.count <= 200 && grid.leftOut > 0)
        let whole = grid.series.indices.filter { grid.series[$0].stage == nil }
        #expect(whole.count == grid.contexts.count)
    }

    @Test func bucketsMeet() {
        for bucket in 1..<LatencyGrid.buckets - 1 {
            let lowest = LatencyGrid.lowest(of: bucket)
            #expect(LatencyGrid.bucket(of: lowest) == bucket && LatencyGrid.bucket(of: lowest - 1) == bucket - 1)
        }
    }
}
