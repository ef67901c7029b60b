// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// All that is summed and counted of I/Os: of all of them, or of one group.
struct ReportAccumulator: ~Copyable, Sendable {
    private var headline = HeadlineAccumulator()
    private var completion = CompletionAccumulator()
    private var stages = StageAccumulator()
    private var quality = QualityAccumulator()
    private var interrupts = InterruptCounts()
    private var placements = PlacementAccumulator()
    private var layers = LayerAccumulator()

    /// What the figures mean, besides the I/Os.
    struct Frame {
        var source: ReportSource
        var selection: Report.Selection?
        var sample: Sample?
        var rule: CompletionRule
        var loss: [DataLoss]
        var percentiles: [Double]
        /// The names of tasks and work items on CPUs.
        var names: [String]
        /// What waits of the whole recording have clocks.
        var clocks: SeenClocks
        /// It is of all I/Os that were recorded.
        var isOfAll: Bool
        /// Every I/O of the recording is there: nothing was lost, and none was left out.
        var isWhole: Bool
    }

    /// - Parameter life: of `io`; stays as it is.
    @inline(__always)
    mutating func add(_ io: DirectIO, _ life: inout AttributedLife, _ occupancies: inout OccupancyLog) {
        headline.add(io, life)
        completion.add(io, life)
        quality.add(life)
        interrupts.add(io)
        layers.add(io, life)
        // What is known of an unfinished I/O's duration is only that it was longer.
        guard life.isFinished else { return stages.addClocks(of: io) }
        stages.add(&life, of: io, &occupancies)
        placements.add(io, life)
    }

    /// I/Os that were aggregated in the kernel, and have no record.
    private(set) var summedUp: UInt64 = 0

    mutating func add(_ whole: AttributedSummary) {
        summedUp += whole.summary.ios
        headline.add(whole.summary)
        completion.add(whole)
        quality.add(whole.life, times: whole.summary.ios)
        layers.add(whole)
        guard whole.life.isFinished else { return }
        stages.add(whole)
        placements.add(whole)
    }

    /// Adds what was counted of other I/Os, with a log of the same occupancies.
    mutating func add(_ other: borrowing ReportAccumulator) {
        summedUp += other.summedUp
        headline.add(other.headline)
        completion.add(other.completion)
        quality.add(other.quality)
        interrupts.add(other.interrupts)
        stages.add(other.stages)
        placements.add(other.placements)
        layers.add(other.layers)
    }

    /// There were more values than are counted: what of it depends on the order of the I/Os.
    var isAtLimit: Bool { headline.isAtLimit || placements.isAtLimit }

    var ios: UInt64 { headline.ios.total }

    /// From the first submission to the last completion, CLOCK_MONOTONIC.
    var load: Range<UInt64> { headline.load }

    /// From the I/Os that were added.
    var clocks: SeenClocks { stages.clocks }

    var disordered: UInt64 { quality.disordered }

    /// The report but for its verdict.
    func report(_ frame: Frame) -> Report {
        let ios = headline.ios
        let totals = stages.totals()
        let latency = totals.latency
        let waits = [Stage.queueWait, .taskWorkWait, .delivery, .hopWait, .submitterWakeup].map {
            stages.wait($0, totals, names: frame.names, clocks: frame.clocks, percentiles: frame.percentiles)
        }
        var report = Report(
            source: frame.source, selection: frame.selection, sample: frame.sample, rule: frame.rule,
            percentiles: frame.percentiles,
            quality: quality.quality(
                of: ios.total, blind: frame.source.blindPoints, seesBios: !frame.source.probes.isEmpty),
            headline: headline.headline(
                devices: frame.source.devices, latency: latency.total,
                population: frame.sample?.populationInSpan ?? 1),
            ios: ios, latency: latency.statistics(frame.percentiles), contexts: completion.contextCounts,
            endContexts: completion.endContexts, reasons: completion.reasonCounts,
            stages: stages.summaries(totals, frame.percentiles),
            queueWait: waits[0], taskWorkWait: waits[1], tail: stages.composition(latency),
            cpuSharing: completion.cpuSharing(
                switchesSeen: ios.partial < ios.total && frame.source.sees("sched_switch")),
            placement: placements.table,
            // Only a record has the interrupt that ended its I/O.
            interrupts: summedUp > 0 ? [] : interrupts.summaries(allSeen: frame.isWhole), loss: frame.loss,
            verdict: Verdict(sentences: [], refusals: []))
        (report.deliveryWait, report.hopWait, report.waiterWait) = (waits[2], waits[3], waits[4])
        if stages.recorder.ios > 0 { report.recorder = stages.recorder }
        let stacked = frame.source.stackedDevices
        report.layers = layers.summaries(of: latency.total, stacked: stacked)
        let unseen = layers.notFollowed(stacked: stacked, blind: frame.source.blindPoints)
        report.quality.count(notFollowed: unseen.devices, complete: unseen.complete, of: ios.total)
        report.histogram = stages.histogram
        report.deliverers = layers.delivererCounts
        report.requests = layers.requests
        if summedUp > 0 { report.summedUp = Report.SummedUp(ios: summedUp) }
        let leftOut = ios.total == 0 && frame.selection == nil ? UnseenIO.leftOut(frame.loss) : nil
        if let leftOut, frame.source.hasFilters || frame.sample != nil {
            report.unseen = [leftOut]
            return report
        }
        guard frame.isOfAll else { return report }
        report.scheduling = Scheduling(frame.source.cpus)
        report.unseen = UnseenIO.all(
            in: frame.source, devices: headline.deviceNumbers, written: headline.writtenDevices
        ) { operation in
            operation == .write ? ios.writtenBytes : ios.bytes &- ios.writtenBytes
        }
        // A command that has others do its I/O.
        if let leftOut { report.unseen.append(leftOut) }
        return report
    }
}
