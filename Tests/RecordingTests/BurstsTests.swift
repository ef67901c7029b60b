// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Host
import Testing

@testable import Probes
@testable import Recording

/// Bursts, and what is chosen by what recording costs.
struct BurstsTests {
    private static let ms: UInt64 = 1_000_000
    private let probes = ScriptedProbes(RecordSink(), turns: [])
    private let listener = NotingListener()

    private func open(_ submitted: UInt64) -> OpenIO {
        OpenIO(submitted: submitted, issued: nil, device: DeviceNumber(major: 259, minor: 0), submitter: 1)
    }

    @Test func inFlightIOsAreWaitedForAndThenGivenUp() throws {
        let start = HostClock.monotonic
        let bursts = Bursts(probes, plan: BurstPlan(length: 10 * Self.ms, period: 100 * Self.ms), at: start)
        probes.open = [open(start)]
        try bursts.turn(at: start + 9 * Self.ms)
        #expect(probes.bursts.isEmpty)
        try bursts.turn(at: start + 10 * Self.ms)
        try bursts.turn(at: start + 11 * Self.ms)
        #expect(probes.bursts == ["end"])
        // After half a second it is no longer waited for.
        try bursts.turn(at: start + 511 * Self.ms)
        #expect(probes.bursts == ["end", "pause"])
        let dropped = bursts.counting(in: probes.counters()).dropped
        #expect(dropped.inFlight + dropped.over == 1)
        let changed = bursts.takeChanged()
        #expect(changed.count == 1 && changed[0].until >= start && changed[0].until < .max)
        #expect(bursts.takeChanged().isEmpty)
    }

    /// io_uring's second hop comes when the submitter runs.
    @Test func whatIsCompleteAndNotToldIsWaitedForAMoment() throws {
        let start = HostClock.monotonic
        let bursts = Bursts(probes, plan: BurstPlan(length: 10 * Self.ms, period: 100 * Self.ms), at: start)
        probes.counted.begun = 3
        probes.counted.recorded = 2
        try bursts.turn(at: start + 10 * Self.ms)
        try bursts.turn(at: start + 12 * Self.ms)
        #expect(probes.bursts == ["end"])
        probes.counted.recorded = 3
        try bursts.turn(at: start + 14 * Self.ms)
        #expect(probes.bursts == ["end", "pause"])
    }

    @Test func eachPeriodHasOneBurstAtATimeOfItsOwn() throws {
        let period = 100 * Self.ms
        let start = HostClock.monotonic
        let bursts = Bursts(probes, plan: BurstPlan(length: 10 * Self.ms, period: period), at: start)
        var now = start
        var offsets: Set<UInt64> = []
        while offsets.count < 20, now < start + 100 * period {
            let before = probes.bursts.count
            try bursts.turn(at: now)
            if probes.bursts.last == "prepare", probes.bursts.count > before { offsets.insert((now - start) % period) }
            now += Self.ms
        }
        #expect(offsets.count > 5)
        #expect(offsets.allSatisfy { $0 <= 91 * Self.ms })
    }

    @Test func theLimitIsMetInSteps() throws {
        let start = HostClock.monotonic
        let bursts = Bursts(probes, plan: nil, at: start)
        let limit = OverheadLimit(probes.overheadMeter(), limit: 0.03, at: start, listener)
        probes.overheads = Array(repeating: 0.16, count: 50)
        var (now, ios) = (start, UInt64(0))
        for _ in 0..<400 {
            now += 50 * Self.ms
            ios += 5000
            _ = limit.turn(at: now, ios: ios, bursts)
        }
        // Fewer I/Os at first: as long as it would be less than 10,000 of them.
        #expect(limit.steps.first?.every == 1)
        #expect(limit.steps.map(\.every) == limit.steps.map(\.every).sorted())
        #expect(limit.steps.last?.every == 6)
        #expect(listener.events == ["limited to 1/2", "limited to 1/6"])
        let cost = try #require(limit.cost(at: now))
        #expect(cost.whole == 0.16 && cost.mean > 0.16 / 6 && cost.mean < 0.04)
    }

    @Test func fewIOsAreAllRecorded() {
        let start = HostClock.monotonic
        let bursts = Bursts(probes, plan: nil, at: start)
        let limit = OverheadLimit(probes.overheadMeter(), limit: 0.03, at: start, listener)
        probes.overheads = Array(repeating: 1, count: 50)
        for turn in 1...100 { _ = limit.turn(at: start + UInt64(turn) * 50 * Self.ms, ios: 19_999, bursts) }
        #expect(limit.every == 1 && probes.overheads.count == 50)
    }

    @Test func whenItIsCheaperMoreIsRecorded() {
        var estimate = CostEstimate()
        func note(_ part: Double, isOfPause: Bool = false) {
            estimate.note(
                .init(length: 1_000_000, programs: UInt64(part * 1e6), own: 0), isOfPause: isOfPause)
        }
        note(0.24)
        note(0.01, isOfPause: true)
        let rare = estimate.every(for: 0.03, now: 1)
        #expect(rare == 16)
        note(0.2)
        // A little is no reason.
        #expect(estimate.every(for: 0.03, now: rare) == rare)
        note(0.02)
        #expect(estimate.every(for: 0.03, now: rare) == 1)
    }

    @Test func whatOnlyPausesCostIsNotPaidForByRecordingLess() {
        var estimate = CostEstimate()
        estimate.note(.init(length: 100, programs: 60, own: 0), isOfPause: false)
        estimate.note(.init(length: 100, programs: 20, own: 0), isOfPause: true)
        // A fifth goes for pauses: bursts may take a quarter of that on top.
        #expect(estimate.every(for: 0.03, now: 1) == 8)
    }

    @Test func onManyCPUsItIsAPartOfThoseThatAreBusy() {
        var estimate = CostEstimate()
        estimate.cpus = 16
        estimate.note(.init(length: 100, programs: 32, own: 0), isOfPause: false)
        #expect(estimate.whole == 0.02)
        #expect(estimate.every(for: 0.03, now: 1) == 1)
    }
}
