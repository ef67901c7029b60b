// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Latency and stages of all finished I/Os.
struct StageAccumulator: ~Copyable, Sendable {
    /// Those that occurred: the same places in all that follows.
    private var places = StageSlots()
    private var room = 8
    /// The latency in row 0, then each stage.
    private var durations = DurationTable()
    /// I/Os by stage and context.
    private var contexts = CountTable(8 * StageContext.count)
    private var sums = StageSums()
    private var queueWait = WaitAccumulator()
    private var taskWorkWait = WaitAccumulator()
    private var deliveryWait = WaitAccumulator()
    private var hopWait = WaitAccumulator()
    private var waiterWait = WaitAccumulator()
    /// From the I/Os that were added.
    private(set) var clocks = SeenClocks()
    /// How much of it all the recorder itself took.
    private(set) var recorder = RecorderShare()
    /// Of the I/Os of which it took a large part: by bucket of latency, as `sums`.
    private var recorderCounts = CountTable(0)
    private var recorderSums = StageSums()

    private static let latencyRow = 0

    @inline(__always)
    private mutating func place(of stage: Stage) -> Int {
        let place = places.place(of: stage)
        if place >= room { widen(to: place + 1) }
        return place
    }

    @inline(never)
    private mutating func widen(to wanted: Int) {
        room = wanted + 4
        durations.widen(to: room + 1)
        sums.widen(to: room)
        recorderSums.widen(to: room)
        contexts.grow(to: room * StageContext.count)
    }

    @inline(__always)
    mutating func add(_ life: inout AttributedLife, of io: DirectIO, _ log: inout OccupancyLog) {
        let bucket = DurationBucket.number(of: life.latency)
        // No stage is longer than the whole: there is room for each, then.
        durations.reach(bucket)
        sums.reach(bucket)
        durations.record(life.latency, in: Self.latencyRow)
        // Several holes in one I/O are one unattributed duration.
        var hole: UInt64?
        var recorders: UInt64 = 0
        life.spans.withAll { nanoseconds, kinds, count in
            for index in 0..<count {
                let span = StageSpan(
                    stage: kinds[index].stage, context: kinds[index].context, nanoseconds: nanoseconds[index])
                let place = place(of: span.stage)
                sums.add(span.nanoseconds, place, in: bucket)
                if span.stage == .unattributed {
                    hole = (hole ?? 0) + span.nanoseconds
                    continue
                }
                record(span.nanoseconds, span.context, place)
                if span.stage == .queueWait, io.queueWaitOccupants.isKnown {
                    clocks.add(.queueWait)
                    recorders &+= queueWait.add(io.queueWaitOccupants, in: span, of: io, &log)
                } else if span.stage == .taskWorkWait, io.isSplit(in: .taskWorkWait) {
                    clocks.add(.taskWorkWait)
                    recorders &+= taskWorkWait.add(io.taskWorkOccupants, in: span, of: io, &log)
                } else if span.stage == .delivery, io.further.deliveryOccupants.isKnown {
                    clocks.add(.delivery)
                    recorders &+= deliveryWait.add(io.further.deliveryOccupants, in: span, of: io, &log)
                } else if span.stage == .hopWait, io.further.hopOccupants.isKnown {
                    clocks.add(.hopWait)
                    recorders &+= hopWait.add(io.further.hopOccupants, in: span, of: io, &log)
                } else if span.stage == .submitterWakeup, io.isSplit(in: .submitterWakeup) {
                    clocks.add(.submitterWakeup)
                    let times = io.occupied(in: .submitterWakeup) ?? .unknown
                    recorders &+= waiterWait.add(times, in: span, of: io, &log)
                }
            }
        }
        if let hole { record(hole, .device, place(of: .unattributed)) }
        if recorders > 0 { addRecorder(recorders, &life, bucket) }
    }

    /// An I/O that waited for the recorder itself.
    @inline(never)
    private mutating func addRecorder(_ nanoseconds: UInt64, _ life: inout AttributedLife, _ bucket: Int) {
        recorder.add(nanoseconds, of: life.latency)
        guard RecorderShare.isLarge(nanoseconds, of: life.latency) else { return }
        recorderSums.reach(bucket)
        if bucket >= recorderCounts.count { recorderCounts.grow(to: bucket + 1) }
        recorderCounts[bucket] &+= 1
        let places = places
        life.spans.withAll { nanoseconds, kinds, count in
            for index in 0..<count {
                guard let place = places.known(kinds[index].stage) else { continue }
                recorderSums.add(nanoseconds[index], place, in: bucket)
            }
        }
    }

    /// For an I/O whose stages are not added.
    mutating func addClocks(of io: DirectIO) { clocks.add(io) }

    @inline(__always)
    private mutating func record(_ nanoseconds: UInt64, _ context: StageContext, _ place: Int) {
        durations.record(nanoseconds, in: place &+ 1)
        contexts[place &* StageContext.count &+ Int(context.rawValue)] &+= 1
    }

    /// Adds I/Os that were aggregated in the kernel.
    mutating func add(_ whole: AttributedSummary) {
        let summary = whole.summary
        for row in summary.rows {
            durations.record(row.latency(atMost: summary.longest), times: row.ios, in: Self.latencyRow)
        }
        durations.note(longest: summary.longest, in: Self.latencyRow)
        for part in whole.stages { add(part, of: summary) }
        if whole.isIn(.queueWait), summary.queueWaitOccupants != .zero {
            clocks.add(.queueWait)
            queueWait.add(occupied: summary.queueWaitOccupants)
        }
        if whole.isIn(.taskWorkWait), summary.taskWorkOccupants != .zero {
            clocks.add(.taskWorkWait)
            taskWorkWait.add(occupied: summary.taskWorkOccupants)
        }
    }

    private mutating func add(_ part: AttributedSummary.Part, of summary: IOSummary) {
        let place = place(of: part.stage)
        contexts[place &* StageContext.count &+ Int(part.context.rawValue)] &+= summary.ios
        for row in summary.rows {
            let sum = part.steps.reduce(0) { $0 &+ row.nanoseconds[$1] }
            let bucket = DurationBucket.number(of: row.latency(atMost: summary.longest))
            sums.reach(bucket)
            sums.add(sum, place, in: bucket)
            // For several steps together only the sum is known.
            if part.steps.count > 1 { durations.record(sum / max(1, row.ios), times: row.ios, in: place + 1) }
        }
        guard part.steps.count == 1, let step = part.steps.first else { return }
        let longest = summary.longestSteps[step]
        for count in summary.spreads[step] {
            durations.record(count.bucket.value(atMost: longest), times: count.ios, in: place + 1)
        }
        durations.note(longest: longest, in: place + 1)
    }

    /// Adds what was summed of other I/Os, with a log of the same occupancies.
    mutating func add(_ other: borrowing StageAccumulator) {
        durations.add(other.durations, row: Self.latencyRow, to: Self.latencyRow)
        let stages = other.places.stages
        let places = stages.map { place(of: $0) }
        for (from, place) in places.enumerated() {
            durations.add(other.durations, row: from + 1, to: place + 1)
            for context in 0..<StageContext.count {
                contexts[place * StageContext.count + context] &+= other.contexts[from * StageContext.count + context]
            }
        }
        sums.add(other.sums, places: places)
        recorder.add(other.recorder)
        recorderSums.add(other.recorderSums, places: places)
        recorderCounts.add(other.recorderCounts)
        queueWait.add(other.queueWait)
        taskWorkWait.add(other.taskWorkWait)
        deliveryWait.add(other.deliveryWait)
        hopWait.add(other.hopWait)
        waiterWait.add(other.waiterWait)
        clocks.add(other.clocks)
    }

    /// What there is to say at the end.
    func totals() -> StageTotals {
        let sums = sums.sums(of: places.stages.count)
        return StageTotals(
            latency: durations.distribution(Self.latencyRow, total: sums.reduce(0, +)),
            stages: sums.enumerated().map { durations.distribution($0.offset + 1, total: $0.element) })
    }

    /// How the latencies are spread.
    var histogram: [LatencyStretch] { LatencyStretch.all(of: durations.counts(of: Self.latencyRow)) }

    /// Those that occurred and their places, in causal order.
    private var inOrder: [(stage: Stage, place: Int)] {
        places.stages.enumerated().map { (stage: $0.element, place: $0.offset) }.sorted { $0.stage < $1.stage }
    }

    func summaries(_ totals: StageTotals, _ percentiles: [Double]) -> [StageStatistics] {
        inOrder.compactMap { stage, place in
            guard let durations = totals.stages[place].statistics(percentiles) else { return nil }
            let first = place * StageContext.count
            return StageStatistics(
                stage: stage, contexts: (0..<StageContext.count).map { contexts[first + $0] }, durations: durations,
                share: Self.share(durations.total, of: totals.latency.total))
        }
    }

    /// - Parameters:
    ///   - names: those of the log.
    ///   - clocks: of the whole recording.
    func wait(
        _ stage: Stage, _ totals: StageTotals, names: [String], clocks: SeenClocks, percentiles: [Double]
    ) -> WaitSummary? {
        guard let place = places.known(stage) else { return nil }
        return totals.stages[place].statistics(percentiles).map { durations in
            let causes =
                switch stage {
                case .queueWait: queueWait.causes(of: durations.total, names: names)
                case .delivery: deliveryWait.causes(of: durations.total, names: names)
                case .hopWait: hopWait.causes(of: durations.total, names: names)
                case .submitterWakeup: waiterWait.causes(of: durations.total, names: names)
                default: taskWorkWait.causes(of: durations.total, names: names)
                }
            return WaitSummary(durations: durations, causes: clocks.has(stage) ? causes : [])
        }
    }

    func composition(_ latency: DurationDistribution) -> TailComposition? {
        guard latency.count > 0 else { return nil }
        let bucket = DurationBucket.number(of: latency.percentile(TailComposition.percent))
        let from = DurationBucket.lowest(of: bucket)
        let all = latency.count(from: from)
        let recorders = min(all, recorderIOs(from: bucket))
        // Of the others there is something to learn.
        guard case let ios = all - recorders, ios > 0 else { return nil }
        var sums = sums.sums(of: places.stages.count, from: bucket)
        if recorders > 0 {
            for (place, sum) in recorderSums.sums(of: sums.count, from: bucket).enumerated() {
                sums[place] -= min(sums[place], sum)
            }
        }
        let total = sums.reduce(0, +)
        return TailComposition(
            from: from, ios: ios, shareOfIOs: Double(ios) / Double(latency.count),
            mean: Double(total) / Double(ios),
            stages: inOrder.compactMap { stage, place in
                sums[place] == 0 ? nil : .init(stage: stage, share: Self.share(sums[place], of: total))
            }, recorders: recorders)
    }

    private func recorderIOs(from bucket: Int) -> UInt64 {
        guard bucket < recorderCounts.count else { return 0 }
        return (bucket..<recorderCounts.count).reduce(0) { $0 + recorderCounts[$1] }
    }

    /// 0 of 0 is 0: an I/O that took no time has no part in anything.
    static func share(_ part: UInt128, of whole: UInt128) -> Double {
        whole == 0 ? 0 : Double(part) / Double(whole)
    }
}

/// All durations, by stage and whole.
struct StageTotals {
    let latency: DurationDistribution
    /// By place.
    let stages: [DurationDistribution]
}
