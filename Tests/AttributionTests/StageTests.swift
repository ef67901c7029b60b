// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import TestSupport
import Testing

struct StageTests {
    typealias Times = [(TimePath, Int)]

    static let down: Times = [(\.issued, 10), (\.interrupted, 100), (\.ended, 115)]

    /// Stages as text, e.g. `T submit 10`, in causal order.
    func stages(_ io: DirectIO) -> [String] {
        let spans = AttributedLife(io, rule: .defersWrites).spans
        return spans.indices.map {
            "\(spans[$0].context.letter) \(spans[$0].stage.name) \(spans[$0].nanoseconds)"
        }
    }

    /// A corrupt capture may have any: there are more than a byte numbers.
    @Test func eachStageHasAPlaceOfItsOwn() {
        let all = AtomicStage.allCases.flatMap { first in
            AtomicStage.allCases.compactMap { Stage(first, through: $0) }
        }
        var slots = StageSlots()
        #expect(all.map { slots.place(of: $0) } == Array(all.indices))
        #expect(all.map { slots.known($0) } == Array(all.indices))
        #expect(slots.stages == all)
    }

    @Test func inlineInTheInterrupt() {
        let io = Life.make(times: Self.down + [(\.completed, 120)])
        #expect(stages(io) == ["T submit 10", "- device 90", "H irq 15", "H inline_completion 5"])
        let softirq = Life.make(end: .softirq, complete: .softirq, times: Self.down + [(\.completed, 120)])
        #expect(stages(softirq) == ["T submit 10", "- device 90", "S irq 15", "S inline_completion 5"])
    }

    @Test func deferredToAKworkerThenToTaskWork() {
        let io = Life.make(
            .ioUring, complete: .kworker,
            times: Self.down + [
                (\.workQueued, 116), (\.workStarted, 300), (\.completed, 308), (\.taskWorkRun, 350),
            ])
        #expect(
            stages(io) == [
                "T submit 10", "- device 90", "H irq 15", "H hand_off 1", "W queue_wait 184", "W completion_work 8",
                "U task_work_wait 42",
            ])
        let life = AttributedLife(io, rule: .defersWrites)
        #expect(life.latency == 350)
        #expect(life.completionLatency == 308)
        #expect(life.missing == [])
        #expect(life.isComplete(blind: []))
    }

    @Test func taskWorkFollowsCompletion() {
        let io = Life.make(.ioUring, times: Self.down + [(\.completed, 120), (\.taskWorkRun, 150)])
        #expect(stages(io).suffix(2) == ["H inline_completion 5", "U task_work_wait 30"])
    }

    @Test func eachTaskContextHasItsOwnCompletionStage() {
        let times = Self.down + [(\.completed, 150)]
        let sync = Life.make(.sync, complete: .task, facts: [.endSeen, .endDecides, .waiter], times: times)
        #expect(stages(sync).last == "T submitter_wakeup 35")
        let race = Life.make(complete: .task, facts: [.endSeen, .bySubmitter], times: times)
        #expect(stages(race).last == "T submitter_completion 35")
        let poll = Life.make(
            .ioUring, end: .task, complete: .task, facts: [.endSeen, .endDecides, .polled],
            times: [(\.issued, 10), (\.ended, 115), (\.completed, 120)])
        #expect(stages(poll) == ["T submit 10", "- device 105", "T inline_completion 5"])
        let caller = Life.make(
            .ioUring, complete: .task, facts: [.endSeen, .endDecides, .callerCompletion], times: times)
        #expect(stages(caller).last == "U task_work_wait..caller_completion 35")
        let other = Life.make(complete: .task, times: times)
        #expect(stages(other).last == "- completion 35")
    }

    @Test func callerCompletionMayTellOfTheHopBeforeIt() {
        let io = Life.make(
            .ioUring, complete: .task, facts: [.endSeen, .endDecides, .callerCompletion],
            times: Self.down + [(\.taskWorkRun, 140), (\.completed, 150)])
        #expect(
            stages(io) == [
                "T submit 10", "- device 90", "H irq 15", "U task_work_wait 25", "U caller_completion 10",
            ])
        #expect(!AttributedLife(io, rule: .flaggedInline).isDisordered)
    }

    @Test func aHandlerThatEnteredBeforeTheIssueIsNoPointOfThisLife() {
        for entry in [5, -50] {
            let io = Life.make(times: [(\.issued, 10), (\.interrupted, entry), (\.ended, 30), (\.completed, 31)])
            #expect(stages(io) == ["T submit 10", "- device 20", "H inline_completion 1"])
            let life = AttributedLife(io, rule: .unknown)
            #expect(!life.isDisordered)
            #expect(life.isComplete(blind: []))
        }
    }

    @Test func aStageThatTookNoTimeIsThereAndAMissedOneIsNot() {
        let io = Life.make(times: [(\.issued, 0), (\.ended, 0), (\.completed, 0)])
        let spans = AttributedLife(io, rule: .unknown).spans
        #expect(spans[.submit] == 0)
        #expect(spans[.device] == 0)
        #expect(spans[.interrupt] == nil)
        #expect(spans[.queueWait] == nil)
    }

    @Test func missedPointsMakeComposedStages() {
        #expect(
            stages(Life.make(times: [(\.interrupted, 100), (\.ended, 115), (\.completed, 120)])).first
                == "- submit..device 100")
        #expect(stages(Life.make(times: [(\.ended, 115), (\.completed, 120)])).first == "- submit..device 115")
        #expect(
            stages(Life.make(times: [(\.issued, 10), (\.completed, 120)])) == [
                "T submit 10", "- device..inline_completion 110",
            ])
        #expect(stages(Life.make(times: [(\.completed, 120)])) == ["- submit..inline_completion 120"])
        let startMissed = Life.make(complete: .kworker, times: Self.down + [(\.workQueued, 116), (\.completed, 308)])
        #expect(stages(startMissed).suffix(2) == ["H hand_off 1", "W queue_wait..completion_work 192"])
        let queueMissed = Life.make(complete: .kworker, times: Self.down + [(\.workStarted, 300), (\.completed, 308)])
        #expect(stages(queueMissed).suffix(2) == ["- hand_off..queue_wait 185", "W completion_work 8"])
        let bothMissed = Life.make(complete: .kworker, times: Self.down + [(\.completed, 308)])
        #expect(stages(bothMissed).last == "- hand_off..completion_work 193")
        let missing = AttributedLife(bothMissed, rule: .defersWrites).missing.points
        #expect(missing == [.workQueued, .workStarted])
    }

    @Test func withoutEndIOThereAreComposedStages() {
        let irq: Times = [(\.issued, 10), (\.interrupted, 100)]
        let deferred = Life.make(
            complete: .kworker, times: irq + [(\.workQueued, 110), (\.workStarted, 150), (\.completed, 160)])
        #expect(
            stages(deferred) == [
                "T submit 10", "- device 90", "H irq..hand_off 10", "W queue_wait 40", "W completion_work 10",
            ])
        let inline = Life.make(complete: .hardirq, times: irq + [(\.completed, 120)])
        #expect(stages(inline) == ["T submit 10", "- device 90", "H irq..inline_completion 20"])
        let sync = Life.make(.sync, complete: .task, times: [(\.issued, 10), (\.completed, 120)])
        #expect(stages(sync) == ["T submit 10", "- device..submitter_wakeup 110"])
        let blind = Life.make(.sync, complete: .task, times: [(\.completed, 120)])
        #expect(stages(blind) == ["- submit..submitter_wakeup 120"])
        // submit_bio_wait() has no end_io of direct I/O's: nothing is missing.
        #expect(AttributedLife(blind, rule: .flaggedWork).isComplete(blind: []))
        for io in [deferred, inline, sync] {
            #expect(!AttributedLife(io, rule: .flaggedInline).isComplete(blind: []))
            #expect(AttributedLife(io, rule: .flaggedInline).isComplete(blind: [LifePoints(.ended)]))
        }
    }

    @Test func whatNoPointWasSeenOfIsInOneSpan() {
        let started = Life.make(
            complete: .kworker, times: [(\.issued, 10), (\.workStarted, 300), (\.taskWorkRun, 310)])
        #expect(
            stages(started) == [
                "T submit 10", "- device..queue_wait 290", "- completion_work..task_work_wait 10",
            ])
        let queued = Life.make(complete: .kworker, times: [(\.issued, 10), (\.workQueued, 50), (\.workStarted, 60)])
        #expect(stages(queued) == ["T submit 10", "- device..hand_off 40", "W queue_wait 10"])
    }

    @Test func anIOThatNeverCompletedHasOnlyWhatWasSeen() {
        let life = AttributedLife(Life.make(complete: nil, times: [(\.issued, 10)]), rule: .unknown)
        #expect(life.latency == 10)
        #expect(life.completionLatency == nil)
        #expect(!life.isFinished)
        #expect(life.missing.contains(LifePoints(.completed)))
        #expect(AttributedLife(Life.make(complete: nil), rule: .unknown).spans.count == 0)
    }

    @Test func contradictingTimesAreDroppedAndMarked() {
        let rows: [(Times, [String])] = [
            // Issued after it ended.
            (
                [(\.issued, 500), (\.ended, 115), (\.completed, 120)],
                ["- submit..device 115", "H inline_completion 5"]
            ),
            // Interrupted after it ended.
            (
                [(\.issued, 10), (\.interrupted, 118), (\.ended, 115), (\.completed, 120)],
                ["T submit 10", "- device 105", "H inline_completion 5"]
            ),
            // Ended after it completed: completion is believed.
            (
                [(\.issued, 10), (\.ended, 500), (\.completed, 120)],
                ["T submit 10", "- device..inline_completion 110"]
            ),
            // Completed before it was submitted.
            ([(\.issued, 10), (\.ended, 115), (\.completed, -1)], ["T submit 10", "- device 105"]),
            // task_work before completion.
            (
                [(\.issued, 10), (\.ended, 115), (\.completed, 120), (\.taskWorkRun, 119)],
                ["T submit 10", "- device 105", "H inline_completion 5"]
            ),
        ]
        for (times, expected) in rows {
            let io = Life.make(times: times)
            #expect(stages(io) == expected)
            let life = AttributedLife(io, rule: .unknown)
            #expect(life.isDisordered)
            #expect(!life.isComplete(blind: [LifePoints(.issued), LifePoints(.interrupted)]))
        }
    }

    @Test func blindPointsDoNotMakeALifeIncomplete() {
        let life = AttributedLife(Life.make(.ioUring, times: [(\.ended, 115), (\.completed, 120)]), rule: .unknown)
        #expect(life.missing.points == [.issued, .interrupted, .taskWorkRun])
        #expect(!life.isComplete(blind: []))
        #expect(life.isComplete(blind: life.missing))
    }

    @Test func placementComparesTheThreeCPUsOfADeferredIO() {
        let rows: [(UInt16?, UInt16?, UInt16?, CPUPlacement)] = [
            (1, 1, 1, .submitIRQWorker), (0, 1, 1, .irqWorker), (1, 1, 0, .none), (0, 1, 0, .none),
            (0, 1, 2, .none), (nil, 1, 1, .unknown), (1, nil, 1, .unknown), (1, 1, nil, .unknown),
        ]
        for (submit, end, worker, expected) in rows {
            var io = Life.make(complete: .kworker)
            (io.submitCPU, io.endCPU, io.workerCPU) = (submit, end, worker)
            #expect(AttributedLife(io, rule: .unknown).placement == expected)
            io.completeContext = .hardirq
            #expect(AttributedLife(io, rule: .unknown).placement == nil)
        }
    }
}
