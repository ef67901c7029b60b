// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import TestSupport
import Testing

@testable import Report

struct ReportBuilderTests {
    static func mixed(_ count: Int) -> [DirectIO] {
        var random = SeededGenerator(seed: 3)
        return (0..<count).map { index in
            let start = 1_000_000 + UInt64(index) * 20_000
            guard index % 3 > 0 else {
                return SyntheticIOs.deferred(
                    at: start, queueWait: UInt64.random(in: 1000...9_000_000, using: &random))
            }
            return SyntheticIOs.inline(at: start, device: UInt64.random(in: 20_000...200_000, using: &random))
        }
    }

    @Test func stageTotalsAddUpToTheLatencies() throws {
        var ios = Self.mixed(5000)
        // Holes, no completion, and a contradiction among them.
        ios[0].workStarted = nil
        ios[1].completed = nil
        ios[2].ended = nil
        ios[4].issued = Timestamp(nanoseconds: 1)
        let report = SyntheticIOs.report(ios)
        let latency = try #require(report.latency)
        #expect(report.stages.reduce(0) { $0 + $1.durations.total } == latency.total)
        #expect(abs(report.stages.reduce(0) { $0 + $1.share } - 1) < 1e-9)
        let expected = ios.filter { $0.completed != nil }
            .reduce(UInt128(0)) { $0 + UInt128(AttributedLife($1, rule: .defersWrites).latency) }
        #expect(latency.total == expected)
        #expect(latency.ios == 4999)
        #expect(report.quality.unfinishedIOs == 1)
        #expect(report.quality.disorderedIOs == 1)
        #expect(report.quality.completeIOs == 4996)
        #expect(report.stage(named: "queue_wait..completion_work")?.durations.ios == 1)
        #expect(report.stage(named: "irq..inline_completion")?.durations.ios == 1)
        #expect(report.loss.map(\.what) == ["disordered-times"] && report.loss.map(\.severity) == [.info])
        #expect(report.stages.map(\.stage) == report.stages.map(\.stage).sorted())
        for stage in report.stages { #expect(stage.contexts.reduce(0, +) == stage.durations.ios) }
    }

    @Test(arguments: [(49, true), (50, false), (2500, false)])
    func fewContradictionsRefuseNoVerdict(contradictions: Int, concludes: Bool) throws {
        var ios = (0..<5000).map { SyntheticIOs.deferred(at: UInt64(1000 + $0 * 1000)) }
        for index in 0..<contradictions { ios[index * 2].issued = Timestamp(nanoseconds: 1) }
        let report = SyntheticIOs.report(ios)
        #expect(report.quality.disorderedIOs == UInt64(contradictions))
        #expect(report.loss.map(\.count) == [UInt64(contradictions)])
        #expect(report.verdict.sentences.isEmpty != concludes)
        #expect(
            report.verdict.refusals.contains(.loss(what: "disordered-times", count: UInt64(contradictions)))
                != concludes)
    }

    @Test func whatTwoPointsEncloseIsAComposedStage() throws {
        var io = SyntheticIOs.deferred(at: 1_000)
        (io.interrupted, io.ended) = (nil, nil)
        let report = SyntheticIOs.report([io])
        let stage = try #require(report.stage(named: "device..hand_off"))
        #expect(stage.durations.total == 106_000)
        #expect(stage.context == .device)
        #expect(report.stages.map(\.stage.name) == ["submit", "device..hand_off", "queue_wait", "completion_work"])
    }

    @Test func tailIsTheExactCompositionOfTheSlowestIOs() throws {
        let ios = Self.mixed(5000)
        let report = SyntheticIOs.report(ios)
        let tail = try #require(report.tail)
        let lives = ios.map { AttributedLife($0, rule: .defersWrites) }
        let slowest = lives.filter { $0.latency >= tail.from }
        #expect(tail.ios == UInt64(slowest.count))
        #expect(tail.ios >= 50 && tail.ios < 100)
        let total = slowest.reduce(0) { $0 + $1.latency }
        #expect(abs(tail.mean - Double(total) / Double(slowest.count)) < 1e-6 * tail.mean)
        for part in tail.stages {
            let sum = slowest.reduce(0) { $0 + ($1.spans[part.stage] ?? 0) }
            #expect(abs(part.share - Double(sum) / Double(total)) < 1e-12)
        }
        #expect(abs(tail.stages.reduce(0) { $0 + $1.share } - 1) < 1e-9)
    }

    @Test func countsOfEveryKindAddUpToTheIOs() throws {
        var ios = Self.mixed(300)
        ios[1].operation = .read
        ios[1].error = -5
        ios[2].issuer = .ioUring
        ios[2].length = 16384
        ios[4].endContext = nil
        ios[5].endContext = .kworker
        ios[5].completeContext = nil
        let report = SyntheticIOs.report(ios)
        #expect(report.ios.total == 300)
        #expect(report.ios.read == 1)
        #expect(report.ios.write == 299)
        #expect(report.ios.errors == 1)
        #expect(report.ios.bytes == 299 * 4096 + 16384)
        #expect(report.ios.issuers == [0, 299, 1, 0, 0])
        #expect(report.contexts.reduce(0, +) == 300)
        #expect(report.count(in: .kworker) == 100)
        #expect(report.count(in: .unknown) == 1)
        let ends = try #require(report.endContexts)
        #expect([ends.hardirq, ends.softirq, ends.task] == [298, 0, 1])
        #expect(report.reasons == [.init(reason: .iomapAlwaysDefersWrites, ios: 100)])
        #expect(report.cpuSharing.deferredIOs == 100)
        #expect(report.cpuSharing.submitIRQWorker == 100)
        #expect(report.queueWait?.durations.ios == 100)
        #expect(report.queueWait?.causes == [])
    }

    @Test func headlineIsOfTheMostFrequentKind() {
        var ios = (0..<10).map { SyntheticIOs.inline(at: 1000 + UInt64($0) * 118_000) }
        ios[0].length = 512
        ios[1].operation = .read
        var source = ReportSource(kind: "test", isComplete: true)
        source.devices = [
            DeviceName(
                device: DeviceNumber(major: 259, minor: 1), name: "nvme0n1", fileSystem: "ext4", mountPoint: nil)
        ]
        let headline = SyntheticIOs.report(ios, source: source).headline
        #expect(headline.operation == .init(value: .write, share: 0.9))
        #expect(headline.length == .init(value: 4096, share: 0.9))
        #expect(headline.issuer == .init(value: .libaio, share: 1))
        #expect(headline.deviceName?.name == "nvme0n1")
        // One after the other, without a pause.
        #expect(headline.meanInFlight == 1)
    }

    @Test func manyBlockSizesAreBounded() {
        let ios = (0..<1000).map { index in
            SyntheticIOs.at(1, length: index % 2 == 0 ? 4096 : UInt32(index))
        }
        #expect(SyntheticIOs.report(ios).headline.length == .init(value: 4096, share: 0.5))
    }

    @Test func noIOsMakeAReportThatSaysSo() {
        let report = SyntheticIOs.report([])
        #expect(report.latency == nil)
        #expect(report.tail == nil)
        #expect(report.queueWait == nil)
        #expect(report.stages.isEmpty)
        #expect(report.quality.completeShare == nil)
        #expect(report.endContexts == nil)
        #expect(report.headline.operation == nil)
        #expect(report.headline.meanInFlight == nil)
        #expect(report.contexts == [UInt64](repeating: 0, count: CompletionContext.count))
        #expect(report.verdict.refusals == [.noIOs])
    }

    @Test func anIOThatTookNoTimeHasNoShares() {
        var io = SyntheticIOs.at(1000)
        io.ended = io.submitted
        io.completed = io.submitted
        let report = SyntheticIOs.report([io])
        #expect(report.latency?.mean == 0)
        #expect(report.stages.allSatisfy { $0.share == 0 })
        #expect(report.tail?.ios == 1)
        #expect(report.tail?.stages.isEmpty == true)
    }

    @Test func interruptsAreCountedOnlyWhenEveryRecordIsThere() {
        // Three interrupts: of 3, 1 and 1 I/Os.
        let ios = [(24, 1), (24, 2), (24, 3), (24, 1), (25, 1)].enumerated().map { index, place in
            SyntheticIOs.inline(
                at: UInt64(index + 1) * 1000, irqNumber: UInt32(place.0), batch: UInt16(place.1))
        }
        let whole = SyntheticIOs.report(ios).interrupts
        #expect(
            whole == [
                InterruptStatistics(irq: 24, ios: 4, interrupts: 2),
                InterruptStatistics(irq: 25, ios: 1, interrupts: 1),
            ])
        #expect(whole[0].iosPerInterrupt == 2)
        let loss = DataLoss(what: "ring-full", count: 1, severity: .loss, help: "")
        #expect(SyntheticIOs.report(ios, loss: [loss]).interrupts.allSatisfy { $0.interrupts == nil })
        var several = ios
        several[0].facts.insert(.multiBio)
        #expect(SyntheticIOs.report(several).interrupts.map(\.interrupts) == [nil, 1])
        var odd = ios
        odd[4].irq = 4_000_000_000
        odd[3].endContext = .softirq
        #expect(SyntheticIOs.report(odd).interrupts.map(\.irq) == [24, 4_000_000_000, nil])
    }
}
