// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Latency and stages of all finished I/Os.
struct StageAccumulator {
    private(set) var latency = DurationRecorder()
    private var recorders = [DurationRecorder](repeating: DurationRecorder(), count: Stage.count)
    /// I/Os by stage and context.
    private var contexts = [UInt64](repeating: 0, count: Stage.count * StageContext.count)
    private var tail = TailTable()
    private var queueWait = WaitAccumulator()
    private var taskWorkWait = WaitAccumulator()

    mutating func add(_ life: AttributedLife, of io: DirectIO, _ log: inout HoldLog) {
        latency.record(life.latency)
        tail.add(life.spans, latency: life.latency)
        // Several holes in one I/O are one unattributed duration.
        var hole: UInt64?
        life.spans.forEach { span in
            if span.stage == .unattributed {
                hole = (hole ?? 0) + span.nanoseconds
            } else {
                record(span)
            }
        }
        if io.queueWaitHeld.isKnown { addQueueWait(life, of: io, &log) }
        if io.taskWorkHeld.isKnown { addTaskWorkWait(life, of: io, &log) }
        if let hole { record(StageSpan(stage: .unattributed, context: .device, nanoseconds: hole)) }
    }

    @inline(never)
    private mutating func addQueueWait(_ life: AttributedLife, of io: DirectIO, _ log: inout HoldLog) {
        if let wait = life.wait(.queueWait, of: io) { queueWait.add(wait, &log) }
    }

    @inline(never)
    private mutating func addTaskWorkWait(_ life: AttributedLife, of io: DirectIO, _ log: inout HoldLog) {
        if let wait = life.wait(.taskWorkWait, of: io) { taskWorkWait.add(wait, &log) }
    }

    @inline(__always)
    private mutating func record(_ span: StageSpan) {
        let stage = Int(span.stage.rawValue)
        recorders[stage].record(span.nanoseconds)
        contexts[stage * StageContext.count + Int(span.context.rawValue)] += 1
    }

    func summaries(_ percentiles: [Double]) -> [StageSummary] {
        Stage.allCases.compactMap { stage in
            let index = Int(stage.rawValue)
            guard let durations = recorders[index].statistics(percentiles) else { return nil }
            let first = index * StageContext.count
            return StageSummary(
                stage: stage, contexts: Array(contexts[first..<(first + StageContext.count)]), durations: durations,
                share: Self.share(durations.total, of: latency.total))
        }
    }

    /// - Parameters:
    ///   - names: those of the log.
    ///   - switchesSeen: without task switches nothing tells who held a CPU.
    func wait(_ stage: Stage, names: [String], switchesSeen: Bool, percentiles: [Double]) -> WaitSummary? {
        recorders[Int(stage.rawValue)].statistics(percentiles).map { durations in
            let wait = stage == .queueWait ? queueWait : taskWorkWait
            return WaitSummary(
                durations: durations, causes: switchesSeen ? wait.causes(of: durations.total, names: names) : [])
        }
    }

    var composition: TailComposition? {
        guard latency.count > 0 else { return nil }
        let bucket = TailTable.bucket(of: latency.percentile(TailComposition.percent))
        let from = TailTable.lowest(of: bucket)
        let ios = latency.count(from: from)
        let sums = tail.sums(from: bucket)
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
