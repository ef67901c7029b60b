// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Takes I/Os in any order, one pass, and makes a report of them. Its memory depends on how far latencies spread,
/// not on how many I/Os there are.
public struct ReportBuilder: ~Copyable {
    private let rule: CompletionRule
    private var headline = HeadlineAccumulator()
    private var completion = CompletionAccumulator()
    private var stages = StageAccumulator()
    private var quality = QualityAccumulator()
    private var interrupts = InterruptCounts()
    private var holds = HoldLog()

    /// - Parameter rule: by which the recorded kernel decides how to complete.
    public init(rule: CompletionRule) {
        self.rule = rule
    }

    /// Takes in who held a CPU, before the I/Os that waited for it.
    public mutating func add(_ hold: CPUHold) {
        holds.add(hold)
    }

    public mutating func add(_ io: DirectIO) {
        let life = AttributedLife(io, rule: rule)
        headline.add(io, life)
        completion.add(io, life)
        quality.add(life)
        interrupts.add(io)
        // What is known of an unfinished I/O's duration is only that it was longer.
        if life.isFinished { stages.add(life, of: io, &holds) }
    }

    /// - Parameter loss: what is missing from the I/Os that were added, as their source counted it.
    public consuming func finish(source: ReportSource, loss: [DataLoss]) -> Report {
        let ios = headline.ios
        var loss = loss
        if quality.disordered > 0 { loss.append(Self.disordered(quality.disordered)) }
        let lossless = source.isComplete && !loss.contains { $0.severity == .loss && $0.count > 0 }
        let summaries = stages.summaries
        let (stages, names, switchesSeen) = (stages, holds.names, source.sees("sched_switch"))
        func wait(_ stage: Stage) -> WaitSummary? { stages.wait(stage, names: names, switchesSeen: switchesSeen) }

        var report = Report(
            source: source, rule: rule,
            quality: quality.quality(of: ios.total, blind: source.blindPoints),
            headline: headline.headline(devices: source.devices, latency: stages.latency.total),
            ios: ios, latency: stages.latency.statistics, contexts: completion.contexts,
            endContexts: completion.endContexts, reasons: completion.reasonCounts, stages: summaries,
            queueWait: wait(.queueWait), taskWorkWait: wait(.taskWorkWait),
            tail: stages.composition,
            cpuSharing: completion.cpuSharing(switchesSeen: switchesSeen),
            interrupts: interrupts.summaries(allSeen: lossless), loss: loss,
            verdict: Verdict(sentences: [], refusals: []))
        report.verdict = Verdict(on: report)
        return report
    }

    private static func disordered(_ count: UInt64) -> DataLoss {
        DataLoss(
            what: "disordered-times", count: count, severity: .loss,
            help: "I/Os with times that contradict each other; the contradicting times were dropped")
    }
}
