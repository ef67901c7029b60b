// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// One side of a comparison: its runs, and what their units say of each metric.
public struct Side: Sendable {
    public let runs: [RunFacts]
    public let ios: UInt64
    /// I/Os that were seen to complete.
    public let finished: UInt64
    public let unitKind: UnitKind
    public let unitCount: Int
    /// Nanoseconds of the longest block; `nil` when units are runs, or saved reports.
    public let blockLength: UInt64?
    /// There are enough units for intervals.
    public var hasIntervals: Bool { spread != nil }

    private let units: [RunUnit]
    private let whole: RunUnit
    private let spread: Spread?
    private let savedPercentiles: [Percentile: Double]

    /// What statistics are over.
    public enum UnitKind: String, Sendable {
        case run, block
        /// A machine with all of its runs.
        case box
    }

    init(_ runs: [Run], by kind: UnitKind) {
        self.runs = runs.map(\.facts)
        unitKind = kind
        let wholes = runs.map(\.whole)
        whole =
            Run(facts: RunFacts(name: "", isSavedReport: false, isComplete: true), blockLength: nil, units: wholes)
            .whole
        ios = whole.tally.ios
        finished = whole.tally.finished
        let hasSaved = runs.contains { $0.facts.isSavedReport }
        switch kind {
        case .run:
            units = wholes
            blockLength = nil
            spread = Spread(runs: units.count)
        case .box:
            let boxes = Dictionary(grouping: runs) { $0.facts.box ?? "" }.sorted { $0.key < $1.key }
            units = boxes.map { RunUnit($0.value.map(\.whole)) }
            blockLength = nil
            spread = Spread(runs: units.count)
        case .block:
            // They need the same length: a shorter run has chosen shorter ones.
            let longest = runs.compactMap(\.blockLength).max()
            units = runs.flatMap { $0.units(inBlocksOf: longest ?? 0) }
            blockLength = longest
            spread = hasSaved ? nil : Spread(blocks: units.count)
        }
        unitCount = units.count
        savedPercentiles = hasSaved && runs.count == 1 ? runs[0].savedPercentiles : [:]
    }

    /// `nil` when the side has no such number.
    func estimate(_ metric: Metric) -> Estimate? {
        switch metric {
        case .iops: ratio({ $0.counted * 1e9 }, to: \.span)
        case .mean: ratio({ Double($0.tally.latency) }, to: { Double($0.tally.finished) })
        case .leaf(let leaf): ratio({ Double($0.tally.sum(of: leaf)) }, to: { Double($0.tally.finished) })
        case .context(let context):
            ratio({ Double($0.tally.contexts[context.index]) }, to: { Double($0.tally.ios) })
        case .reason(let reason):
            ratio({ Double($0.tally.reasons[reason.index]) }, to: { Double($0.tally.ios) })
        case .percentile(let percentile): quantile(percentile)
        }
    }

    /// Sum over sum: what a report of all runs in one would say. The units' share in its error is their residual.
    private func ratio(_ numerator: (RunUnit) -> Double, to denominator: (RunUnit) -> Double) -> Estimate? {
        let numerators = units.map(numerator)
        let denominators = units.map(denominator)
        let whole = denominators.reduce(0, +)
        guard whole > 0 else { return nil }
        let value = numerators.reduce(0, +) / whole
        let residuals = zip(numerators, denominators).map { $0 - value * $1 }
        return Estimate(value, margin: spread.map { $0.margin(residuals) / whole })
    }

    /// The quantile of all I/Os; its interval by inversion (Woodruff, Journal of the American Statistical Association
    /// 47, 1952): how far the part of the I/Os behind it may be off, found from the units, and where those parts lie.
    private func quantile(_ percentile: Percentile) -> Estimate? {
        guard let found = whole.tally.durations.quantile(percentile.fraction) else {
            return savedPercentiles[percentile].map { Estimate($0) }
        }
        guard let spread else { return Estimate(found.value) }
        let counts = units.map(\.tally.durations)
        let total = Double(whole.tally.durations.total)
        let behind = counts.map { Double($0.count(behind: found.bucket)) }
        let part = behind.reduce(0, +) / total
        let residuals = zip(behind, counts).map { $0 - part * Double($1.total) }
        let margin = spread.margin(residuals) / total
        // An upper limit needs I/Os behind it.
        guard percentile.fraction + margin < 1 - 1 / total,
            let low = whole.tally.durations.quantile(percentile.fraction - margin)?.low,
            let high = whole.tally.durations.quantile(percentile.fraction + margin)?.high
        else { return ofRuns(percentile, found.value) }
        return Estimate(found.value, interval: low...high)
    }

    /// Those that some I/O has.
    var stages: Set<Stage> { whole.tally.stages }

    /// Few runs leave a wide margin in the part of the I/Os, which may reach beyond the slowest of them. What each run
    /// says of its own quantile is then the only evidence: independent numbers, if each run has I/Os behind it.
    private func ofRuns(_ percentile: Percentile, _ value: Double) -> Estimate {
        let single = units.compactMap { unit -> Double? in
            let total = Double(unit.tally.durations.total)
            return total * (1 - percentile.fraction) < 1
                ? nil : unit.tally.durations.quantile(percentile.fraction)?.value
        }
        guard unitKind != .block, single.count == units.count, let interval = Estimate(runs: single)?.interval else {
            return Estimate(value)
        }
        return Estimate(value, interval: max(0, min(interval.lowerBound, value))...max(interval.upperBound, value))
    }

    /// Nanoseconds per I/O in a leaf, of the I/Os that completed in one context; over all finished I/Os.
    func mean(of leaf: Leaf, in context: CompletionContext) -> Double {
        finished == 0 ? 0 : Double(whole.tally.sum(of: leaf, in: context)) / Double(finished)
    }
}
