// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Report
import TestSupport
import Testing

/// I/Os that were recorded at several rates become one even sample.
struct ThinningTests {
    private static let steps = [
        SamplingStep(from: 0, every: 1), SamplingStep(from: 1_000_000, every: 2, overhead: 0.05),
        SamplingStep(from: 2_000_000, every: 8, overhead: 0.03),
    ]

    private func kept(_ thinning: Thinning, _ times: Range<UInt64>) -> Double {
        let kept = times.reduce(0) { $0 + (thinning.keeps(SyntheticIOs.at($1)) ? 1 : 0) }
        return Double(kept) / Double(times.count)
    }

    @Test func everyIOHasHadTheSameChance() throws {
        let thinning = try #require(Thinning(Self.steps))
        // 100,000 by chance: five standard deviations.
        #expect(abs(kept(thinning, 100_000..<200_000) - 1.0 / 8) < 0.006)
        #expect(abs(kept(thinning, 1_100_000..<1_200_000) - 1.0 / 4) < 0.007)
        #expect(kept(thinning, 2_000_000..<2_010_000) == 1)
    }

    @Test func itKeepsTheSameEachTime() throws {
        let (one, other) = (try #require(Thinning(Self.steps)), try #require(Thinning(Self.steps.reversed())))
        #expect(one == other)
        #expect((0..<10_000).allSatisfy { one.keeps(SyntheticIOs.at($0)) == other.keeps(SyntheticIOs.at($0)) })
    }

    @Test func oneRateNeedsNone() {
        #expect(Thinning([]) == nil)
        #expect(Thinning([SamplingStep(from: 7, every: 4)]) == nil)
        #expect(Thinning([SamplingStep(from: 7, every: 4), SamplingStep(from: 9, every: 4)]) == nil)
    }

    @Test func whatNoRecorderWritesIsSurvived() throws {
        let steps = [SamplingStep(from: .max, every: 0), SamplingStep(from: .max, every: .max)]
        let thinning = try #require(Thinning(steps))
        #expect(!thinning.keeps(SyntheticIOs.at(5)))
    }

    @Test func thinnedOutIOsAreCounted() {
        var builder = ReportBuilder(rule: .defersWrites)
        for _ in 0..<25 { builder.add(SyntheticIOs.inline(at: 1_000_000)) }
        let report = builder.finish(
            source: ReportSource(kind: "test", isComplete: true), loss: [.sampledOut(900)], thinnedOut: 75)
        #expect(report.ios.total == 25)
        #expect(report.sample?.ofIOs == 1000)
        #expect(report.loss.sampledOut == 975)
    }
}
