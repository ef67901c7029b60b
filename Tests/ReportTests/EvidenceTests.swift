// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Testing

@testable import Report

struct EvidenceTests {
    static let deferred = (0..<200).map { SyntheticIOs.deferred(at: 1000 + UInt64($0) * 1000) }

    @Test func kworkerVerdictStandsOnTheReportsNumbers() throws {
        let report = SyntheticIOs.report(Self.deferred)
        let wait = try #require(report.stage(.queueWait))
        #expect(report.verdict.refusals == [])
        let estimate = try #require(report.inlineEstimate)
        #expect(
            report.verdict.sentences == [
                .kworker(share: 1, queueWait: 180_000, queueWaitShare: wait.share, cause: nil),
                .deferral(reason: .iomapAlwaysDefersWrites, share: 1), .inlineEstimate(estimate),
            ])
        // Without the clocks of the CPUs there is the time saved, and no promise of IOPS.
        #expect(estimate.latencySaved == 181_000 && estimate.cpuSaved == nil)
        #expect(estimate.iops == .notPromised(.cpuTimeUnknown))
    }

    @Test func inlineVerdictTellsWhatItCosts() {
        let report = SyntheticIOs.report((0..<200).map { SyntheticIOs.inline(at: 1000 + UInt64($0) * 1000) })
        #expect(report.verdict.sentences.first == .inline(context: .hardirq, share: 1, cost: 3000))
        #expect(report.verdict.sentences.dropFirst() == [.shares(LatencyShares(report))])
    }

    @Test func verdictIsRefusedWhenTheEvidenceIsThin() {
        let few = SyntheticIOs.report(Array(Self.deferred.prefix(99)))
        #expect(few.verdict.refusals == [.fewIOs(99, needed: 100)])

        var holes = Self.deferred
        for index in 0..<11 { holes[index].workStarted = nil }
        let incomplete = SyntheticIOs.report(holes)
        #expect(incomplete.verdict.refusals == [.incomplete(share: 0.945, needed: 0.95)])
        holes[10] = Self.deferred[10]
        #expect(SyntheticIOs.report(holes).verdict.refusals == [])

        let lost = DataLoss(what: "ring-full", count: 3, severity: .loss, help: "")
        #expect(
            SyntheticIOs.report(Self.deferred, loss: [lost]).verdict.refusals == [.loss(what: "ring-full", count: 3)])
        let none = DataLoss(what: "ring-full", count: 0, severity: .loss, help: "")
        let info = DataLoss(what: "filtered", count: 9, severity: .info, help: "")
        #expect(SyntheticIOs.report(Self.deferred, loss: [none, info]).verdict.refusals == [])

        let misread = DataLoss(what: DataLoss.contextsMisread, count: 2, severity: .loss, help: "")
        let unbelieved = SyntheticIOs.report(Self.deferred, loss: [misread]).verdict
        #expect(unbelieved.refusals == [.loss(what: DataLoss.contextsMisread, count: 2)] && unbelieved.sentences == [])

        let cut = SyntheticIOs.report(Self.deferred, source: ReportSource(kind: "test", isComplete: false))
        #expect(cut.verdict.refusals == [.cutOff])
        #expect(cut.verdict.sentences == [])
    }

    @Test func fewLostIOsLeaveAVerdictWithItsBound() throws {
        let lost = DataLoss(
            what: DataLoss.completionMissed, count: 2, severity: .loss, help: "", timeAtMost: 10_000_000)
        let report = SyntheticIOs.report(Self.deferred + Self.deferred, loss: [lost])
        #expect(report.verdict.refusals == [])
        let latency = try #require(report.latency)
        let mean = (Double(latency.total) + 20_000_000) / 402
        #expect(report.verdict.sentences.last == .lost(share: 2.0 / 402, meanAtMost: mean))
        #expect(report.quality.lostIOs == 2)
        #expect(report.quality.completeShare == 400.0 / 402)

        // Nothing is known of I/Os lost in a ring.
        let ring = DataLoss(what: "ring-full", count: 1, severity: .loss, help: "")
        let both = SyntheticIOs.report(Self.deferred + Self.deferred, loss: [lost, ring])
        #expect(both.verdict.sentences.last == .lost(share: 3.0 / 403, meanAtMost: nil))
    }

    @Test func onePercentLostIsTooMuch() {
        let lost = DataLoss(what: DataLoss.completionMissed, count: 2, severity: .loss, help: "")
        let report = SyntheticIOs.report(Array(Self.deferred.prefix(198)), loss: [lost])
        #expect(report.verdict.sentences == [])
        #expect(report.verdict.refusals == [.loss(what: DataLoss.completionMissed, count: 2)])
        // What is not counted in I/Os refuses it whatever its count.
        let bytes = DataLoss(what: "capture-damaged-bytes", count: 1, severity: .loss, help: "")
        #expect(SyntheticIOs.report(Self.deferred, loss: [bytes]).verdict.sentences == [])
    }

    @Test func mixedContextsWithoutKworkersAreNoVerdict() {
        let contexts: [ExecutionContext?] = [.hardirq, .softirq, nil]
        let ios = (0..<300).map { index in
            var io = SyntheticIOs.inline(at: 1000 + UInt64(index) * 1000)
            io.completeContext = contexts[index % 3]
            io.completed = index % 3 == 2 ? io.ended : io.completed
            return io
        }
        // A completion whose context is not known leaves a hole.
        let report = SyntheticIOs.report(ios)
        #expect(report.verdict.refusals == [.incomplete(share: 200.0 / 300, needed: 0.95)])
        let softer = (0..<300).map { index in
            var io = ios[index % 2]
            if index % 3 == 2 {
                io.completeContext = .task
                io.facts.insert(.bySubmitter)
            }
            return io
        }
        #expect(SyntheticIOs.report(softer).verdict.refusals == [.mixedContexts])
    }

    @Test func pointsThatNoProbeTellsOfAreBlindAndNotMissing() {
        var ios = Self.deferred
        for index in ios.indices { ios[index].issued = nil }
        ios[0].interrupted = nil
        ios[1].workStarted = nil
        var source = ReportSource(kind: "test", isComplete: true)
        source.probes = SyntheticIOs.probes(["tp_btf/irq_handler_entry", "tp_btf/softirq_entry"])
        let quality = SyntheticIOs.report(ios, source: source).quality
        #expect(quality.blind == [.issued, .ended, .taskWorkRun])
        #expect(quality.missing == [.init(point: .interrupted, ios: 1), .init(point: .workStarted, ios: 1)])
        // A missing border is reported, and leaves its I/O complete: there is one coarser stage and no hole.
        #expect(quality.completeIOs == 199)
        source.probes.append(.init(name: "tp_btf/block_rq_issue", attached: false, reason: "EPERM"))
        #expect(SyntheticIOs.report(ios, source: source).quality.blind.contains(.issued))
        source.probes.append(.init(name: "tp_btf/block_rq_issue", attached: true))
        let borderMissed = SyntheticIOs.report(ios, source: source).quality
        #expect(borderMissed.missing.first == .init(point: .issued, ios: 200))
        #expect(borderMissed.completeIOs == 199)
    }

    /// A hole is read by the submitter alone. That it is one is known where probes see what comes to a device, and ends.
    @Test func whatCameToNoDeviceLacksNothing() {
        var ios = Self.deferred
        for index in 0..<80 {
            (ios[index].issued, ios[index].ended, ios[index].interrupted) = (nil, nil, nil)
            (ios[index].workQueued, ios[index].workStarted) = (nil, nil)
            ios[index].completeContext = .task
            ios[index].facts = .bySubmitter
        }
        func quality(_ probes: [String]) -> Report.Quality {
            var source = ReportSource(kind: "test", isComplete: true)
            source.probes = SyntheticIOs.probes(probes)
            return SyntheticIOs.report(ios, source: source).quality
        }
        let seen = quality(["tp_btf/irq_handler_entry", "tp_btf/block_rq_issue", "fentry/iomap_dio_bio_end_io"])
        #expect(seen.completeIOs == 200 && seen.withoutBioIOs == 80 && seen.missing.isEmpty)
        // Where ends are not seen, or a trace is read, it may be one whose end was missed.
        #expect(quality(["tp_btf/block_rq_issue"]).withoutBioIOs == 0)
        let traced = quality([])
        #expect(traced.completeIOs == 120 && traced.missing.contains(.init(point: .ended, ios: 80)))
        // A block device has no holes.
        for index in 0..<80 { ios[index].facts.insert(.blockDevice) }
        #expect(quality(["tp_btf/block_rq_issue", "fentry/iomap_dio_bio_end_io"]).withoutBioIOs == 0)
    }

    @Test func preemptionIsNotZeroWhenSwitchesWereNotSeen() {
        var ios = Self.deferred
        ios[3].facts.insert(.preemptedSubmitter)
        #expect(SyntheticIOs.report(ios).cpuSharing.submitterPreempted == nil)
        var source = ReportSource(kind: "test", isComplete: true)
        source.probes = SyntheticIOs.probes(["tp_btf/sched_switch"])
        #expect(SyntheticIOs.report(ios, source: source).cpuSharing.submitterPreempted == 1)
    }

    @Test func sourceComesFromTheSession() {
        var session = RecordingSession(
            recorder: "1.0", host: "box", kernel: "6.1.0", machine: "x86_64", cpuCount: 2,
            completionRule: .defersWrites, commandLine: ["dioscope", "record"], startedWall: 5,
            startedMonotonic: 100)
        let end = RecordingEnd(wall: 9, monotonic: 350, ios: 1)
        let whole = ReportSource(session: session, end: end, devices: [], isComplete: true)
        #expect(whole.duration == 250)
        #expect(whole.command == ["dioscope", "record"])
        session.tracedCommand = ["fio", "job"]
        let cut = ReportSource(session: session, end: nil, devices: [], isComplete: false)
        #expect(cut.duration == nil)
        #expect(cut.command == ["fio", "job"])
    }
}
