// SPDX-License-Identifier: GPL-2.0-only

import TestSupport
import Testing

@testable import Attribution
@testable import DirectIO

/// The table of points is whole, and names follow from it by rule.
struct PointTableTests {
    private static let stages = AtomicStage.allCases.flatMap { first in
        AtomicStage.allCases.compactMap { Stage(first, through: $0) }
    }

    @Test func everyPointHasItsRowAndEveryStageBeginsSomewhere() {
        #expect(LifePoint.rows.map(\.point) == LifePoint.allCases)
        #expect(LifePoint.allCases.count == LifePoint.count && LifePoint.count <= 32)
        #expect(PointTimes(repeating: 0).count == LifePoint.count)
        #expect(StageSpans.capacity >= LifePoint.count - 1)
        #expect(AtomicStage.allCases.count == AtomicStage.count)
        let begun = Set(LifePoint.rows.flatMap { $0.begins.map(\.stage) })
        #expect(Set(AtomicStage.allCases).subtracting(begun) == [.unattributed])
        for stage in AtomicStage.allCases where stage != .unattributed {
            let rows = LifePoint.rows.flatMap(\.begins).filter { $0.stage == stage }
            #expect(Set(rows.map { [$0.name, $0.label, $0.short] }).count == 1, "\(stage) has several names")
        }
    }

    @Test func namesAreDifferentAndFit() {
        #expect(Set(LifePoint.allCases.map(\.name)).count == LifePoint.count)
        #expect(Set(Self.stages.map(\.name)).count == Self.stages.count)
        #expect(Set(Self.stages.map(\.number)).count == Self.stages.count)
        #expect(Self.stages.allSatisfy { (0..<Stage.numbers).contains($0.number) })
        for stage in Self.stages {
            #expect(stage.label.count <= Stage.longestLabel, "\(stage.label)")
            #expect(Stage(name: stage.name) == stage)
        }
        for wrong in ["", "..", "submit..", "device..submit", "submit..device..irq", "submit..unattributed"] {
            #expect(Stage(name: wrong) == nil)
        }
        for row in LifePoint.rows {
            #expect(!row.sources.isEmpty && Set(row.sources).count == row.sources.count)
        }
    }

    /// Whatever of a life was seen: its spans sum to it, and each is named after the stages that the whole life has there.
    @Test(arguments: CompletionContext.allCases)
    func anyPartOfALifeIsMadeOfTheStagesOfTheWhole(context: CompletionContext) throws {
        let whole = try #require(Self.life(of: context))
        let stages = AttributedLife(whole, rule: .unknown).spans
        try #require(AttributedLife(whole, rule: .unknown).context == context)
        let points = LifePoint.allCases.filter { $0 != .submitted && whole[$0] != nil }
        for subset in 0..<UInt32(1) << UInt32(points.count) {
            var io = whole
            for (place, point) in points.enumerated() where subset >> UInt32(place) & 1 == 0 { io[point] = nil }
            let life = AttributedLife(io, rule: .unknown)
            try #require(!life.isDisordered)
            try #require(life.spans.total == life.latency)
            let last = points.compactMap { io[$0]?.nanoseconds }.max() ?? Life.submitted
            try #require(life.latency == last - Life.submitted)
            var next = 0
            for index in life.spans.indices {
                let span = life.spans[index]
                var covered: [StageSpan] = []
                while covered.reduce(0, { $0 + $1.nanoseconds }) < span.nanoseconds {
                    covered.append(stages[next])
                    next += 1
                }
                try #require(span.stage.first == covered.first?.stage.first)
                // A border that was not seen is not passed: the stage before it is longer then.
                let ends = covered.filter {
                    ($0.stage != .interrupt || io.interrupted != nil) && ($0.stage != .delivery || io[.raised] != nil)
                }
                try #require(span.stage.last == ends.last?.stage.last, "\(span.stage.name): \(covered)")
            }
        }
    }

    /// One that passes every point of its path; no two stages take as long as any others.
    private static func life(of context: CompletionContext) -> DirectIO? {
        let facts: Facts
        var path: [LifePoint] = [.issued, .interrupted, .ended, .completed]
        switch context {
        case .hardirq, .softirq, .irqThread, .ksoftirqd: facts = []
        case .kworker:
            facts = []
            path = [.issued, .interrupted, .ended, .workQueued, .workStarted, .completed, .taskWorkRun]
        case .taskWork:
            facts = [.endDecides, .callerCompletion]
            path = [.issued, .interrupted, .ended, .taskWorkRun, .completed]
        case .poll:
            facts = [.polled]
            path = [.issued, .ended, .completed]
        case .syncWait: facts = [.endDecides, .waiter]
        case .submitRace: facts = [.bySubmitter]
        case .driverWorker:
            facts = []
            path = [.issued, .raised, .interrupted, .ended, .completed]
        case .unknown: facts = []
        }
        let runs: ExecutionContext =
            switch context {
            case .hardirq: .hardirq
            case .softirq: .softirq
            case .irqThread: .irqThread
            case .ksoftirqd: .ksoftirqd
            case .kworker, .driverWorker: .kworker
            default: .task
            }
        let ends: ExecutionContext =
            switch context {
            case .poll: .task
            case .driverWorker: .kworker
            default: .hardirq
            }
        var io = Life.make(.ioUring, end: ends, complete: runs, facts: facts)
        var time = Life.submitted
        for (place, point) in path.enumerated() {
            time += 1 << UInt64(place)
            io[point] = Timestamp(nanoseconds: time)
        }
        return io
    }
}
