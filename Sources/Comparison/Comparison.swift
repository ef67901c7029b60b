// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// What differs between two sides: a plain value that every output is rendered from.
public struct Comparison: Sendable {
    /// Name and version of the JSON object; the number rises when a reader would have to change.
    public static let schema = "dioscope.compare/2"

    public let base: Side
    public let new: Side
    /// IOPS and latency.
    public let headline: [Row]
    /// In causal order, those that one of the sides has.
    public let stages: [StageRow]
    public let contexts: [Row]
    /// The most frequent first.
    public let reasons: [Row]
    /// How far the numbers can be trusted.
    public let remarks: [Remark]

    public struct Row: Equatable, Sendable {
        public var metric: Metric
        public var difference: Difference
    }

    public struct StageRow: Equatable, Sendable {
        public var stage: Stage
        public var difference: Difference
        /// Its part of the change in mean latency; those of all stages sum to 1. `nil` when nothing says that the mean
        /// changed.
        public var shareOfChange: Double?
        /// Who occupied the CPU, of a wait for one, the largest change first; empty where neither side has clocks.
        public var causes: [Row]
    }

    /// - Parameters:
    ///   - base: at least one run.
    ///   - new: at least one run.
    ///   - kind: what statistics are over; `nil` for boxes or runs where both sides have enough of them, else blocks. Runs of
    ///     one machine are more alike than those of several.
    public init(base: [Run], new: [Run], by kind: Side.UnitKind? = nil) {
        let kind = kind ?? Self.kind(for: [base, new])
        let sides = (base: Side(base, by: kind), new: Side(new, by: kind))
        func row(_ metric: Metric) -> Row {
            Row(
                metric: metric,
                difference: Difference(base: sides.base.estimate(metric), new: sides.new.estimate(metric)))
        }
        let split = (base + new).reduce(into: Set<Stage>()) { $0.formUnion($1.facts.splitWaits) }
        func rows(_ metrics: [Metric]) -> [Row] { metrics.map(row).filter(\.occurs) }

        (self.base, self.new) = sides
        headline = Metric.headline.map(row)
        let change = row(.mean).difference
        stages = sides.base.stages.union(sides.new.stages).sorted().compactMap { stage in
            let stageRow = row(.leaf(.stage(stage)))
            guard stageRow.occurs else { return nil }
            return StageRow(
                stage: stage, difference: stageRow.difference,
                shareOfChange: Self.share(of: stageRow.difference, in: change),
                causes: split.contains(stage) ? rows(Metric.causes(of: stage)).sorted { $0.size > $1.size } : [])
        }
        contexts = rows(Metric.contexts)
        reasons = rows(Metric.reasons).sorted { $0.larger > $1.larger }
        remarks = Remark.all(on: sides.base, sides.new)
    }

    private static func kind(for sides: [[Run]]) -> Side.UnitKind {
        let isFleet = sides.allSatisfy { runs in
            let boxes = Set(runs.compactMap(\.facts.box))
            return boxes.count >= Spread.neededRuns && runs.allSatisfy { $0.facts.box != nil }
        }
        if isFleet { return .box }
        return sides.allSatisfy { $0.count >= Spread.neededRuns } ? .run : .block
    }

    private static func share(of stage: Difference, in whole: Difference) -> Double? {
        guard whole.isSignificant == true, let delta = stage.delta, let change = whole.delta, change.value != 0 else {
            return nil
        }
        return delta.value / change.value
    }

    /// The difference in a metric of the headline or a stage; `nil` when neither side has it.
    public func difference(in metric: Metric) -> Difference? {
        if case .leaf(.stage(let stage)) = metric { return stages.first { $0.stage == stage }?.difference }
        if let row = headline.first(where: { $0.metric == metric }) { return row.difference }
        guard case .percentile = metric else { return nil }
        return Difference(base: base.estimate(metric), new: new.estimate(metric))
    }
}

extension Comparison.Row {
    /// One of the sides has some of it.
    fileprivate var occurs: Bool { larger > 0 }
    fileprivate var larger: Double { max(difference.base ?? 0, difference.new ?? 0) }
    fileprivate var size: Double { abs(difference.delta?.value ?? 0) }
}
