// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Capture
import DirectIO
import Report
import TestSupport
import Testing

/// A report of sums is that of records of the same I/Os.
struct SummaryReportTests {
    /// Lives of some kinds: each many times, its steps as long as chance will have it.
    static func lives(seed: UInt64) -> [DirectIO] {
        var random = SeededGenerator(seed: seed)
        var ios: [DirectIO] = []
        for _ in 0..<40 {
            var base = RandomLives.next(&random, disordered: false)
            if UInt8.random(in: 0..<4, using: &random) > 0, base.completed == nil { base.completed = base.submitted }
            base.endCPU = Bool.random(using: &random) ? UInt16.random(in: 0..<4, using: &random) : nil
            for _ in 0..<200 { ios.append(variation(of: base, &random)) }
        }
        return ios.shuffled(using: &random)
    }

    private static func variation(of base: DirectIO, _ random: inout SeededGenerator) -> DirectIO {
        var io = base
        io.submitted = Timestamp(nanoseconds: UInt64.random(in: 1_000...1 << 40, using: &random))
        var time = io.submitted.nanoseconds
        var order = RandomLives.causal
        if Bool.random(using: &random), io.facts.contains(.callerCompletion) { order.swapAt(5, 6) }
        for point in order where base[point] != nil {
            let spread = UInt64(1) << UInt64.random(in: 0...36, using: &random)
            time += UInt64.random(in: 0..<spread, using: &random)
            io[point] = Timestamp(nanoseconds: time)
        }
        // The handler had begun before the I/O was issued.
        if UInt8.random(in: 0..<8, using: &random) == 0, io.interrupted != nil, io.issued != nil {
            io.interrupted = Timestamp(nanoseconds: io.submitted.nanoseconds - 1)
        }
        io.error = UInt8.random(in: 0..<50, using: &random) == 0 ? -5 : 0
        io.length = Bool.random(using: &random) ? 4096 : 65536
        _ = RandomOccupancies.fill(&io, &random)
        return io
    }

    private func reports(seed: UInt64, rule: CompletionRule) -> (records: Report, sums: Report, summed: SummedUpIOs) {
        let ios = Self.lives(seed: seed)
        var records = ReportBuilder(rule: rule)
        var sums = ReportBuilder(rule: rule)
        for io in ios { records.add(io) }
        let summed = SummedUpIOs(ios, rule: rule)
        for io in summed.records { sums.add(io) }
        for summary in summed.summaries { sums.add(summary) }
        let source = ReportSource(
            kind: "test", session: Self.session, end: nil, devices: [], isComplete: true)
        return (records.finish(source: source, loss: []), sums.finish(source: source, loss: []), summed)
    }

    private static let session = RecordingSession(
        recorder: "1", host: "h", kernel: "k", machine: "m", cpuCount: 4, completionRule: .unknown, commandLine: [],
        probes: [.init(name: "tp_btf/sched_switch", attached: true)], startedWall: 0, startedMonotonic: 0)

    @Test(
        arguments: [(1, .defersWrites), (2, .flaggedInline), (3, .flaggedWork), (4, .unknown)]
            as [(UInt64, CompletionRule)])
    func everyCountAndSumIsThatOfTheRecords(seed: UInt64, rule: CompletionRule) {
        let (records, sums, summed) = reports(seed: seed, rule: rule)
        let part = Double(sums.summedUp?.ios ?? 0) / Double(records.ios.total)
        #expect(part > 0.15, "too few of the I/Os are aggregated: \(part), \(summed.kinds.count) kinds")
        #expect(sums.ios == records.ios)
        #expect(sums.contexts == records.contexts)
        #expect(sums.endContexts == records.endContexts)
        #expect(sums.reasons == records.reasons)
        #expect(sums.cpuSharing == records.cpuSharing)
        #expect(sums.quality == records.quality)
        #expect(sums.headline == records.headline)
        #expect(sums.placement?.kinds == records.placement?.kinds)
        #expect(sums.stages.map(\.stage) == records.stages.map(\.stage))
        for (sum, record) in zip(sums.stages, records.stages) {
            #expect(sum.contexts == record.contexts, "\(sum.stage)")
            #expect(sum.share == record.share, "\(sum.stage)")
        }
        for (sum, record) in [(sums.queueWait, records.queueWait), (sums.taskWorkWait, records.taskWorkWait)] {
            #expect(sum?.causes.map(\.cause) == record?.causes.map(\.cause))
            #expect(sum?.causes.map(\.total) == record?.causes.map(\.total))
        }
    }

    @Test(arguments: 5...8 as ClosedRange<UInt64>)
    func durationsAreThoseOfTheRecords(seed: UInt64) throws {
        let (records, sums, _) = reports(seed: seed, rule: .flaggedInline)
        try compare(#require(sums.latency), #require(records.latency))
        for (sum, record) in zip(sums.stages, records.stages) { compare(sum.durations, record.durations) }
        let tail = try #require(sums.tail)
        #expect(abs(tail.stages.reduce(0) { $0 + $1.share } - 1) < 1e-9)
        #expect(tail.ios >= records.latency.map { $0.ios / 100 } ?? 0)
    }

    /// Means, totals and maxima exactly; percentiles as far as a summary's buckets and those of a report are wide.
    private func compare(_ sums: DurationStatistics, _ records: DurationStatistics) {
        #expect(sums.ios == records.ios)
        #expect(sums.total == records.total)
        #expect(sums.mean == records.mean)
        #expect(sums.max == records.max)
        for (sum, record) in [
            (sums.p50, records.p50), (sums.p90, records.p90), (sums.p99, records.p99), (sums.p999, records.p999),
        ] where record < 1 << 36 {
            let error = SummaryBucket.error + 1.0 / 128
            #expect(abs(Double(sum) - Double(record)) <= error * Double(record) + 1)
            #expect(sum <= sums.max)
        }
    }

    @Test func aSummaryHasNoNumbersOfCPUsAndInterrupts() {
        let (_, sums, _) = reports(seed: 20, rule: .defersWrites)
        #expect(sums.interrupts == [])
        #expect(sums.placement?.rows == [])
        #expect(sums.placement?.otherIOs == sums.latency?.ios)
    }
}
