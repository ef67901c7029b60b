// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Latency and stages of all finished I/Os.
struct StageAccumulator: ~Copyable, Sendable {
    private var durations = DurationTable()
    /// I/Os by stage and context.
    private var contexts = CountTable(Stage.count * StageContext.count)
    private var sums = StageSums()
    private var queueWait = WaitAccumulator()
    private var taskWorkWait = WaitAccumulator()

    private static let latencyRow = Stage.count

    @inline(__always)
    mutating func add(_ life: inout AttributedLife, of io: DirectIO, _ log: inout HoldLog) {
        let bucket = DurationBucket.number(of: life.latency)
        // No stage is longer than the whole: there is room for each, then.
        durations.reach(bucket)
        sums.reach(bucket)
        durations.record(life.latency, in: Self.latencyRow)
        // Several holes in one I/O are one unattributed duration.
        var hole: UInt64?
        life.spans.withAll { nanoseconds, kinds, count in
            for index in 0..<count {
                let span = StageSpan(
                    stage: kinds[index].stage, context: kinds[index].context, nanoseconds: nanoseconds[index])
                sums.add(span.nanoseconds, span.stage, in: bucket)
                if span.stage == .unattributed {
                    hole = (hole ?? 0) + span.nanoseconds
                    continue
                }
                record(span)
                if span.stage == .queueWait, io.queueWaitHeld.isKnown {
                    queueWait.add(io.queueWaitHeld, in: span, of: io, &log)
                } else if span.stage == .taskWorkWait, io.taskWorkHeld.isKnown {
                    taskWorkWait.add(io.taskWorkHeld, in: span, of: io, &log)
                }
            }
        }
        if let hole { record(StageSpan(stage: .unattributed, context: .device, nanoseconds: hole)) }
    }

    @inline(__always)
    private mutating func record(_ span: StageSpan) {
        let stage = Int(span.stage.rawValue)
        durations.record(span.nanoseconds, in: stage)
        contexts[stage &* StageContext.count &+ Int(span.context.rawValue)] &+= 1
    }

    /// Adds I/Os that were summed up.
    mutating func add(_ whole: AttributedSummary) {
        let summary = whole.summary
        for row in summary.rows {
            durations.record(row.latency(atMost: summary.longest), times: row.ios, in: Self.latencyRow)
        }
        durations.note(longest: summary.longest, in: Self.latencyRow)
        for part in whole.stages { add(part, of: summary) }
        if whole.isIn(.queueWait) { queueWait.add(held: summary.queueWaitHeld) }
        if whole.isIn(.taskWorkWait) { taskWorkWait.add(held: summary.taskWorkHeld) }
    }

    private mutating func add(_ part: AttributedSummary.Part, of summary: IOSummary) {
        let stage = Int(part.stage.rawValue)
        contexts[stage &* StageContext.count &+ Int(part.context.rawValue)] &+= summary.ios
        for row in summary.rows {
            let sum = part.steps.reduce(0) { $0 &+ row.nanoseconds[$1] }
            let bucket = DurationBucket.number(of: row.latency(atMost: summary.longest))
            sums.reach(bucket)
            sums.add(sum, part.stage, in: bucket)
            // Of several steps together only their sum is known.
            if part.steps.count > 1 { durations.record(sum / max(1, row.ios), times: row.ios, in: stage) }
        }
        guard part.steps.count == 1, let step = part.steps.first else { return }
        let longest = summary.longestSteps[step]
        for count in summary.spreads[step] {
            durations.record(count.bucket.told(atMost: longest), times: count.ios, in: stage)
        }
        durations.note(longest: longest, in: stage)
    }

    /// Adds what was summed of other I/Os, with a log of the same holds.
    mutating func add(_ other: borrowing StageAccumulator) {
        durations.add(other.durations)
        contexts.add(other.contexts)
        sums.add(other.sums)
        queueWait.add(other.queueWait)
        taskWorkWait.add(other.taskWorkWait)
    }

    /// What there is to tell at the end.
    func totals() -> StageTotals {
        let sums = sums.sums()
        return StageTotals(
            latency: durations.distribution(Self.latencyRow, total: sums.reduce(0, +)),
            stages: sums.enumerated().map { durations.distribution($0.offset, total: $0.element) })
    }

    func summaries(_ totals: StageTotals, _ percentiles: [Double]) -> [StageSummary] {
        Stage.allCases.compactMap { stage in
            let index = Int(stage.rawValue)
            guard let durations = totals.stages[index].statistics(percentiles) else { return nil }
            let first = index * StageContext.count
            return StageSummary(
                stage: stage, contexts: (0..<StageContext.count).map { contexts[first + $0] }, durations: durations,
                share: Self.share(durations.total, of: totals.latency.total))
        }
    }

    /// - Parameters:
    ///   - names: those of the log.
    ///   - switchesSeen: without task switches nothing tells who held a CPU.
    func wait(
        _ stage: Stage, _ totals: StageTotals, names: [String], switchesSeen: Bool, percentiles: [Double]
    ) -> WaitSummary? {
        totals.stages[Int(stage.rawValue)].statistics(percentiles).map { durations in
            let wait = stage == .queueWait ? queueWait : taskWorkWait
            return WaitSummary(
                durations: durations, causes: switchesSeen ? wait.causes(of: durations.total, names: names) : [])
        }
    }

    func composition(_ latency: DurationDistribution) -> TailComposition? {
        guard latency.count > 0 else { return nil }
        let bucket = DurationBucket.number(of: latency.percentile(TailComposition.percent))
        let from = DurationBucket.lowest(of: bucket)
        let ios = latency.count(from: from)
        let sums = sums.sums(from: bucket)
        let total = sums.reduce(0, +)
        return TailComposition(
            from: from, ios: ios, shareOfIOs: Double(ios) / Double(latency.count),
            mean: Double(total) / Double(ios),
            stages: Stage.allCases.compactMap { stage in
                let sum = sums[Int(stage.rawValue)]
                return sum == 0 ? nil : .init(stage: stage, share: Self.share(sum, of: total))
            })
    }

    /// 0 of 0 is 0: an I/O that took no time has no part in anything.
    static func share(_ part: UInt128, of whole: UInt128) -> Double {
        whole == 0 ? 0 : Double(part) / Double(whole)
    }
}

/// All durations, by stage and whole.
struct StageTotals {
    let latency: DurationDistribution
    /// By `Stage.rawValue`.
    let stages: [DurationDistribution]
}
