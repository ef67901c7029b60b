// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Testing

@testable import Report

/// I/Os along the time at which they were done.
@Suite struct TimelineTests {
    private static let origin: UInt64 = 5_000_000_000

    /// 100 I/Os in each of 40 tenths of a second; device times by interval.
    private static func ios(_ device: (UInt64) -> UInt64) -> [DirectIO] {
        (0..<4000).map { index in
            let time = origin + UInt64(index) * 1_000_000
            // A little of everything, always the same.
            let jitter = UInt64(index * 7919 % 101) * 100
            return SyntheticIOs.inline(at: time, device: device(UInt64(index) / 100) + jitter)
        }
    }

    private static func timeline(
        _ ios: [DirectIO], interval: UInt64? = 100_000_000, origin: UInt64? = origin,
        rule: CompletionRule = .defersWrites
    ) -> Timeline? {
        var builder = ReportBuilder(rule: rule, axis: TimelineAxis(origin: origin, interval: interval))
        for io in ios { builder.add(io) }
        return builder.finish(source: ReportSource(kind: "test", isComplete: true), loss: []).timeline
    }

    @Test func everyIntervalHasItsIOs() throws {
        let timeline = try #require(Self.timeline(Self.ios { _ in 100_000 }))
        #expect(timeline.interval == 100_000_000)
        #expect(timeline.intervals.map(\.ios).reduce(0, +) == 4000)
        #expect(timeline.intervals.prefix(40).allSatisfy { $0.ios == 100 && abs($0.iops - 1000) < 1 })
        let first = try #require(timeline.intervals.first)
        // 18 us around the device.
        #expect(abs(Double(first.p50) / 123_000 - 1) < Timeline.percentileError)
        #expect(first.composition.largestStage?.value == .device)
        guard case .steady = timeline.finding else {
            Issue.record("not steady: \(timeline.finding)")
            return
        }
        #expect(timeline.spikes.isEmpty)
    }

    /// 1000 I/Os a second, of which the first interval has 30 ms and the last 50 ms.
    @Test func ratesAreOfThePartThatWasCovered() throws {
        let ios = (0..<280).map { SyntheticIOs.inline(at: Self.origin + 70_000_000 + UInt64($0) * 1_000_000) }
        let timeline = try #require(Self.timeline(ios))
        #expect(timeline.intervals.map(\.ios) == [30, 100, 100, 50])
        #expect(timeline.intervals.allSatisfy { abs($0.iops / 1000 - 1) < 0.04 }, "\(timeline.intervals.map(\.iops))")
    }

    /// One I/O right after a border is no burst.
    @Test func fewAtAnEndAreNoRate() throws {
        let times: [UInt64] = [90_000_000, 150_000_000, 210_000_000, 270_000_000, 300_000_100]
        let timeline = try #require(Self.timeline(times.map { SyntheticIOs.inline(at: Self.origin + $0) }))
        #expect(timeline.intervals.map(\.ios) == [1, 1, 2, 1])
        #expect(timeline.intervals.allSatisfy { $0.iops < 25 })
    }

    @Test func aSpikeIsFoundAndSaysWhatItWasMadeOf() throws {
        var ios = Self.ios { _ in 100_000 }
        for index in 1710..<1716 {
            ios[index] = SyntheticIOs.deferred(at: ios[index].submitted.nanoseconds, queueWait: 2_000_000)
            ios[index].queueWaitOccupants[.submitter] = 1_500_000
        }
        ios[1712] = SyntheticIOs.deferred(at: ios[1712].submitted.nanoseconds, queueWait: 2_900_000)
        let timeline = try #require(Self.timeline(ios))
        #expect(timeline.spikes.map(\.interval) == [17])
        let spike = try #require(timeline.spikes.first)
        #expect(spike.composition.largestStage?.value == .queueWait)
        #expect(spike.composition.mainCause?.value == .submitter)
        let slowest = try #require(timeline.intervals[17].slowest)
        #expect(slowest.began == ios[1712].submitted.nanoseconds && slowest.point == .submitted)
        #expect(slowest.latency == 115_000 + 1000 + 2_900_000 + 8000)
    }

    @Test func onlyWhatIsLargeIsNamed() {
        func composition(_ stages: [(Stage, Double)], _ cause: Double) -> Timeline.Composition {
            Timeline.Composition(
                stages: stages.map { Timeline.Part(value: $0.0, share: $0.1) },
                causes: [Timeline.Part(value: .submitter, share: cause)])
        }
        let device = composition([(.submit, 0.04), (.device, 0.95), (.queueWait, 0.01)], 0.01)
        #expect(device.mainStages.map(\.value) == [.device] && device.mainCause == nil)
        let mixed = composition([(.submit, 0.3), (.device, 0.25), (.handOff, 0.24), (.queueWait, 0.21)], 0.2)
        #expect(mixed.mainStages.map(\.value) == [.submit, .device, .handOff])
        #expect(mixed.mainCause?.value == .submitter)
        let crumbs = composition([(.submit, 0.66), (.device, 0.09)], 0.09)
        #expect(crumbs.mainStages.map(\.value) == [.submit] && crumbs.mainCause == nil)
        #expect(Timeline.Composition().mainStages.isEmpty)
    }

    @Test func driftIsNoSpike() throws {
        let timeline = try #require(Self.timeline(Self.ios { 100_000 + $0 * 2000 }))
        guard case .drifting(let from, let to) = timeline.finding else {
            Issue.record("not drifting: \(timeline.finding)")
            return
        }
        #expect(from < to)
        #expect(timeline.spikes.isEmpty)
    }

    @Test func cellsGrowWithTheRecordingAndNothingIsLost() throws {
        let ios = (0..<3000).map { SyntheticIOs.inline(at: Self.origin + UInt64($0) * 1_000_000_000) }
        let fitting = try #require(Self.timeline(ios, interval: nil))
        #expect(fitting.intervals.map(\.ios).reduce(0, +) == 3000)
        #expect(fitting.intervals.count <= 100)
        let chosen = try #require(Self.timeline(ios, interval: 10_000_000))
        #expect(chosen.interval > 10_000_000 && chosen.asked == 10_000_000)
        #expect(chosen.intervals.map(\.ios).reduce(0, +) == 3000)
    }

    @Test func partsAddedTogetherAreTheWhole() throws {
        let ios =
            Self.ios { $0 == 20 ? 900_000 : 100_000 } + (0..<100).map { SyntheticIOs.deferred(at: Self.origin + $0) }
        var parts = ReportBuilder(rule: .defersWrites, axis: TimelineAxis(origin: Self.origin))
        var others = ReportBuilder(rule: .defersWrites, axis: TimelineAxis(origin: Self.origin))
        // The later part sees other stages first, and longer cells.
        for io in ios.suffix(1500) { parts.add(io) }
        for io in ios.prefix(ios.count - 1500) { others.add(io) }
        parts.add(others)
        let source = ReportSource(kind: "test", isComplete: true)
        #expect(parts.finish(source: source, loss: []).timeline == Self.timeline(ios, interval: nil))
    }

    @Test func fewIntervalsSayNothing() throws {
        let timeline = try #require(Self.timeline(Array(Self.ios { _ in 100_000 }.prefix(300))))
        #expect(timeline.finding == .tooShort && timeline.spikes.isEmpty)
    }

    @Test func timesThatCannotBeAreCounted() throws {
        let far = SyntheticIOs.inline(at: UInt64.max - 1_000_000)
        let timeline = try #require(Self.timeline([SyntheticIOs.inline(at: Self.origin), far]))
        #expect(timeline.outside == 1 && timeline.intervals.map(\.ios) == [1])
    }

    @Test func nobodyAskedAndNothingFinished() {
        #expect(SyntheticIOs.report([SyntheticIOs.inline(at: 1000)]).timeline == nil)
        #expect(Self.timeline([SyntheticIOs.at(1000)]) == nil)
    }
}
