// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Testing

@testable import Comparison

/// Captures of many machines.
@Suite struct BoxTests {
    /// Runs of a few boxes that differ a lot among themselves, several of each.
    private static func runs(boxes: [String], each: Int, queueWaits: [UInt64]) -> [Run] {
        zip(boxes, queueWaits).enumerated().flatMap { index, box in
            (0..<each).map { number in
                var run = SyntheticIOs.run(
                    "\(box.0)-\(number)", seconds: 3, queueWait: box.1, seed: UInt64(100 * index + number))
                run.facts.host = box.0
                return run
            }
        }
    }

    private static let names = ["a", "b", "c", "d"]

    @Test func boxesAreTheUnits() {
        let base = Self.runs(boxes: Self.names, each: 3, queueWaits: [20_000, 40_000, 60_000, 80_000])
        let comparison = Comparison(base: base, new: base)
        #expect(comparison.base.unitKind == .box)
        #expect(comparison.base.unitCount == 4)
        #expect(comparison.base.hasIntervals)
        #expect(Comparison(base: base, new: base, by: .run).base.unitCount == 12)
    }

    /// Runs of one box say the same thing again: they are no further evidence of how boxes differ.
    @Test func runsOfOneBoxMakeIntervalsNoNarrower() throws {
        let waits: [UInt64] = [20_000, 40_000, 60_000, 80_000]
        func width(each: Int, by kind: Side.UnitKind) throws -> Double {
            let runs = Self.runs(boxes: Self.names, each: each, queueWaits: waits)
            let comparison = Comparison(base: runs, new: runs, by: kind)
            let mean = try #require(comparison.difference(in: .mean)?.delta?.interval)
            return mean.upperBound - mean.lowerBound
        }
        let (few, many) = (try width(each: 2, by: .box), try width(each: 6, by: .box))
        #expect(abs(few / many - 1) < 0.05)
        #expect(try width(each: 6, by: .run) < many / 1.5)
    }

    @Test func unknownBoxesAreRuns() {
        var runs = Self.runs(boxes: Self.names, each: 1, queueWaits: [1, 2, 3, 4])
        runs[0].facts.host = RecordingSession.redacted
        #expect(Comparison(base: runs, new: runs).base.unitKind == .run)
        #expect(Comparison(base: runs, new: runs, by: .box).base.unitCount == 4)
        let one = Self.runs(boxes: ["a"], each: 4, queueWaits: [1])
        #expect(Comparison(base: one, new: one).base.unitKind == .run)
    }

    @Test func withoutBlocksNothingElseChanges() {
        let run = Self.runs(boxes: ["a"], each: 1, queueWaits: [30_000])[0]
        #expect(run.withoutBlocks.units.count == 1)
        #expect(run.withoutBlocks.whole.tally.ios == run.whole.tally.ios)
        #expect(run.withoutBlocks.whole.span == run.whole.span)
    }
}
