// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import TestSupport
import Testing

@testable import Report

struct WaitSummaryTests {
    static var switchesSeen: ReportSource {
        var source = ReportSource(kind: "test", isComplete: true)
        source.probes = SyntheticIOs.probes(["tp_btf/sched_switch"])
        return source
    }

    static func report(_ ios: [DirectIO], _ occupancies: [CPUOccupancy] = [], source: ReportSource = switchesSeen)
        -> Report
    {
        var builder = ReportBuilder(rule: .defersWrites)
        for occupancy in occupancies { builder.add(occupancy) }
        for io in ios { builder.add(io) }
        return builder.finish(source: source, loss: [])
    }

    @Test func causesOfRandomLivesSumToTheWaits() throws {
        var random = SeededGenerator(seed: 22)
        var builder = ReportBuilder(rule: .flaggedInline)
        for index in 0..<40_000 {
            var io = RandomLives.next(&random, disordered: index % 3 == 0)
            for occupancy in RandomOccupancies.fill(&io, &random) { builder.add(occupancy) }
            builder.add(io)
        }
        let report = builder.finish(source: Self.switchesSeen, loss: [])
        for (wait, stage) in [(report.queueWait, Stage.queueWait), (report.taskWorkWait, .taskWorkWait)] {
            let wait = try #require(wait)
            #expect(wait.durations == report.stage(stage)?.durations)
            #expect(wait.causes.count == CPUOccupant.allCases.count + 1)
            #expect(wait.causes.reduce(0) { $0 + $1.total } == wait.durations.total)
            #expect(zip(wait.causes, wait.causes.dropFirst()).allSatisfy { $0.total >= $1.total })
            for cause in wait.causes {
                let isNamed = cause.cause == .poolWork || cause.cause == .otherTask
                #expect(cause.names.isEmpty != isNamed)
                guard isNamed else { continue }
                #expect(cause.names.count == 6 && cause.names.last?.name == nil)
                #expect(cause.names.reduce(0) { $0 + $1.total } == cause.total)
            }
        }
    }

    /// Whether there are clocks is asked of the I/Os alone, also of those that are not in the report.
    @Test func noClocksGiveNoCauses() throws {
        var io = SyntheticIOs.deferred(at: 1000)
        #expect(Self.report([io]).queueWait?.causes == [])
        io.queueWaitOccupants[.submitter] = 5
        #expect(Self.report([io]).queueWait?.causes.map(\.cause) == [.unattributed, .submitter])
        // One with clocks and one without: the other's wait is unattributed.
        let two = Self.report([io, SyntheticIOs.deferred(at: 5000)])
        #expect(two.queueWait?.causes.map(\.total) == [359_995, 5])
        #expect(two.queueWait?.largest?.cause == .submitter)
        // The same when the one with clocks was not selected.
        var builder = ReportBuilder(rule: .defersWrites)
        builder.add(SyntheticIOs.deferred(at: 5000))
        let selected = builder.finish(source: Self.switchesSeen, loss: [], clocks: SeenClocks(of: [io]))
        #expect(selected.queueWait?.causes.map(\.cause) == [.unattributed])
    }

    @Test func theLargestNamesOfAOccupantAreShown() throws {
        var io = SyntheticIOs.deferred(at: 1_000_000)
        let queued = try #require(io.workQueued?.nanoseconds)
        io.queueWaitOccupants[.otherTask] = 100_000
        let occupancies = (1...8).map { index in
            CPUOccupancy(
                cpu: 1, occupant: .otherTask, thread: UInt32(index),
                from: Timestamp(nanoseconds: queued + UInt64(index) * 10_000),
                until: Timestamp(nanoseconds: queued + UInt64(index) * 11_000), name: "task \(index)")
        }
        let names = try #require(Self.report([io], occupancies).queueWait?.largest?.names)
        #expect(names.map(\.name) == ["task 8", "task 7", "task 6", "task 5", "task 4", nil])
        #expect(names.map(\.total) == [8000, 7000, 6000, 5000, 4000, 70_000])
        #expect(names[0].share == 8000.0 / 180_000)
    }

    @Test func submittersHaveANameIfItIsOne() {
        var source = Self.switchesSeen
        #expect(source.submitterName == nil)
        source.threads = [
            1: ThreadName(thread: 1, process: 1, name: "fio"), 2: ThreadName(thread: 2, process: 1, name: "fio"),
        ]
        #expect(source.submitterName == "fio")
        source.threads[3] = ThreadName(thread: 3, process: 3, name: "dd")
        #expect(source.submitterName == nil)
    }
}
