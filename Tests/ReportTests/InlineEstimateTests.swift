// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Testing

@testable import Report

/// I/Os of 100 us, 20 us of it a queue wait whose occupants are given, one after the other on CPU 0.
private func report(
    _ count: Int = 1000, occupied: SIMD8<UInt32>, use: [UInt64], rule: CompletionRule = .defersWrites,
    works: UInt64? = nil,
    handOff: UInt64 = 0, submitCPU: UInt16 = 0, facts: Facts = [], heldBack: UInt64 = 0, pause: UInt64 = 0,
    atOnce: UInt64 = 1, perInterrupt: UInt16? = nil
) -> Report {
    var builder = ReportBuilder(rule: rule)
    for index in 0..<UInt64(count) {
        let start = 1_000_000 + index * (100_000 + pause) / atOnce
        var io = DirectIO(
            submitted: Timestamp(nanoseconds: start), submitterThread: 7, device: DeviceNumber(major: 8, minor: 0),
            inode: 1, offset: 0, length: 4096, operation: .write, issuer: .libaio)
        io[.returned] = heldBack > 0 ? Timestamp(nanoseconds: start + 1_000) : nil
        io.issued = Timestamp(nanoseconds: start + 1_000 + heldBack)
        io.interrupted = Timestamp(nanoseconds: start + 70_000)
        io.ended = Timestamp(nanoseconds: start + 75_000 - handOff)
        io.workQueued = Timestamp(nanoseconds: start + 75_000)
        io.workStarted = Timestamp(nanoseconds: start + 95_000)
        io.completed = Timestamp(nanoseconds: start + 100_000)
        (io.endContext, io.completeContext) = (.hardirq, .kworker)
        (io.submitCPU, io.endCPU, io.workerCPU, io.completionCPU) = (submitCPU, 0, 0, 0)
        io.facts = facts.union([.write, .endSeen, .endDecides])
        if let perInterrupt { (io.irq, io.irqBatchPosition) = (9, UInt16(index) % perInterrupt + 1) }
        io.queueWaitOccupants = OccupantTimes(nanoseconds: occupied)
        builder.add(io)
    }
    var source = ReportSource(kind: "test", isComplete: true)
    source.probes = ["block_rq_issue", "iomap_dio_bio_end_io", "irq_handler_entry", "sched_switch"].map {
        .init(name: $0, attached: true)
    }
    source.cpus = [
        CPUUse(
            cpu: 0, occupied: use.map { $0 * UInt64(count) }, submitterRuns: UInt64(count), workerRuns: UInt64(count),
            works: works ?? UInt64(count), submitterDisplaced: 0)
    ]
    return builder.finish(source: source, loss: [])
}

extension InlineEstimate {
    fileprivate var limit: Limit? {
        switch iops {
        case .gain(_, let limit), .more(_, let limit), .noFewer(let limit): limit
        case .notPromised: nil
        }
    }

    fileprivate var width: Double? {
        switch iops {
        case .gain(let gain, _): gain.upperBound - gain.lowerBound
        case .more(let width, _): width
        case .noFewer, .notPromised: nil
        }
    }
}

struct InlineEstimateTests {
    /// Submitter 10, completion 5, hardirq 5, idle 70, switching 10 us per I/O.
    private static let use: [UInt64] = [10_000, 5_000, 0, 0, 5_000, 0, 70_000, 10_000]

    /// A hog's time counts as saved, though the submitter may wait for the same CPU.
    @Test func othersOnTheCPULeaveTheDirection() throws {
        let estimate = try #require(
            report(occupied: SIMD8(0, 0, 0, 3_000, 5_000, 0, 8_000, 4_000), use: Self.use).inlineEstimate)
        #expect(estimate.iops == .noFewer(.latency))
    }

    /// So may it for a work item of somebody else.
    @Test func otherWorkOnTheCPUDoesToo() throws {
        let estimate = try #require(
            report(occupied: SIMD8(0, 0, 3_000, 0, 5_000, 0, 8_000, 4_000), use: Self.use).inlineEstimate)
        #expect(estimate.iops == .noFewer(.latency))
    }

    /// Inline, an I/O waits for those before it in the same run of the interrupt's handler: for none when each has its own.
    @Test func completionsInOneInterruptWaitForEachOther() throws {
        func saved(perInterrupt: UInt16?) throws -> Double {
            let occupied = SIMD8<UInt32>(0, 4_000, 0, 0, 5_000, 0, 7_000, 4_000)
            return try #require(report(occupied: occupied, use: Self.use, perInterrupt: perInterrupt).inlineEstimate)
                .latencySaved
        }
        #expect(try saved(perInterrupt: 1) == 20_000)
        // Half of one other, of 5 us each.
        #expect(try saved(perInterrupt: 2) == 17_500)
        // No more than now.
        #expect(try saved(perInterrupt: 10) == 16_000)
        #expect(try saved(perInterrupt: nil) == 16_000)
    }

    @Test func onAnIdleCPULatencyIsTheLimit() throws {
        let estimate = try #require(
            report(occupied: SIMD8(0, 0, 0, 0, 5_000, 0, 10_000, 5_000), use: Self.use).inlineEstimate)
        #expect(estimate.limit == .latency)
        #expect(estimate.latencySaved == 20_000)
        // 100 us that take a third of 20 us less, or all of it.
        let width = try #require(estimate.width)
        let expected: Double = 1.25 - 300.0 / 280
        #expect(abs(width - expected) < 1e-9)
        // That is too wide to be shown.
        #expect(estimate.iops == .more(width: width, .latency))
        let median = try #require(estimate.waits?.p50)
        #expect((19_840...20_160).contains(median))
        #expect(estimate.cpuSaved == 10_000)
    }

    @Test func aDeviceThatTakesNoMoreIsTheLimit() throws {
        func estimate(_ heldBack: UInt64) throws -> InlineEstimate {
            let occupied = SIMD8<UInt32>(0, 0, 0, 0, 5_000, 0, 10_000, 5_000)
            return try #require(report(occupied: occupied, use: Self.use, heldBack: heldBack).inlineEstimate)
        }
        #expect(try estimate(30_000).iops == .notPromised(.deviceLimits))
        #expect(try estimate(10_000).limit == .latency)
    }

    /// A device that has several may be busy all the time: then nothing is sure to be gained.
    @Test func severalInTheDeviceLeaveNoLowerBound() throws {
        let occupied = SIMD8<UInt32>(0, 0, 0, 0, 5_000, 0, 10_000, 5_000)
        let estimate = try #require(report(occupied: occupied, use: Self.use, atOnce: 4).inlineEstimate)
        let width = try #require(estimate.width)
        #expect(abs(width - 0.25) < 1e-9)
    }

    /// What the submitter does between two I/Os stays as long as it is.
    @Test func aPauseMakesTheGainSmaller() throws {
        let occupied = SIMD8<UInt32>(0, 0, 0, 0, 5_000, 0, 10_000, 5_000)
        let estimate = try #require(report(occupied: occupied, use: Self.use, pause: 20_000).inlineEstimate)
        // 120 us from begin to begin.
        let expected: Double = 120.0 / 100 - 360.0 / 340
        let width = try #require(estimate.width)
        #expect(abs(width - expected) < 1e-3)
    }

    /// A pause looks prompt beside a task whose time counts as busy.
    @Test func aPauseBesideOthersIsNoClosedLoop() throws {
        func estimate(other: UInt32) throws -> InlineEstimate {
            let occupied = SIMD8<UInt32>(0, 0, 0, other, 5_000, 0, 11_000 - other, 4_000)
            let use: [UInt64] = [25_000, 5_000, 0, 40_000, 5_000, 0, 30_000, 10_000]
            return try #require(report(occupied: occupied, use: use, pause: 80_000).inlineEstimate)
        }
        let beside = try estimate(other: 8_000)
        #expect(beside.loop == .unknown && beside.iops == .notPromised(.loopUnknown))
        // If it is one after all, it gains.
        #expect(beside.ifClosed == .noFewer(.latency))
        let alone = try estimate(other: 0)
        #expect(alone.loop == .closed && alone.ifClosed == nil)
    }

    @Test func onABusyCPUItsTimeIsTheLimit() throws {
        let estimate = try #require(
            report(occupied: SIMD8(15_000, 0, 0, 0, 2_000, 0, 0, 3_000), use: Self.use).inlineEstimate)
        #expect(estimate.limit == .cpu)
        // 10 of 30 us are switching; at most 20 more for the other sides, and 5 of work: then the cap of ten occupancies.
        let width = try #require(estimate.width)
        #expect(abs(width - 8.5) < 1e-9)
    }

    @Test func theHandOffGoesToo() throws {
        let occupied = SIMD8<UInt32>(15_000, 0, 0, 0, 2_000, 0, 0, 3_000)
        let estimate = try #require(report(occupied: occupied, use: Self.use, handOff: 2_000).inlineEstimate)
        #expect(estimate.latencySaved == 22_000)
        let width = try #require(estimate.width)
        let expected: Double = 10 - 30.0 / 18
        #expect(abs(width - expected) < 1e-9)
    }

    @Test func aSubmitterOnAnotherCPUIsRefused() {
        let occupied = SIMD8<UInt32>(0, 0, 0, 0, 5_000, 0, 10_000, 5_000)
        let estimate = report(occupied: occupied, use: Self.use, submitCPU: 1).inlineEstimate
        #expect(estimate?.iops == .notPromised(.submitterApart))
        #expect(estimate?.latencySaved == 20_000)
    }

    @Test func cachedPagesAreAvoidableWhereOverwritesNeedNoKworker() {
        let occupied = SIMD8<UInt32>(0, 0, 0, 0, 5_000, 0, 10_000, 5_000)
        func estimate(_ rule: CompletionRule, _ facts: Facts) -> InlineEstimate? {
            report(occupied: occupied, use: Self.use, rule: rule, facts: facts).inlineEstimate
        }
        #expect(estimate(.flaggedWork, .pageCache)?.latencySaved == 20_000)
        // Without them these kernels defer too, for a reason of their own.
        #expect(estimate(.flaggedInline, .pageCache) == nil)
        #expect(estimate(.flaggedWork, [.completionWork, .unwritten]) == nil)
    }

    @Test func whatTheEvidenceDoesNotCarryIsRefused() {
        let occupied = SIMD8<UInt32>(0, 0, 0, 0, 5_000, 0, 10_000, 5_000)
        #expect(report(50, occupied: occupied, use: Self.use).inlineEstimate == nil)
        let unknown = InlineEstimate.IOPS.notPromised(.cpuTimeUnknown)
        #expect(report(occupied: occupied, use: Self.use, works: 2000).inlineEstimate?.iops == unknown)
        #expect(report(occupied: occupied, use: []).inlineEstimate?.iops == unknown)
        // Not avoidable: why they were deferred is not known.
        #expect(report(occupied: occupied, use: Self.use, rule: .unknown).inlineEstimate == nil)
    }
}
