// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Report

/// One line a stage, in causal order: bars as wide as the stage's mean over all I/Os, which add up to the mean latency.
struct Flame {
    private let report: Report
    private let latency: DurationStatistics
    private let style: TextStyle
    /// Some stage is not in every I/O: then a column says how many have it.
    private let showsIOs: Bool
    private let bars: FlameBar
    private let title: String
    private let percentiles: [PercentileColumn]

    private let labelWidth: Int

    private static let usualLabelWidth = 24
    /// With a name before `(not followed)`.
    private static let longLabelWidth = 32
    private static let columnWidths = (mean: 7, share: 7, ios: 6)
    /// However many columns there are.
    private static let narrowestBars = 12

    /// - Parameter title: whose stages these are; not escaped yet.
    /// - Returns: `nil` when no I/O finished.
    init?(_ report: Report, title: String = "all I/Os", style: TextStyle) {
        guard let latency = report.latency else { return nil }
        self.report = report
        self.latency = latency
        self.style = style
        let hasLong = report.layers.contains { $0.part.phase == .notFollowed }
        labelWidth = hasLong ? Self.longLabelWidth : Self.usualLabelWidth
        showsIOs = report.stages.contains { $0.durations.ios != latency.ios }
        self.title = String(style.escaped(title).prefix(labelWidth - 2))
        percentiles = PercentileColumn.columns(of: report)
        let widths = Self.columnWidths
        let columns =
            widths.mean + widths.share + (showsIOs ? widths.ios : 0) + percentiles.reduce(0) { $0 + $1.width }
        let room = style.width - labelWidth - 2 - columns
        bars = FlameBar(width: max(room, Self.narrowestBars), characters: style.characters)
    }

    var lines: [String] {
        var lines = [heading]
        var start = 0.0
        // It may be a part of a longer span, whose end alone was seen.
        let device = report.stages.filter { $0.stage.covers(.device) }
            .max { $0.durations.total < $1.durations.total }?.stage
        for stage in report.stages {
            lines.append(row(stage, start: start))
            lines += causes(of: report.wait(stage.stage), stage, start: start)
            if stage.stage == device { lines += layers(stage, start: start) }
            start += stage.share
        }
        return lines
    }

    private var heading: String {
        let widths = Self.columnWidths
        var columns = TextLine.rightAligned("mean", to: widths.mean) + TextLine.rightAligned("share", to: widths.share)
        if showsIOs { columns += TextLine.rightAligned("I/Os", to: widths.ios) }
        for column in percentiles { columns += TextLine.rightAligned(column.title, to: column.width) }
        return TextLine.padded(" \(title)", to: labelWidth) + bars.edge + bars.axis(whole: latency.mean)
            + bars.edge
            + columns
    }

    private func row(_ stage: StageSummary, start: Double) -> String {
        let widths = Self.columnWidths
        let durations = stage.durations
        let label = TextLine.padded(" \(stage.context.letter) \(stage.stage.label)", to: labelWidth)
        var columns = meanAndShare(total: durations.total, share: stage.share)
        if showsIOs {
            let part = Double(durations.ios) / Double(latency.ios)
            columns += TextLine.rightAligned(Quantity.wholePercent(part), to: widths.ios)
        }
        for column in percentiles {
            columns += TextLine.rightAligned(Quantity.duration(column.value(of: durations)), to: column.width)
        }
        return label + bar(start: start, length: stage.share, context: stage.context) + columns
    }

    /// Who occupied the CPU during a wait, within its bar.
    private func causes(of wait: WaitSummary?, _ stage: StageSummary, start: Double) -> [String] {
        var start = start
        return withoutCrumbs(parts(of: wait, stage)).map { part in
            defer { start += part.share }
            return TextLine.padded("   . \(part.label)", to: labelWidth)
                + bar(start: start, length: part.share, context: stage.context)
                + meanAndShare(total: part.total, share: part.share)
        }
    }

    /// What the device is made of, within its bar.
    private func layers(_ stage: StageSummary, start: Double) -> [String] {
        var start = start
        return withoutCrumbs(report.layers.map { (label(of: $0.part), $0.total, $0.share) }).map { part in
            defer { start += part.share }
            return TextLine.padded("   . \(part.label)", to: labelWidth)
                + bar(start: start, length: part.share, context: stage.context)
                + meanAndShare(total: part.total, share: part.share)
        }
    }

    private func label(of part: LayerPart) -> String {
        let suffix = LayerText.suffix(of: part.phase)
        let name = style.escaped(LayerText.name(of: part.device, report.source))
        return name.prefix(labelWidth - 6 - suffix.count) + suffix
    }

    private typealias Part = (label: String, total: UInt128, share: Double)

    private func parts(of wait: WaitSummary?, _ stage: StageSummary) -> [Part] {
        (wait?.causes ?? []).flatMap { cause in
            let names =
                cause.names.isEmpty
                ? [(cause.total, cause.share, nil)] : cause.names.map { ($0.total, $0.share, $0.name) }
            // A share of the wait; of the latency it is this part of the stage's.
            return names.map { (label(of: cause.cause, $2), $0, $1 * stage.share) }
        }
    }

    /// Where shares have one decimal, less than that is not worth a row; several of these get one together.
    private func withoutCrumbs(_ parts: [Part]) -> [Part] {
        let crumbs = parts.filter { $0.share < Self.crumb }
        guard crumbs.count > 1 else { return parts }
        let rest = crumbs.reduce(into: (total: UInt128(0), share: 0.0)) {
            $0.total += $1.total
            $0.share += $1.share
        }
        return parts.filter { $0.share >= Self.crumb } + [("\(crumbs.count) less than 0.1%", rest.total, rest.share)]
    }

    private static let crumb = 0.0005

    private func label(of cause: WaitCause, _ name: String?) -> String {
        CauseText.label(
            of: cause, name: name, submitter: report.source.submitterName, room: labelWidth - 6, style)
    }

    /// The mean is over all I/Os, also those without the stage: so the column adds up.
    private func meanAndShare(total: UInt128, share: Double) -> String {
        let mean = Double(total) / Double(latency.ios)
        return TextLine.rightAligned(Quantity.duration(mean), to: Self.columnWidths.mean)
            + TextLine.rightAligned(Quantity.percent(share), to: Self.columnWidths.share)
    }

    private func bar(start: Double, length: Double, context: StageContext) -> String {
        bars.edge + style.palette.paint(bars.bar(start: start, length: length), .stage(context)) + bars.edge
    }
}
