// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Foundation
import Rendering
import Report
import TestSupport
import Testing

@testable import Comparison

@Suite struct ComparisonTests {
    private static let deferred = SyntheticIOs.run("deferred")
    private static let inline = SyntheticIOs.run("inline", queueWait: nil, seed: 2)

    @Test func blocksCoverTheRun() {
        let run = Self.deferred
        #expect(run.units.count == 30)
        #expect(run.whole.tally.ios == 3000)
        #expect(run.whole.tally.finished == 3000)
        // From the first submission to the last completion.
        #expect(abs(run.whole.span - 29_990_000_000) < 400_000)
        #expect(run.facts.peakInFlight == 1)
        #expect(run.facts.fileSystem == "ext4")
        #expect(run.facts.submitCPUs == [1])
    }

    @Test func deferralIsFoundAndExplained() throws {
        let comparison = Comparison(base: [Self.deferred], new: [Self.inline])
        let mean = try #require(comparison.difference(in: .mean))
        #expect(mean.isSignificant == true)
        let wait = try #require(comparison.difference(in: .leaf(.stage(.queueWait))))
        #expect(wait.new == 0)
        #expect(wait.isSignificant == true)
        // 50 us and half of 20 us of noise.
        #expect(abs((wait.base ?? 0) - 60_000) < 500)
        #expect(comparison.contexts.map(\.metric) == [.context(.hardirq), .context(.kworker)])
        #expect(comparison.contexts.allSatisfy { $0.difference.isSignificant == true })
        #expect(comparison.reasons.map(\.metric) == [.reason(.iomapAlwaysDefersWrites)])
        let causes = try #require(comparison.stages.first { $0.stage == .queueWait }).causes
        #expect(causes.first?.metric == .leaf(.cause(.queueWait, .submitter)))
        #expect(causes.count == 3)
    }

    /// As the stages of every I/O sum to its latency, so do their means, changes and shares of the change.
    @Test func stagesClose() throws {
        let comparison = Comparison(base: [Self.deferred], new: [Self.inline])
        let mean = try #require(comparison.difference(in: .mean))
        func sum(_ value: (Comparison.StageRow) -> Double?) -> Double {
            comparison.stages.reduce(0) { $0 + (value($1) ?? .nan) }
        }
        #expect(abs(sum { $0.difference.base } - (mean.base ?? 0)) < 1e-6)
        #expect(abs(sum { $0.difference.new } - (mean.new ?? 0)) < 1e-6)
        #expect(abs(sum { $0.shareOfChange } - 1) < 1e-9)
    }

    @Test func aRunDoesNotDifferFromItself() {
        let comparison = Comparison(base: [Self.deferred], new: [Self.deferred])
        for row in comparison.headline { #expect(row.difference.isSignificant != true) }
        for row in comparison.stages {
            #expect(row.difference.isSignificant == false)
            #expect(row.shareOfChange == nil)
        }
    }

    @Test func fewBlocksMakeNoClaim() {
        let short = SyntheticIOs.run("short", seconds: 5, queueWait: nil)
        let comparison = Comparison(base: [Self.deferred], new: [short])
        #expect(comparison.headline.allSatisfy { $0.difference.isSignificant == nil })
        #expect(comparison.remarks == [.tooFewBlocks(.new, 5, needed: 20)])
    }

    @Test func runsAreTheUnitsWhenThereAreEnough() {
        let base = (0..<5).map { SyntheticIOs.run("b\($0)", seconds: 2, seed: UInt64($0)) }
        let new = (5..<9).map { SyntheticIOs.run("n\($0)", seconds: 2, queueWait: 80_000, seed: UInt64($0)) }
        let comparison = Comparison(base: base, new: new)
        #expect(comparison.base.unitKind == .run)
        #expect(comparison.base.unitCount == 5)
        // No run of 200 I/Os has one behind its p99.9.
        #expect(
            comparison.remarks == [
                .fewRuns(.new, 4, preferred: 5), .tooFewBehind(.base, .p999), .tooFewBehind(.new, .p999),
            ])
        #expect(comparison.difference(in: .mean)?.isSignificant == true)
        #expect(Comparison(base: base, new: new, by: .block).remarks.contains(.tooFewBlocks(.base, 10, needed: 20)))
        #expect(Comparison(base: [base[0]], new: new).base.unitKind == .block)
    }

    @Test func lossIsRemarked() {
        var source = SyntheticIOs.source
        source.isComplete = false
        let loss = [DataLoss(what: "ring-full", count: 3, severity: .loss, help: "")]
        let run = SyntheticIOs.run("lossy", source: source, loss: loss)
        let remarks = Comparison(base: [Self.deferred], new: [run]).remarks
        #expect(remarks.contains(.cutOff(.new, name: "lossy")))
        #expect(remarks.contains(.loss(.new, name: "lossy", what: "ring-full")))
    }

    /// Of a sample, all that were counted are a second's I/Os, and not those with a record.
    @Test func aSampleHasTheRateOfAllIOs() throws {
        let sampled = SyntheticIOs.run("sampled", loss: [.sampledOut(27_000)])
        let comparison = Comparison(base: [sampled], new: [Self.deferred])
        let rate = try #require(comparison.difference(in: .iops))
        #expect(abs((rate.base ?? 0) - 1000) < 1)
        #expect(abs((rate.new ?? 0) - 100) < 1)
        #expect(sampled.facts.peakInFlight == nil)
        #expect(comparison.difference(in: .mean)?.isSignificant == false)
        #expect(sampled.withoutBlocks.whole.counted == 30_000)
    }

    /// Part of the I/Os is the same part of those that were left out, also of such as were thinned out afterwards.
    @Test func aSelectionOfASampleIsScaledAsTheSample() throws {
        var builder = RunBuilder(rule: .defersWrites, blockLength: 1_000_000_000)
        for index in 0..<100 as Range<UInt64> {
            builder.add(SyntheticIOs.io(at: 5_000_000_000 + index * 10_000_000, device: 100_000, queueWait: nil))
        }
        let run = builder.finish(
            name: "part", source: SyntheticIOs.source, loss: [.sampledOut(600)],
            selection: .init(condition: "op=write", ofIOs: 400), thinnedOut: 200)
        #expect(run.whole.counted == 500)
        #expect(run.facts.selection == "op=write")
    }

    @Test func foldedStacksSumToTheMeans() throws {
        let comparison = Comparison(base: [Self.deferred], new: [Self.inline])
        let lines = FoldedDifference(comparison).text.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(lines.allSatisfy { $0.count == 3 })
        let sums = [1, 2].map { column in lines.reduce(0) { $0 + (Double($1[column]) ?? .nan) } / 1000 }
        let mean = try #require(comparison.difference(in: .mean))
        #expect(abs(sums[0] - (mean.base ?? 0)) < 0.1)
        #expect(abs(sums[1] - (mean.new ?? 0)) < 0.1)
        #expect(lines.contains { $0[0] == "kworker;queue_wait;submitter" && $0[2] == "0" })
    }

    @Test func savedReportsCompareWithoutIntervals() throws {
        func saved(_ queueWait: UInt64?) throws -> Run {
            var builder = ReportBuilder(rule: .defersWrites)
            // A time of 0 is none.
            for index in 1...500 as ClosedRange<UInt64> {
                builder.add(SyntheticIOs.io(at: index * 1_000_000, device: 100_000, queueWait: queueWait))
            }
            let report = builder.finish(source: SyntheticIOs.source, loss: [])
            return try SavedReport(json: Data(JSONReport(report).bytes), name: "saved").run
        }
        let (base, new) = (try saved(50_000), try saved(nil))
        let comparison = Comparison(base: [base], new: [new])
        let mean = try #require(comparison.difference(in: .mean))
        #expect(mean.base == 168_000)
        #expect(mean.new == 113_000)
        #expect(mean.isSignificant == nil)
        #expect(comparison.remarks == [.savedReport(.base), .savedReport(.new)])
        let rate = try #require(comparison.difference(in: .iops)?.base)
        #expect(abs(rate - 1000) < 3)
        #expect(abs((comparison.difference(in: .percentile(.p99))?.base ?? 0) / 168_000 - 1) < 0.01)
        #expect(comparison.contexts.map(\.difference.base) == [0, 1])
        // A side with blocks gets no claim either.
        #expect(Comparison(base: [base], new: [Self.inline]).difference(in: .mean)?.isSignificant == nil)
    }

    @Test func livesThatNoWorkloadGives() {
        var random = SeededGenerator(seed: 11)
        func run() -> Run {
            var builder = RunBuilder(rule: .flaggedInline, blockLength: 1_000_000_000)
            for index in 0..<1000 { builder.add(RandomLives.next(&random, disordered: index % 2 == 0)) }
            return builder.finish(name: "random", source: SyntheticIOs.source, loss: [])
        }
        let (base, new) = (run(), run())
        #expect(base.whole.tally.ios == 1000)
        let comparison = Comparison(base: [base], new: [new])
        let comparability = Comparability(base: [base.facts], new: [new.facts])
        #expect(!ComparisonPage(comparison, comparability).text.isEmpty)
        #expect(!FoldedDifference(comparison).text.isEmpty)
    }

    @Test func reportWithImpossibleNumbers() throws {
        let report = ReportBuilder(rule: .defersWrites).finish(source: SyntheticIOs.source, loss: [])
        var json = try #require(
            try JSONSerialization.jsonObject(with: Data(JSONReport(report).bytes)) as? [String: Any])
        json["latency"] = ["ios": 3, "total_ns": -1e300, "p50_ns": -5, "p99_ns": 1e300, "p999_ns": 0]
        json["headline"] = ["op": "write", "op_share": 1e300, "length": 4096, "mean_in_flight": 0]
        json["stages"] = [["name": "device", "total_ns": 1e300]]
        let run = try SavedReport(json: JSONSerialization.data(withJSONObject: json), name: "odd").run
        let comparison = Comparison(base: [run], new: [Self.inline])
        let comparability = Comparability(base: [run.facts], new: [Self.inline.facts])
        #expect(ComparisonPage(comparison, comparability).text.contains("no verdict"))
    }

    @Test func jsonThatIsNoReport() {
        for text in ["{}", "{\"schema\": \"other/1\"}", "[1]", "{"] {
            #expect(throws: SavedReport.NotAReport.self) {
                _ = try SavedReport(json: Data(text.utf8), name: "none")
            }
        }
    }
}
