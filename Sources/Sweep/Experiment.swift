// SPDX-License-Identifier: GPL-2.0-only

import Comparison

/// One load run with its completions deferred and inline in turn: what fio reached, and what made the difference.
public struct Experiment: Sendable {
    public enum Completion: String, Sendable, CaseIterable {
        /// Pages of its files are cached, for which the kernel defers.
        case deferred
        case inline
    }

    public struct Run: Sendable {
        public var completion: Completion
        /// From 0.
        public var repetition: Int
        /// Recorded; or not, and fio's own figures count.
        public var isTraced: Bool

        public init(completion: Completion, repetition: Int, isTraced: Bool) {
            self.completion = completion
            self.repetition = repetition
            self.isTraced = isTraced
        }
    }

    public struct FinishedRun: Sendable {
        public var run: Run
        public var fio: FioResult
        /// Only of a traced run.
        public var report: SavedReport?
        public var quick: CachedPagesCost.QuickWrite?

        public init(
            run: Run, fio: FioResult, report: SavedReport? = nil, quick: CachedPagesCost.QuickWrite? = nil
        ) {
            self.run = run
            self.fio = fio
            self.report = report
            self.quick = quick
        }
    }

    /// In IOPS by fio, of the untraced runs.
    public let iops: Difference
    /// Nanoseconds, fio's own mean, of the untraced runs.
    public let latency: Difference
    /// What recording costs on each side, in IOPS.
    public let tracing: [Completion: Difference]
    /// The comparison of the recorded runs, deferred with inline.
    public let recorded: Comparison?
    /// `nil` when that is not known.
    public let cachedPages: CachedPagesCost?
    /// The part of fio's I/Os that were writes: no other is ever deferred.
    public let writeShare: Double
    /// Untraced runs of the side that has fewer.
    public let repeats: Int

    /// `nil` without an untraced run of each side.
    public init?(_ runs: [FinishedRun]) {
        func some(_ completion: Completion, isTraced: Bool) -> [FinishedRun] {
            runs.filter { $0.run.completion == completion && $0.run.isTraced == isTraced }
        }
        func rates(_ runs: [FinishedRun]) -> Estimate? { Self.rates(runs.map(\.fio)) }
        func latencies(_ runs: [FinishedRun]) -> Estimate? { Estimate(runs: runs.map(\.fio.meanLatency)) }
        let deferred = some(.deferred, isTraced: false)
        let inline = some(.inline, isTraced: false)
        guard !deferred.isEmpty, !inline.isEmpty else { return nil }
        repeats = min(deferred.count, inline.count)
        let ios = runs.reduce(0.0) { $0 + Double($1.fio.ios) }
        writeShare = runs.reduce(0.0) { $0 + Double($1.fio.writes ?? $1.fio.ios) } / max(1, ios)
        iops = Difference(base: rates(deferred), new: rates(inline))
        latency = Difference(base: latencies(deferred), new: latencies(inline))
        var costs: [Completion: Difference] = [:]
        for completion in Completion.allCases {
            let traced = some(completion, isTraced: true)
            guard !traced.isEmpty else { continue }
            costs[completion] = Difference(base: rates(some(completion, isTraced: false)), new: rates(traced))
        }
        tracing = costs
        let sides = Completion.allCases.map { completion in
            some(completion, isTraced: true).compactMap { $0.report?.run(named: completion.rawValue) }
        }
        recorded = sides.contains(where: \.isEmpty) ? nil : Comparison(base: sides[0], new: sides[1], by: .run)
        let quick = Completion.allCases.map { some($0, isTraced: true).compactMap(\.quick) }
        cachedPages = CachedPagesCost(deferred: quick[0], inline: quick[1])
    }

    /// The part of the deferred load's time that its writes look for cached pages, at most. `nil`: not known, or of no effect
    /// on a load that gains nothing.
    public var cachedPagesShare: Double? {
        guard iops.isSignificant == true, let base = iops.base else { return nil }
        return cachedPages?.share(at: base * writeShare)
    }

    /// The 95% interval of what inline completion alone is worth, as a part of the deferred IOPS: nothing of what cached pages
    /// cost by themselves is in its lower end.
    public var inlineAlone: ClosedRange<Double>? {
        guard let interval = iops.relative?.interval, let share = cachedPagesShare else { return nil }
        return ((1 + interval.lowerBound) * (1 - share) - 1)...interval.upperBound
    }

    /// fio counts the time of a run in whole milliseconds: short runs are known no better, though they repeat exactly.
    private static func rates(_ results: [FioResult]) -> Estimate? {
        let millisecond = results.map { $0.iops * $0.iops / Double(max(1, $0.ios)) / 1000 }.max() ?? 0
        return Estimate(runs: results.map(\.iops))?.widened(by: millisecond)
    }

    public var measured: MeasuredChange { MeasuredChange(change: iops, recorded: recorded, hasSides: true) }

    /// All runs in their order: repeat by repeat, the four kinds at random, so that what a machine does over the hours hits
    /// all alike.
    public static func plan(repeats: Int, seed: UInt64) -> [Run] {
        var random = SeededOrder(seed: seed)
        return (0..<repeats).flatMap { repetition in
            random.shuffled(
                Completion.allCases.flatMap { completion in
                    [true, false].map { Run(completion: completion, repetition: repetition, isTraced: $0) }
                })
        }
    }

    /// The part of the recorded I/Os of a side that was completed in a kworker; `nil`: nothing was recorded.
    public func kworkerShare(_ completion: Completion) -> Double? {
        guard let recorded else { return nil }
        let row = recorded.contexts.first { row in
            if case .context(.kworker) = row.metric { true } else { false }
        }
        return (completion == .deferred ? row?.difference.base : row?.difference.new) ?? 0
    }
}
