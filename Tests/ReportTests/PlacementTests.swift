// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import TestSupport
import Testing

@testable import Report

struct PlacementTests {
    @Test func everyFinishedIOHasItsPlace() throws {
        var random = SeededGenerator(seed: 51)
        var builder = ReportBuilder(rule: .flaggedInline)
        for index in 0..<20_000 {
            var io = RandomLives.next(&random, disordered: index % 3 == 0)
            func cpu() -> UInt16? { UInt16.random(in: 0..<5, using: &random).seen }
            (io.submitCPU, io.endCPU, io.workerCPU) = (cpu(), cpu(), cpu())
            builder.add(io)
        }
        let report = builder.finish(source: WaitSummaryTests.switchesSeen, loss: [])
        let table = try #require(report.placement)
        #expect(table.kinds.map(\.kind) == PlacementTable.Kind.allCases)
        #expect(table.kinds.reduce(0) { $0 + $1.ios } == report.latency?.ios)
        #expect(table.kinds.reduce(0) { $0 + $1.total } == report.latency?.total)
        #expect(table.rows.reduce(0) { $0 + $1.ios } + table.otherIOs == report.latency?.ios)
        for kind in table.kinds {
            let rows = table.rows.filter { $0.kind == kind.kind }
            if table.otherIOs == 0 { #expect(rows.reduce(0) { $0 + $1.total } == kind.total) }
        }
        #expect(zip(table.rows, table.rows.dropFirst()).allSatisfy { $0.ios >= $1.ios })
    }

    @Test func kindsAreWhoSharedACPU() throws {
        func kind(_ submit: UInt16?, _ end: UInt16?, _ worker: UInt16?, deferred: Bool) throws -> PlacementTable.Row {
            var io = deferred ? SyntheticIOs.deferred(at: 1000) : SyntheticIOs.inline(at: 1000)
            (io.submitCPU, io.endCPU, io.workerCPU) = (submit, end, worker)
            return try #require(SyntheticIOs.report([io]).placement?.rows.first)
        }
        #expect(try kind(3, 3, 3, deferred: true).kind == .submitIRQWorker)
        #expect(try kind(0, 65534, 65534, deferred: true).kind == .irqWorker)
        #expect(try kind(1, 1, 2, deferred: true).kind == .workerApart)
        #expect(try kind(1, 1, nil, deferred: true).kind == .unknown)
        #expect(try kind(1, 1, nil, deferred: false).kind == .submitIRQ)
        #expect(try kind(1, 0, nil, deferred: false).kind == .irqApart)
        #expect(try kind(nil, 0, nil, deferred: false).kind == .unknown)
        let row = try kind(0, 65534, nil, deferred: false)
        #expect(row.submitCPU == 0 && row.endCPU == 65534 && row.workerCPU == nil && row.mean == 118_000)
    }

    @Test func combinationsAreBounded() throws {
        var ios: [DirectIO] = []
        for index in 0..<10_000 {
            var io = SyntheticIOs.inline(at: 1000)
            (io.submitCPU, io.endCPU) = (UInt16(index % 100), UInt16(index / 100))
            ios.append(io)
        }
        let report = SyntheticIOs.report(ios)
        let table = try #require(report.placement)
        #expect(table.rows.count == 256 && table.otherIOs == 10_000 - 256)
        #expect(table.kinds.reduce(0) { $0 + $1.total } == report.latency?.total)
        #expect(table.kinds.map(\.kind) == [.submitIRQ, .irqApart] && table.kinds[0].ios == 100)
    }
}

extension UInt16 {
    /// Every fifth CPU was not seen.
    fileprivate var seen: UInt16? { self == 0 ? nil : self * 1009 }
}
