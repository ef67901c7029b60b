// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import TestSupport
import Testing

@testable import Report

struct GroupTests {
    /// I/Os of three devices, two sizes, many files and threads.
    static let ios: [DirectIO] = {
        var random = SeededGenerator(seed: 31)
        return ReportBuilderTests.mixed(2000).enumerated().map { index, io in
            var io = io
            io.device = DeviceNumber(major: 8, minor: [0, 0, 0, 1, 1, 2][index % 6])
            io.inode = UInt64.random(in: 0..<300, using: &random)
            io.length = index % 4 == 0 ? 4096 : 4097
            io.submitCPU = index % 5 == 0 ? nil : UInt16(index % 3)
            io.submitterThread = UInt32(index % 7)
            io.operation = index % 2 == 0 ? .read : .write
            return io
        }
    }()

    static func report(by grouping: Grouping, top: Int = 1000) throws -> (Report, ReportGroups) {
        var counts = GroupCounts(by: Grouper(by: [grouping]))
        for io in ios { counts.add(io) }
        var builder = ReportBuilder(rule: .defersWrites, groups: counts.largest(top))
        for io in ios { builder.add(io) }
        let report = builder.finish(source: WaitSummaryTests.switchesSeen, loss: [])
        return (report, try #require(report.groups))
    }

    @Test(arguments: Grouping.allCases)
    func groupsAddUpToTheWhole(grouping: Grouping) throws {
        let (report, groups) = try Self.report(by: grouping)
        #expect(groups.chosen.otherIOs == 0 && groups.chosen.otherGroups == 0)
        let parts = groups.groups.map(\.report)
        #expect(parts.reduce(0) { $0 + $1.ios.total } == report.ios.total)
        #expect(parts.reduce(0) { $0 + ($1.latency?.total ?? 0) } == report.latency?.total)
        #expect(zip(parts, parts.dropFirst()).allSatisfy { $0.ios.total >= $1.ios.total })
        #expect(Set(groups.groups.map(\.key)).count == groups.groups.count)
        for part in parts { #expect(part.stages.reduce(0) { $0 + $1.durations.total } == part.latency?.total) }
        #expect(groups.groups.allSatisfy { $0.key.groupings == [grouping] })
    }

    /// 252:4 is made of 252:3, that of a disk; and a mirror of two disks is given them in either order.
    @Test func layersAreNamedFromAboveToBelow() {
        func layers(_ way: [(major: UInt32, minor: UInt32, giver: Int?)]) -> GroupKey {
            var io = SyntheticIOs.inline(at: 1000)
            io.path = LayerPath(
                layers: way.map { one in
                    var passage = LayerPassage(device: DeviceNumber(major: one.major, minor: one.minor))
                    passage.giver = one.giver
                    return passage
                })
            return Grouper(by: [.layer]).key(of: io)
        }
        func numbers(_ levels: [(UInt32, UInt32)]...) -> GroupKey {
            .layers(levels.map { $0.map { DeviceNumber(major: $0.0, minor: $0.1) } })
        }
        #expect(layers([(252, 4, nil), (252, 3, 0), (8, 1, 1)]) == numbers([(252, 4)], [(252, 3)], [(8, 1)]))
        #expect(layers([(9, 1, nil), (259, 2, 0), (259, 1, 0)]) == numbers([(9, 1)], [(259, 1), (259, 2)]))
        #expect(layers([(9, 1, nil), (259, 2, nil), (259, 1, nil)]) == numbers([(9, 1)], [(259, 1)], [(259, 2)]))
    }

    @Test func aGroupIsTheReportOfItsIOsAlone() throws {
        let groups = try Self.report(by: .device).1.groups
        let own = Self.ios.filter { $0.device.minor == 1 }
        let alone = SyntheticIOs.report(own, source: WaitSummaryTests.switchesSeen)
        let group = try #require(groups.first { $0.key == .device(DeviceNumber(major: 8, minor: 1)) }).report
        #expect(group.latency == alone.latency && group.stages == alone.stages && group.tail == alone.tail)
        #expect(group.contexts == alone.contexts && group.ios == alone.ios)
        // One interrupt may have ended I/Os of all groups.
        #expect(group.interrupts.allSatisfy { $0.interrupts == nil })
        #expect(alone.interrupts.contains { $0.interrupts != nil })
    }

    @Test func aGroupHasTheFirstSentenceOfItsOwnVerdict() throws {
        let (report, groups) = try Self.report(by: .device)
        let own = Self.ios.filter { $0.device.minor == 1 }
        let alone = SyntheticIOs.report(own, source: WaitSummaryTests.switchesSeen).verdict
        let group = try #require(groups.groups.first { $0.key == .device(DeviceNumber(major: 8, minor: 1)) }).report
        #expect(group.verdict.sentences.count == min(1, alone.sentences.count))
        #expect(group.verdict.sentences.first == alone.sentences.first && group.verdict.refusals == alone.refusals)
        #expect(report.verdict.refusals.isEmpty || !group.verdict.refusals.isEmpty)
        // Too few I/Os carry none, however many the recording has.
        let few = try Self.report(by: .file).1.groups[0].report
        #expect(few.ios.total < Verdict.neededIOs && few.verdict.sentences.isEmpty)
        #expect(few.verdict.refusals.contains(.fewIOs(few.ios.total, needed: Verdict.neededIOs)))
    }

    @Test func whatIsNotShownIsCounted() throws {
        let (report, groups) = try Self.report(by: .file, top: 5)
        #expect(groups.groups.count == 5)
        let shown = groups.groups.reduce(0) { $0 + $1.report.ios.total }
        #expect(groups.chosen.otherIOs == report.ios.total - shown)
        #expect(groups.chosen.otherGroups > 100 && groups.chosen.countsAllGroups)
    }

    @Test func groupsAreBounded() {
        var counts = GroupCounts(by: Grouper(by: [.file]))
        var io = SyntheticIOs.at(1)
        for inode in 0..<70_000 {
            io.inode = UInt64(inode)
            counts.add(io)
            if inode == 69_999 { counts.add(Self.ios[0]) }
        }
        let chosen = counts.largest(3)
        #expect(chosen.keys.count == 3 && !chosen.countsAllGroups)
        #expect(chosen.otherIOs == 70_001 - 3)
    }

    @Test func chosenPercentilesAreOfEveryDuration() throws {
        var builder = ReportBuilder(rule: .defersWrites, percentiles: [50, 99.9, 100])
        for io in Self.ios { builder.add(io) }
        let report = builder.finish(source: WaitSummaryTests.switchesSeen, loss: [])
        let latency = try #require(report.latency)
        #expect(report.percentiles == [50, 99.9, 100])
        #expect(latency.chosen == [latency.p50, latency.p999, latency.max])
        #expect(report.stages.allSatisfy { $0.durations.chosen.count == 3 })
        #expect(report.queueWait?.durations.chosen.count == 3)
    }
}
