// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Comparison
import DirectIO

/// The rows of numbers: metrics on top, then the stages with bars that show what grew and what shrank.
struct ComparisonTable {
    let comparison: Comparison
    let style: TextStyle

    private static let usualLabelWidth = 23
    private static let valueWidth = 8
    private static let changeWidth = 10
    private static let numbersWidth = 2 * valueWidth + changeWidth
    /// On a narrow page as much as numbers leave.
    private var labelWidth: Int { max(10, min(Self.usualLabelWidth, style.width - Self.numbersWidth)) }

    var lines: [String] {
        let all =
            headline + [""] + stages + [""] + shares(" completed in", comparison.contexts)
            + shares(" deferred for", comparison.reasons)
        // On a narrow line the first columns matter most; painted ones are longer than they look.
        return style.width >= 80 ? all : all.map { TextLine.trimmed(TextLine.cut($0, to: style.width)) }
    }

    // MARK: IOPS and latency

    private var headline: [String] {
        let heading = row("", "base", "new", "change") + "   95% interval"
        return [heading] + comparison.headline.compactMap(headlineRow)
    }

    private func headlineRow(_ row: Comparison.Row) -> String? {
        let difference = row.difference
        guard difference.base != nil || difference.new != nil else { return nil }
        let isRate = row.metric == .iops
        let values = [difference.base, difference.new].map { value in
            value.map { isRate ? Quantity.rate($0) : Quantity.duration($0) } ?? "-"
        }
        let change = change(difference, difference.relative, Quantity.signedPercent)
        let line = self.row(label(of: row.metric), values[0], values[1], change)
        // Where the base may be next to nothing only the difference itself has an interval.
        let interval =
            difference.relative?.interval == nil && difference.delta?.interval != nil
            ? interval(difference.delta, isRate ? Quantity.signedRate : Quantity.signedDuration)
            : interval(difference.relative, Quantity.signedPercent)
        return paint(line + interval, difference, moreIsBetter: isRate)
    }

    private func label(of metric: Metric) -> String {
        switch metric {
        case .iops: " IOPS"
        case .mean: " mean latency"
        case .percentile(let percentile): " \(percentile.name) latency"
        case .leaf(.stage(let stage)): " \(stage.label)"
        case .leaf(.cause(_, let cause)): "   . \(cause.label)"
        case .context(let context): "   \(context.rawValue)"
        case .reason(let reason): "   \(reason.rawValue)"
        }
    }

    // MARK: Stages

    private var stages: [String] {
        let changes = comparison.stages.compactMap { shown($0.difference)?.value }
        let bars = SignedBar(
            half: max(0, (style.width - labelWidth - Self.numbersWidth - Self.marginWidth - Self.shareWidth - 2) / 2),
            largest: changes.map(abs).max() ?? 0)
        let heading =
            row(" mean of all I/Os", "base", "new", "change") + TextLine.rightAligned("+-", to: Self.marginWidth)
            + TextLine.rightAligned("part", to: Self.shareWidth)
        let rows = comparison.stages.flatMap { stage in
            [stageRow(.leaf(.stage(stage.stage)), stage.difference, share: stage.shareOfChange, bars)]
                + stage.causes.map { stageRow($0.metric, $0.difference, share: nil, bars) }
        }
        return [heading] + rows
    }

    private static let marginWidth = 8
    private static let shareWidth = 7

    private func stageRow(_ metric: Metric, _ difference: Difference, share: Double?, _ bars: SignedBar) -> String {
        // Not one I/O of the side has it.
        let values = [difference.base, difference.new].map { value in
            value.flatMap { $0 == 0 ? nil : Quantity.duration($0) } ?? "-"
        }
        let change = change(difference, difference.delta, Quantity.signedDuration)
        let margin = difference.delta?.interval.map { Quantity.duration(($0.upperBound - $0.lowerBound) / 2) } ?? ""
        let part = share.map { ($0 <= -0.005 ? "-" : "") + Quantity.fixed(abs($0) * 100, 0) + "%" } ?? ""
        let line =
            row(label(of: metric), values[0], values[1], change) + TextLine.rightAligned(margin, to: Self.marginWidth)
            + TextLine.rightAligned(part, to: Self.shareWidth) + " " + bars.bar(shown(difference)?.value ?? 0)
        return paint(TextLine.trimmed(line), difference, moreIsBetter: false)
    }

    // MARK: Contexts and reasons

    private func shares(_ title: String, _ rows: [Comparison.Row]) -> [String] {
        guard !rows.isEmpty else { return [] }
        return [title] + rows.flatMap(shareRow)
    }

    private func shareRow(_ row: Comparison.Row) -> [String] {
        let difference = row.difference
        let values = [difference.base, difference.new].map { $0.map(Quantity.percent) ?? "-" }
        let change = change(difference, difference.delta, Quantity.signedPoints)
        // Long names of reasons take a line of their own.
        let label = label(of: row.metric)
        let isLong = label.count >= labelWidth
        let line =
            self.row(isLong ? "" : label, values[0], values[1], change)
            + interval(difference.delta, Quantity.signedPoints)
        return isLong ? [label, line] : [line]
    }

    // MARK: Columns

    private func row(_ label: String, _ base: String, _ new: String, _ change: String) -> String {
        TextLine.padded(String(label.prefix(labelWidth)), to: labelWidth)
            + TextLine.rightAligned(base, to: Self.valueWidth)
            + TextLine.rightAligned(new, to: Self.valueWidth) + TextLine.rightAligned(change, to: Self.changeWidth)
    }

    private func change(_ difference: Difference, _ change: Estimate?, _ format: (Double) -> String) -> String {
        guard let change else { return difference.isSignificant == false ? "~" : "" }
        return difference.marked(format(change.value))
    }

    /// What gets a bar: changes that are more than chance, or of which that is not known.
    private func shown(_ difference: Difference) -> Estimate? {
        difference.isSignificant == false ? nil : difference.delta
    }

    private func interval(_ estimate: Estimate?, _ format: (Double) -> String) -> String {
        estimate?.interval.map { "   \(format($0.lowerBound)) .. \(format($0.upperBound))" } ?? ""
    }

    private func paint(_ line: String, _ difference: Difference, moreIsBetter: Bool) -> String {
        guard difference.isSignificant == true, let delta = difference.delta else { return line }
        return style.palette.paint(line, (delta.value > 0) == moreIsBetter ? .better : .worse)
    }
}
