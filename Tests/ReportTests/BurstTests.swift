// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import TestSupport
import Testing

@testable import Report

/// What a recording in bursts says of the time between them.
struct BurstTests {
    private static let ms: UInt64 = 1_000_000

    private static func bursts(_ count: Int, length: UInt64 = 10, period: UInt64 = 100, leftOut: UInt64 = 900)
        -> [RecordedBurst]
    {
        (0..<count).map { number in
            let from = (1 + UInt64(number) * period) * ms
            return RecordedBurst(
                from: from, until: from + length * ms, leftOut: UInt64(number + 1) * leftOut, cut: 0)
        }
    }

    private static func report(
        _ bursts: [RecordedBurst], leftOut: UInt64, steps: [SamplingStep] = [], interval: UInt64? = nil,
        _ waits: (Int) -> [UInt64]
    ) -> Report {
        let axis = TimelineAxis(origin: 0, interval: interval)
        var builder = ReportBuilder(
            rule: .defersWrites, axis: axis, bursts: BurstCalendar(bursts, steps: steps))
        for (number, burst) in bursts.enumerated() {
            let waits = waits(number)
            let gap = (burst.until - burst.from) / UInt64(max(1, waits.count))
            for (place, wait) in waits.enumerated() {
                builder.add(SyntheticIOs.deferred(at: burst.from + UInt64(place) * gap, queueWait: wait))
            }
        }
        return builder.finish(source: WaitSummaryTests.switchesSeen, loss: [.sampledOut(leftOut)])
    }

    @Test func theRateIsOfAllUntilTheLastBurst() throws {
        let bursts = Self.bursts(10)
        // 100 of 1,000 in each period, 900 and 4,000 more after the last.
        let report = Self.report(bursts, leftOut: 9_000 + 4_000) { _ in Array(repeating: 20_000, count: 100) }
        let sample = try #require(report.sample)
        #expect((sample.ios, sample.ofIOs) == (1_000, 14_000))
        #expect(sample.bursts?.count == 10 && sample.bursts?.time == 100 * Self.ms)
        let iops = try #require(report.headline.iops)
        // 1,000 and 9 times 900 from the first submission to the last completion, 910 ms; 900 came before that.
        #expect(abs(iops / 10_000 - 1) < 0.01)
        #expect(sample.bursts?.leftOutBesides == 4_900)
    }

    /// Where a part of the I/Os is looked at, it is not counted how many there were between bursts.
    @Test func ofASelectionTheRateIsByTheTimeThatWasRecorded() throws {
        let bursts = Self.bursts(10)
        var builder = ReportBuilder(
            rule: .defersWrites, axis: TimelineAxis(origin: 0), bursts: BurstCalendar(bursts, steps: []))
        for burst in bursts.prefix(6).suffix(4) {
            for place in 0..<UInt64(100) {
                builder.add(SyntheticIOs.deferred(at: burst.from + place * 100_000, queueWait: 20_000))
            }
        }
        let report = builder.finish(
            source: WaitSummaryTests.switchesSeen, loss: [.sampledOut(9_000)],
            selection: .init(condition: "--from", ofIOs: 1_000))
        let iops = try #require(report.headline.iops)
        #expect(abs(iops / 10_000 - 1) < 0.02, "\(iops)")
    }

    /// I/Os are let in a moment before or after what the recorder's clock says.
    @Test func theClockOfAnotherCPUMayBeAhead() {
        let calendar = BurstCalendar(Self.bursts(3), steps: [])
        #expect(calendar.place(of: 101 * Self.ms - 50_000) == 1)
        #expect(calendar.place(of: 111 * Self.ms + 50_000) == 1)
        #expect(calendar.place(of: 0) == 0 && calendar.place(of: 5000 * Self.ms) == 2)
    }

    /// A recorder that was killed in a burst has written when it began.
    @Test func aBurstWithoutItsEndIsAsLongAsOthers() {
        let last = RecordedBurst(from: 901 * Self.ms, until: .max, leftOut: 1, cut: 0)
        let calendar = BurstCalendar(Self.bursts(3) + [last], steps: [])
        #expect(calendar.time == 40 * Self.ms)
        #expect(calendar.place(of: 905 * Self.ms) == 3)
    }

    @Test func whatIsLostIsAPartOfAllThatWasRecorded() throws {
        var builder = ReportBuilder(rule: .defersWrites)
        for place in 0..<100 {
            builder.add(SyntheticIOs.deferred(at: 1_000_000 + UInt64(place) * 1000, queueWait: 20_000))
        }
        let lost = DataLoss(what: DataLoss.completionMissed, count: 10, severity: .loss, help: "")
        let report = builder.finish(source: WaitSummaryTests.switchesSeen, loss: [lost], thinnedOut: 9_890)
        let share = try #require(report.quality.completeShare)
        #expect(abs(share - 0.999) < 0.0001)
        #expect(Verdict.refusals(on: report).isEmpty)
    }

    @Test func burstsThatDifferSayLess() throws {
        let same = Self.report(Self.bursts(10), leftOut: 9_000) { _ in Array(repeating: 20_000, count: 100) }
        #expect(same.sample?.bursts?.meanError == 0)
        let apart = Self.report(Self.bursts(10), leftOut: 9_000) { number in
            Array(repeating: number % 2 == 0 ? 20_000 : 60_000, count: 100)
        }
        let bursts = try #require(apart.sample?.bursts)
        let mean = try #require(apart.latency?.mean)
        // Ten means, each 20 us from that of all: by hand.
        let expected = 2.27 * (10.0 / 9 * 10).squareRoot() * 20_000 / 10 / mean
        #expect(abs(try #require(bursts.meanError) / expected - 1) < 0.01)
        #expect(try #require(apart.sample?.shareError) > 0.05)
    }

    @Test func oneBurstSaysNothingOfItsError() {
        let report = Self.report(Self.bursts(1), leftOut: 900) { _ in Array(repeating: 20_000, count: 100) }
        #expect(report.sample?.bursts?.meanError == nil)
        #expect(report.sample?.shareError == 1)
    }

    /// The error has to hold what it says: of loads whose mean wanders, the truth lies inside for 95 of 100.
    @Test func theErrorCoversTheTruth() throws {
        var random = SeededGenerator(seed: 7)
        var inside = 0
        let trials = 60
        let fixed = try #require(Self.fixedPart)
        for _ in 0..<trials {
            let bursts = Self.bursts(20)
            let report = Self.report(bursts, leftOut: 1) { _ in
                let level = 20_000 + random.next() % 40_000
                return (0..<20).map { _ in level + random.next() % 10_000 }
            }
            let mean = try #require(report.latency?.mean)
            let error = try #require(report.sample?.bursts?.meanError) * mean
            let truth = fixed + 20_000 + 19_999.5 + 4_999.5
            if abs(mean - truth) <= error { inside += 1 }
        }
        #expect(Double(inside) / Double(trials) > 0.91)
    }

    /// What such an I/O takes besides its wait.
    private static var fixedPart: Double? {
        report(bursts(2), leftOut: 1) { _ in [0] }.latency?.mean
    }

    @Test func intervalsKnowHowMuchOfThemWasRecorded() throws {
        let report = Self.report(Self.bursts(20), leftOut: 18_000) { _ in Array(repeating: 20_000, count: 100) }
        let timeline = try #require(report.timeline)
        #expect(timeline.interval >= 200 * Self.ms)
        for interval in timeline.intervals { #expect(abs(interval.iops / 10_000 - 1) < 0.02, "\(interval)") }
    }

    @Test func thinnedTimesCountAsThinned() {
        let bursts = Self.bursts(2, length: 50)
        let steps = [SamplingStep(from: 0, every: 1), SamplingStep(from: 90 * Self.ms, every: 8)]
        let calendar = BurstCalendar(bursts, steps: steps)
        #expect(calendar.recorded(in: 0..<90 * Self.ms) == Double(50 * Self.ms) / 8)
        #expect(calendar.recorded(in: 90 * Self.ms..<1000 * Self.ms) == Double(50 * Self.ms))
        #expect(calendar.longestPeriod == 100 * Self.ms)
    }

    @Test func partsThatAreReadApartSayTheSame() throws {
        let bursts = Self.bursts(5)
        let (axis, calendar) = (TimelineAxis(origin: 0), BurstCalendar(bursts, steps: []))
        var whole = ReportBuilder(rule: .defersWrites, axis: axis, bursts: calendar)
        var first = ReportBuilder(rule: .defersWrites, axis: axis, bursts: calendar)
        var second = ReportBuilder(rule: .defersWrites, axis: axis, bursts: calendar)
        for (number, burst) in bursts.enumerated() {
            for place in 0..<50 {
                let io = SyntheticIOs.deferred(
                    at: burst.from + UInt64(place) * 1000, queueWait: UInt64(20_000 + 1000 * number))
                whole.add(io)
                if place % 3 == 0 { first.add(io) } else { second.add(io) }
            }
        }
        first.add(second)
        let loss = [DataLoss.sampledOut(10)]
        #expect(
            whole.finish(source: WaitSummaryTests.switchesSeen, loss: loss).sample
                == first.finish(source: WaitSummaryTests.switchesSeen, loss: loss).sample)
    }
}
