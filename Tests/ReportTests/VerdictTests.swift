// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Testing

@testable import Report

struct VerdictTests {
    /// 200 writes that wait 180 us each for a kworker on the submitter's CPU.
    static func report(
        _ occupied: [CPUOccupant: UInt32], hog: String? = nil, users: [FileUser]? = nil, allowed: String? = nil,
        isVirtual: Bool? = nil, change: (inout DirectIO) -> Void = { _ in }
    ) -> Report {
        var builder = ReportBuilder(rule: .defersWrites)
        for index in 0..<200 {
            var io = SyntheticIOs.deferred(at: 1_000_000 + UInt64(index) * 500_000)
            for (occupant, time) in occupied { io.queueWaitOccupants[occupant] = time }
            change(&io)
            if let hog, let from = io.workQueued, let until = io.workStarted {
                let occupant: CPUOccupant = occupied[.poolWork] == nil ? .otherTask : .poolWork
                builder.add(CPUOccupancy(cpu: 1, occupant: occupant, thread: 5, from: from, until: until, name: hog))
            }
            builder.add(io)
        }
        var source = WaitSummaryTests.switchesSeen
        source.threads = [100: ThreadName(thread: 100, process: 100, name: "fio")]
        source.fileUsers = users
        source.isVirtual = isVirtual
        source.places = allowed.map {
            HostTopology(
                interrupts: [.init(irq: 24, name: "nvme0q1", allowed: $0, effective: "1")], cpus: [], unboundWorks: nil)
        }
        return builder.finish(source: source, loss: [])
    }

    static func cause(_ report: Report) -> Verdict.MainCause? {
        guard case .kworker(_, _, _, let cause) = report.verdict.sentences.first else { return nil }
        return cause
    }

    static func advice(_ report: Report) -> Verdict.Advice? {
        report.verdict.sentences.lazy.compactMap { if case .advice(let advice) = $0 { advice } else { nil } }.first
    }

    @Test func aSubmitterOnTheSharedCPUIsToBeMoved() throws {
        let report = Self.report([.submitter: 120_000, .idle: 50_000])
        #expect(
            Self.cause(report) == .init(cause: .submitter, name: "fio", mean: 120_000, share: 120_000.0 / 180_000))
        #expect(Self.advice(report) == .moveApart(share: 1))
        #expect(report.verdict.sentences.count == 4)
        // An interrupt that has but one CPU cannot be moved.
        #expect(Self.advice(Self.report([.submitter: 120_000], allowed: "0-3")) == .moveApart(share: 1))
        #expect(Self.advice(Self.report([.submitter: 120_000], allowed: "1")) == .boundTogether(share: 1))
        // On another CPU there is nothing to move.
        let apart = Self.report([.submitter: 120_000]) { $0.submitCPU = 0 }
        #expect(Self.cause(apart)?.cause == .submitter && Self.advice(apart) == nil)
    }

    @Test func whoHoldsTheCPUIsNamed() {
        let hog = Self.report([.otherTask: 100_000, .submitter: 20_000], hog: "kcompactd0")
        #expect(Self.cause(hog)?.name == "kcompactd0")
        #expect(Self.advice(hog) == .keepOff(name: "kcompactd0", mean: 100_000))
        let pool = Self.report([.poolWork: 100_000], hog: "vmstat_update")
        #expect(Self.advice(pool) == .keepOff(name: "vmstat_update", mean: 100_000))
        let nameless = Self.report([.otherTask: 100_000])
        #expect(Self.cause(nameless)?.name == nil && Self.advice(nameless) == nil)
    }

    @Test func whoCompletesInWorkOfItsOwnIsNamed() {
        func names(_ others: Int) -> [String?] {
            let ios = (0..<200).map { index in
                var io = SyntheticIOs.inline(at: UInt64(index + 1) * 1_000_000)
                (io.endContext, io.completeContext) = (.kworker, .kworker)
                io.path = LayerPath(layers: [], deliverer: index < others ? "dm_integrity" : "kcryptd_crypt")
                return io
            }
            return SyntheticIOs.report(ios).verdict.sentences.compactMap {
                if case .task(.driverWorker, _, let name) = $0 { .some(name) } else { nil }
            }
        }
        #expect(names(20) == ["kcryptd_crypt"])
        #expect(names(150) == ["dm_integrity"])
    }

    static let advices: [(CPUOccupant, Verdict.Advice?)] = [
        (.idle, .limitIdleStates), (.completionWork, .spreadCompletions),
        (.hardirq, .moveInterrupts), (.softirq, .moveInterrupts), (.workerSwitch, nil),
    ]

    @Test(arguments: advices)
    func eachCauseHasItsAdvice(occupant: CPUOccupant, advice: Verdict.Advice?) {
        let report = Self.report([occupant: 170_000])
        #expect(Self.cause(report)?.cause == WaitCause(occupant))
        #expect(Self.advice(report) == advice)
    }

    @Test func nothingIsConcludedFromThinEvidence() {
        // Half of the wait is not accounted for.
        #expect(Self.cause(Self.report([.submitter: 90_000])) == nil)
        #expect(Self.cause(Self.report([.submitter: 90_001])) != nil)
        // No cause stands out.
        let even = Self.report([
            .submitter: 36_000, .idle: 36_000, .softirq: 36_000, .hardirq: 36_000, .otherTask: 36_000,
        ])
        #expect(Self.cause(even) == nil && Self.advice(even) == nil)
        // Too few I/Os waited.
        var waiting = 0
        let few = Self.report([.submitter: 120_000]) { io in
            waiting += 1
            if waiting > 99 { io = SyntheticIOs.inline(at: io.submitted.nanoseconds) }
        }
        #expect(few.cpuSharing.deferredIOs == 99 && Self.cause(few) == nil)
        #expect(!few.verdict.sentences.contains { if case .deferral = $0 { true } else { false } })
        // The wait is not worth it.
        let short = Self.report([.idle: 170_000]) { $0.submitted = Timestamp(nanoseconds: 1) }
        #expect(Self.cause(short)?.cause == .idle && Self.advice(short) == nil)
    }

    @Test func theReasonOfMostIsTold() {
        func reasons(_ facts: Facts, every: Int = 1, users: [FileUser]? = nil) -> [Verdict.Sentence] {
            var count = 0
            return Self.report([:], users: users) { io in
                count += 1
                if count % every == 0 { io.facts.insert(facts) }
            }.verdict.sentences.filter { if case .deferral = $0 { true } else { false } }
        }
        #expect(reasons(.pageCache) == [.deferral(reason: .pageCachePresent, share: 1)])
        let user = FileUser(device: DeviceNumber(major: 8, minor: 0), inode: 1, process: 4, name: "x", isMapped: true)
        #expect(reasons(.pageCache, users: [user]) == [.deferral(reason: .pageCachePresent, share: 1, users: [user])])
        // They get no other reason.
        #expect(reasons(.unwritten, users: [user]) == [.deferral(reason: .unwrittenConversion, share: 1)])
        #expect(reasons(.unwritten) == [.deferral(reason: .unwrittenConversion, share: 1)])
        #expect(reasons(.needSync, every: 2) == [.deferral(reason: .iomapAlwaysDefersWrites, share: 0.5)])
    }

    @Test func theSecondHopIsToldWhenItMatters() throws {
        func report(_ wait: UInt64) -> Report {
            var builder = ReportBuilder(rule: .flaggedWork)
            for index in 0..<200 {
                var io = SyntheticIOs.inline(at: 1_000_000 + UInt64(index) * 500_000)
                io.issuer = .ioUring
                let completed = io.completed?.nanoseconds ?? 0
                io.taskWorkRun = Timestamp(nanoseconds: completed + wait)
                io.taskWorkOccupants[.submitter] = UInt32(wait)
                builder.add(io)
            }
            return builder.finish(source: WaitSummaryTests.switchesSeen, loss: [])
        }
        let slow = report(60_000)
        let share = try #require(slow.stage(.taskWorkWait)?.share)
        #expect(
            slow.verdict.sentences.prefix(2) == [
                .inline(context: .hardirq, share: 1, cost: 3000),
                .taskWorkWait(
                    mean: 60_000, share: share, cause: .init(cause: .submitter, name: nil, mean: 60_000, share: 1)),
            ])
        #expect(report(1000).verdict.sentences.count == 2)
    }

    @Test func whereNothingIsDeferredItIsSaidWhetherThereIsAnythingToWin() throws {
        let report = SyntheticIOs.report((0..<200).map { SyntheticIOs.inline(at: 1000 + UInt64($0) * 1000) })
        let shares = LatencyShares(report)
        #expect(shares.queues == 0)
        #expect(abs(shares.submission + shares.device + shares.completion + shares.unseparated - 1) < 1e-9)
        #expect(shares.device == report.stage(.device)?.share && shares.submission == report.stage(.submit)?.share)
    }

    /// It is not the device that takes the time of what it does not have yet.
    @Test func whatIsHeldBackIsNoTimeOfTheDevice() throws {
        let report = SyntheticIOs.report(
            (0..<200).map { index in
                let start = 1000 + UInt64(index) * 1_000_000
                var io = SyntheticIOs.inline(at: start, submit: 900_000, device: 50_000)
                io.times[.returned] = start + 10_000
                io.times[.requested] = start + 890_000
                return io
            })
        let share = try #require(report.stage(Stage(.throttle))?.share)
        #expect(share > 0.9)
        #expect(report.verdict.sentences.first == .wait(Stage(.throttle), mean: 880_000, share: share, cause: nil))
        let shares = LatencyShares(report)
        #expect(shares.queues > share && shares.device < 0.06 && shares.submission < 0.02)
    }

    /// A disk without requests: nothing tells when it began.
    @Test func whatCannotBeDividedIsNoTimeOfTheDeviceAlone() {
        let report = SyntheticIOs.report(
            (0..<200).map { index in
                var io = SyntheticIOs.inline(at: 1000 + UInt64(index) * 1_000_000, submit: 10_000, device: 50_000)
                io.issued = nil
                return io
            })
        let shares = LatencyShares(report)
        #expect(shares.undivided > 0.8 && shares.device == 0 && shares.submission == 0)
        #expect(report.verdict.sentences.last == .shares(shares))
    }

    /// A disk that is done before its submission returns.
    @Test func whoRunsEndIOHimselfIsNotWokenUp() {
        func report(_ facts: Facts) -> Report {
            SyntheticIOs.report(
                (0..<200).map { index in
                    var io = SyntheticIOs.inline(at: 1000 + UInt64(index) * 1_000_000, completion: 60_000)
                    (io.issuer, io.endContext, io.completeContext) = (.sync, .task, .task)
                    io.facts.formUnion(facts.union(.bySubmitter))
                    return io
                })
        }
        #expect(report([]).stage(Stage(.submitterWakeup)) != nil)
        let itself = report(.endBySubmitter)
        #expect(itself.stage(Stage(.submitterWakeup)) == nil && itself.stage(Stage(.submitterCompletion)) != nil)
        #expect(itself.count(in: .syncWait) == 200)
    }

    @Test func asynchronousIssuersThatWaitAreTold() {
        func sentences(_ issuer: Issuer) -> [Verdict.Sentence] {
            let ios = (0..<200).map { index in
                var io = SyntheticIOs.inline(at: 1000 + UInt64(index) * 1_000_000)
                (io.issuer, io.operation, io.completeContext) = (issuer, .write, .task)
                io.facts.insert(.bySubmitter)
                if issuer != .sync { io.facts.insert(.forceWait) }
                return io
            }
            return SyntheticIOs.report(ios).verdict.sentences
        }
        func isTold(_ issuer: Issuer) -> Bool {
            sentences(issuer).contains { if case .waitsThough = $0 { true } else { false } }
        }
        #expect(isTold(.libaio) && isTold(.ioUring) && !isTold(.sync))
    }

    @Test func deepIdleStatesAreNoMatterOfAVirtualMachine() {
        #expect(Self.advice(Self.report([.idle: 170_000], isVirtual: true)) == .pollWhileIdle)
        #expect(Self.advice(Self.report([.idle: 170_000], isVirtual: false)) == .limitIdleStates)
    }
}
