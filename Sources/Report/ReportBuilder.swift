// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Synchronization

/// Takes I/Os in any order, one pass, and makes a report of them. Its memory depends on how far latencies spread and
/// on the number of chosen groups, not on how many I/Os there are.
public struct ReportBuilder: ~Copyable, Sendable {
    private var attribution: LifeAttribution
    private let percentiles: [Double]
    private let chosen: ChosenGroups?
    private var all = ReportAccumulator()
    private var loop = LoopAccumulator()
    private var saving = InlineSavingAccumulator()
    /// Only what is asked for is counted.
    private var timeline: TimelineAccumulator
    private let hasTimeline: Bool
    private var spread: BurstSpread
    private let bursts: BurstCalendar
    private var groups: [Group]
    private var places: [GroupKey: Int] = [:]
    private var occupancies = OccupancyLog()
    private let leavesOutRecorders: Bool

    /// - Parameters:
    ///   - rule: by which the recorded kernel decides how to complete.
    ///   - percentiles: wanted besides the usual ones, each from 0 to 100.
    ///   - groups: to report on once more by themselves.
    ///   - axis: of the timeline; `nil`: there is none.
    ///   - bursts: of a recording in bursts.
    ///   - leavesOutRecorders: I/Os of whose latency the recorder itself took a large part.
    public init(
        rule: CompletionRule, percentiles: [Double] = [], groups chosen: ChosenGroups? = nil, axis: TimelineAxis? = nil,
        bursts: BurstCalendar = .none, leavesOutRecorders: Bool = false
    ) {
        self.leavesOutRecorders = leavesOutRecorders
        self.bursts = bursts
        timeline = TimelineAccumulator(axis ?? TimelineAxis(origin: nil), bursts: bursts)
        hasTimeline = axis != nil
        spread = BurstSpread(bursts)
        attribution = LifeAttribution(rule: rule)
        self.percentiles = percentiles
        self.chosen = chosen
        let keys = chosen?.keys ?? []
        groups = keys.map { _ in Group() }
        for (place, key) in keys.enumerated() { places[key] = place }
    }

    /// Adds an occupant of a CPU, before the I/Os that waited for that CPU.
    public mutating func add(_ occupancy: CPUOccupancy) {
        occupancies.add(occupancy)
    }

    public var rule: CompletionRule { attribution.rule }

    @inline(__always)
    public mutating func add(_ io: DirectIO) {
        attribution.take(io)
        if leavesOutRecorders, isRecorders(io, attribution.life) { return }
        addToEstimate(io, latency: attribution.life.latency)
        all.add(io, &attribution.life, &occupancies)
        if hasTimeline { timeline.add(io, &attribution.life) }
        if !bursts.isEmpty { spread.add(io, &attribution.life) }
        if let chosen { addToGroup(io, attribution.life, by: chosen.grouper) }
    }

    /// - Parameter known: of `io`, by this builder's rule.
    @inline(__always)
    public mutating func add(_ io: DirectIO, _ known: KnownLife?) {
        if let known { add(io, known.life) } else { add(io) }
    }

    /// The same for one who looks at the life as well, and at who occupied the CPUs before it: so it is walked once.
    /// - Parameter look: leaves the life as it is.
    @inline(__always)
    public mutating func add(
        _ io: DirectIO, _ known: KnownLife?, _ look: (inout AttributedLife, inout OccupancyLog) -> Void
    ) {
        if let known {
            var life = known.life
            add(io, life)
            look(&life, &occupancies)
        } else {
            add(io)
            look(&attribution.life, &occupancies)
        }
    }

    /// Adds I/Os that were aggregated in the kernel. They are in the group of their example.
    public mutating func add(_ summary: IOSummary) {
        let whole = AttributedSummary(summary, rule: rule)
        all.add(whole)
        guard let chosen, let place = places[chosen.grouper.key(of: summary.example)] else { return }
        groups[place].add(whole)
    }

    /// Adds all that was added to `other`: other I/Os but the same occupancies and groups, as if it had been added here.
    public mutating func add(_ other: borrowing ReportBuilder) {
        all.add(other.all)
        loop.add(other.loop)
        saving.add(other.saving)
        timeline.add(other.timeline)
        spread.add(other.spread)
        for (group, others) in zip(groups, other.groups) { group.add(others) }
        if other.occupancies.names.count > occupancies.names.count { occupancies = other.occupancies }
    }

    /// There were more block sizes, devices or combinations of CPUs than are distinguished. Which of them are depends on
    /// the order of the I/Os, and so does what builders that were added together say.
    public var isAtLimit: Bool { all.isAtLimit || groups.contains { $0.isAtLimit } }

    /// - Parameter life: of `io`, by this builder's rule.
    @inline(__always)
    public mutating func add(_ io: DirectIO, _ life: AttributedLife) {
        if leavesOutRecorders, isRecorders(io, life) { return }
        var life = life
        addToEstimate(io, latency: life.latency)
        all.add(io, &life, &occupancies)
        if hasTimeline { timeline.add(io, &life) }
        if !bursts.isEmpty { spread.add(io, &life) }
        if let chosen { addToGroup(io, life, by: chosen.grouper) }
    }

    private mutating func isRecorders(_ io: DirectIO, _ life: AttributedLife) -> Bool {
        RecorderShare.isLarge(occupancies.recorderPart(of: life, of: io), of: life.latency)
    }

    @inline(__always)
    private mutating func addToEstimate(_ io: DirectIO, latency: UInt64) {
        loop.add(io, latency: latency)
        saving.add(io)
    }

    private mutating func addToGroup(_ io: DirectIO, _ life: AttributedLife, by grouper: Grouper) {
        guard let place = places[grouper.key(of: io)] else { return }
        groups[place].add(io, life, &occupancies)
    }

    /// - Parameters:
    ///   - loss: what is missing from the I/Os that were added, as their source counted it.
    ///   - selection: which I/Os were added, when it was not all.
    ///   - thinnedOut: I/Os that were recorded and not added, for others like them were not recorded: see `Thinning`.
    ///   - clocks: of I/Os that were recorded and not added.
    public func finish(
        source: ReportSource, loss: [DataLoss], selection: Report.Selection? = nil, thinnedOut: UInt64 = 0,
        clocks others: SeenClocks = SeenClocks()
    ) -> Report {
        var clocks = all.clocks
        clocks.add(others)
        var loss = loss.sampledOut(further: thinnedOut)
        var selection = selection
        selection?.ofIOs &-= thinnedOut
        if all.disordered > 0 { loss.append(Self.disordered(all.disordered, of: all.ios)) }
        var sample = Sample(ios: selection?.ofIOs ?? all.ios, sampledOut: loss.sampledOut)
        sample?.thinnedOut = thinnedOut
        sample?.bursts = burstsOfSample(leftOut: selection == nil ? loss.sampledOut - thinnedOut : nil)
        let isOfAll = selection == nil && sample == nil
        let lossless = source.isComplete && !loss.contains { $0.severity == .loss && $0.count > 0 }
        var frame = ReportAccumulator.Frame(
            source: source, selection: selection, sample: sample, rule: rule, loss: loss, percentiles: percentiles,
            names: occupancies.names, clocks: clocks, isOfAll: isOfAll, isWhole: lossless && isOfAll)
        var report = all.report(frame)
        if isOfAll, Verdict.refusals(on: report).isEmpty {
            // Only some aggregated I/Os have times of their own.
            let isWhole = report.summedUp == nil
            report.inlineEstimate = InlineEstimate(
                report, loop: isWhole ? loop.finding(source.threads) : .init(loop: .unknown),
                waits: isWhole ? saving.statistics : nil)
        }
        if report.summedUp == nil, hasTimeline {
            report.timeline = timeline.timeline(
                population: bursts.isEmpty ? sample?.population ?? 1 : 1, load: all.load)
        }
        if selection == nil {
            report.quality.count(lost: loss.lostIOs, besides: report.ios.total, thinnedOut: thinnedOut)
        }
        report.verdict = Verdict(on: report)
        guard let chosen else { return report }
        // An interrupt may end I/Os of several groups.
        frame.isWhole = false
        frame.isOfAll = false
        report.groups = ReportGroups(
            chosen: chosen,
            groups: zip(chosen.keys, groups).map { key, group in
                var part = group.report(frame)
                part.verdict = Verdict(on: part).first
                return ReportGroups.Group(key: key, report: part)
            })
        return report
    }

    /// - Parameter leftOut: I/Os that were not recorded; `nil`: not known of those that were added.
    private func burstsOfSample(leftOut: UInt64?) -> Sample.Bursts? {
        guard !bursts.isEmpty else { return nil }
        let load = all.load
        // In a burst none is left out: what was until its end, was before it.
        let before = bursts.bursts[bursts.place(of: load.lowerBound)].leftOut
        let after = bursts.bursts[bursts.place(of: load.upperBound)].leftOut
        let span = Double(max(1, load.upperBound - load.lowerBound))
        return Sample.Bursts(
            count: bursts.bursts.count, time: bursts.time,
            leftOutBesides: leftOut.map { $0 - min($0, after - min(after, before)) },
            recordedPart: min(1, max(1 / span, bursts.recorded(in: load) / span)),
            shareError: spread.shareError, meanError: spread.meanError)
    }

    /// An array holds no accumulators: they cannot be copied.
    private final class Group: Sendable {
        private let accumulator = Mutex(ReportAccumulator())

        func add(_ io: DirectIO, _ life: AttributedLife, _ occupancies: inout OccupancyLog) {
            var life = life
            accumulator.withLock { $0.add(io, &life, &occupancies) }
        }

        func add(_ summary: AttributedSummary) {
            accumulator.withLock { $0.add(summary) }
        }

        func add(_ other: Group) {
            accumulator.withLock { own in other.accumulator.withLock { own.add($0) } }
        }

        var isAtLimit: Bool { accumulator.withLock { $0.isAtLimit } }

        func report(_ frame: ReportAccumulator.Frame) -> Report { accumulator.withLock { $0.report(frame) } }
    }

    /// A few of many change nothing that is said of all.
    private static func disordered(_ count: UInt64, of ios: UInt64) -> DataLoss {
        DataLoss(
            what: "disordered-times", count: count,
            severity: Double(count) < Verdict.tolerableLoss * Double(ios) ? .info : .loss,
            help: "I/Os with times that contradict each other; the contradicting times were dropped")
    }
}
