// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import TestSupport
import Testing

@testable import Report

/// Builders that were added together say what one says to which all was added.
struct MergeTests {
    @Test(arguments: [1, 2, 3, 7], [false, true])
    func sharesOfRandomLivesMakeTheSameReport(builders: Int, disordered: Bool) {
        var random = SeededGenerator(seed: UInt64(builders))
        let chosen = ChosenGroups(
            grouper: Grouper(by: [.op]), keys: [.op(.read), .op(.write)], otherGroups: 0, otherIOs: 0,
            countsAllGroups: true)
        let whole = Builder(chosen)
        let parts = (0..<builders).map { _ in Builder(chosen) }
        for number in 0..<2000 {
            var io = RandomLives.next(&random, disordered: disordered)
            io.irqBatchPosition = UInt16.random(in: 1...3, using: &random)
            io.irq = UInt32.random(in: 0..<6000, using: &random)
            io.length = UInt32.random(in: 1...500, using: &random) * 512
            io.error = number % 5 == 0 ? -5 : 0
            for occupancy in RandomOccupancies.fill(&io, &random) {
                whole.builder.add(occupancy)
                for part in parts { part.builder.add(occupancy) }
            }
            whole.builder.add(io)
            parts[number / 64 % builders].builder.add(io)
        }
        for part in parts.dropFirst() { parts[0].builder.add(part.builder) }
        #expect(!whole.isAtLimit && !parts[0].isAtLimit)
        #expect(parts[0].report == whole.report)
    }

    @Test func sumsBeyond64BitsAreMergedExactly() {
        let (whole, parts) = (Builder(), [Builder(), Builder()])
        for number in 0..<64 {
            let io = Life.make(
                times: [
                    (\.issued, 1), (\.ended, Int(Int64.max) - 3_000_000), (\.completed, Int(Int64.max) - 2_000_000),
                ])
            whole.builder.add(io)
            parts[number % 2].builder.add(io)
        }
        parts[0].builder.add(parts[1].builder)
        #expect(parts[0].report == whole.report)
        #expect(whole.report.latency?.total == 64 * (UInt128(Int64.max) - 2_000_000))
        #expect(whole.report.latency?.total == whole.report.stages.reduce(0) { $0 + $1.durations.total })
        #expect(whole.report.placement?.rows.first?.total == whole.report.latency?.total)
    }

    @Test func whatDependsOnTheOrderIsTold() {
        let builders = [Builder(), Builder()]
        for number in 0..<6000 {
            var io = Life.make(times: [(\.completed, 100)])
            (io.submitCPU, io.endCPU) = (UInt16(number), UInt16(number))
            builders[number / 3000].builder.add(io)
        }
        #expect(!builders[0].isAtLimit && !builders[1].isAtLimit)
        builders[0].builder.add(builders[1].builder)
        #expect(builders[0].isAtLimit)
        #expect(builders[0].report.placement?.kinds.first?.ios == 6000)
    }

    @Test func nothingAddedToNothingIsNothing() {
        let builders = [Builder(), Builder()]
        builders[0].builder.add(builders[1].builder)
        #expect(builders[0].report == Builder().report)
    }
}

/// For arrays: a builder cannot be copied.
private final class Builder {
    var builder: ReportBuilder

    init(_ groups: ChosenGroups? = nil) {
        builder = ReportBuilder(rule: .flaggedInline, percentiles: [25, 99.99, 100], groups: groups)
    }

    var isAtLimit: Bool { builder.isAtLimit }
    var report: Report { builder.finish(source: WaitSummaryTests.switchesSeen, loss: []) }
}
