// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Report

/// One line a stage, in causal order: bars as wide as the stage's mean over all I/Os, which add up to the mean latency.
package struct Flame {
    private let report: Report
    private let latency: DurationStatistics
    private let style: TextStyle
    /// Some stage is not in every I/O: then a column says how many have it.
    private let showsIOs: Bool
    /// `nil` where there is no room for any.
    private let bars: FlameBar?
    private let title: String
    private let percentiles: [PercentileColumn]
    /// No row is folded away.
    private let isVerbose: Bool

    private let labelWidth: Int

    private static let usualLabelWidth = 24
    /// With a name before `(not followed)`.
    private static let longLabelWidth = 32
    private static let columnWidths = (mean: 7, share: 7, ios: 6)
    /// However many columns there are, where lines are as wide as usual.
    private static let narrowestBars = 12
    /// Below this width columns are left out for bars, and these themselves when they are narrower than that.
    private static let usualWidth = 80
    private static let leastBars = 6

    /// - Parameters:
    ///   - title: whose stages these are; not escaped yet.
    ///   - isVerbose: stages that hardly take any time have rows too.
    /// - Returns: `nil` when no I/O finished.
    package init?(_ report: Report, title: String = "all I/Os", style: TextStyle, isVerbose: Bool = false) {
        guard let latency = report.latency else { return nil }
        self.report = report
        self.latency = latency
        self.style = style
        let hasLong = report.layers.contains { $0.part.phase == .notFollowed }
        let labelWidth = hasLong ? Self.longLabelWidth : Self.usualLabelWidth
        self.labelWidth = labelWidth
        self.isVerbose = isVerbose
        self.title = String(style.escaped(title).prefix(columns: labelWidth - 2))
        let widths = Self.columnWidths
        var showsIOs = report.stages.contains { $0.durations.ios != latency.ios }
        var percentiles = PercentileColumn.columns(of: report)
        var room: Int {
            style.width - labelWidth - 2 - widths.mean - widths.share - (showsIOs ? widths.ios : 0)
                - percentiles.reduce(0) { $0 + $1.width }
        }
        while style.width < Self.usualWidth, room < Self.narrowestBars, showsIOs || !percentiles.isEmpty {
            if showsIOs { showsIOs = false } else { percentiles.removeFirst() }
        }
        self.showsIOs = showsIOs
        self.percentiles = percentiles
        let width = style.width < Self.usualWidth ? room : max(room, Self.narrowestBars)
        bars = width < Self.leastBars ? nil : FlameBar(width: width, characters: style.characters)
    }

    package var lines: [String] {
        var lines = [heading]
        var start = 0.0
        // It may be a part of a longer span, whose end alone was seen.
        let device = report.stages.filter { $0.stage.covers(.device) }
            .max { $0.durations.total < $1.durations.total }?.stage
        let noise = noise
        for stage in report.stages where !noise.contains(stage.stage) {
            lines.append(row(stage, start: start))
            lines += causes(of: report.wait(stage.stage), stage, start: start)
            if stage.stage == device { lines += layers(stage, start: start) }
            start += stage.share
        }
        if !noise.isEmpty { lines.append(folded(noise)) }
        if let reaped { lines.append(reaped) }
        return lines
    }

    /// What comes after the latency: until the submitters had the CPU again to reap their I/Os, over all I/Os.
    private var reaped: String? {
        guard let reaping = report.scheduling?.reaping, reaping.asleep > 0, latency.ios > 0 else { return nil }
        let mean = Double(reaping.time) / Double(latency.ios)
        let blank = bars.map { $0.edge + String(repeating: " ", count: $0.width) + $0.edge } ?? ""
        let part = Quantity.wholePercent(min(1, Double(reaping.asleep) / Double(latency.ios)))
        let widths = Self.columnWidths
        return TextLine.padded(" T later: reaped", to: labelWidth) + blank
            + TextLine.rightAligned(Quantity.duration(mean), to: widths.mean)
            + TextLine.rightAligned("-", to: widths.share)
            + (showsIOs ? TextLine.rightAligned(part, to: widths.ios) : "")
    }

    /// Stages that would be rows of next to nothing, when there are several.
    private var noise: Set<Stage> {
        guard !isVerbose else { return [] }
        let small = report.stages.filter { $0.share < Self.crumb }.map(\.stage)
        return small.count > 1 ? Set(small) : []
    }

    /// One row for all of them: so the columns still add up.
    private func folded(_ noise: Set<Stage>) -> String {
        let stages = report.stages.filter { noise.contains($0.stage) }
        let total = stages.reduce(UInt128(0)) { $0 + $1.durations.total }
        let label = TextLine.padded("   \(stages.count) stages below 0.1%", to: labelWidth)
        let blank = bars.map { $0.edge + String(repeating: " ", count: $0.width) + $0.edge } ?? ""
        return label + blank + meanAndShare(total: total, share: stages.reduce(0) { $0 + $1.share })
    }

    private var heading: String {
        let widths = Self.columnWidths
        var columns = TextLine.rightAligned("mean", to: widths.mean) + TextLine.rightAligned("share", to: widths.share)
        if showsIOs { columns += TextLine.rightAligned("I/Os", to: widths.ios) }
        for column in percentiles { columns += TextLine.rightAligned(column.title, to: column.width) }
        let axis = bars.map { $0.edge + $0.axis(whole: latency.mean) + $0.edge } ?? ""
        return TextLine.padded(" \(title)", to: labelWidth) + axis + columns
    }

    private func row(_ stage: StageStatistics, start: Double) -> String {
        let widths = Self.columnWidths
        let durations = stage.durations
        let label = TextLine.padded(" \(stage.context.letter) \(label(of: stage))", to: labelWidth)
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

    /// What delivers an I/O is mostly an interrupt, but it may be a layer's work item.
    private func label(of stage: StageStatistics) -> String {
        stage.stage == .interrupt && stage.context == .kworker ? "work -> end_io" : stage.stage.label
    }

    /// Who occupied the CPU during a wait, within its bar.
    private func causes(of wait: WaitSummary?, _ stage: StageStatistics, start: Double) -> [String] {
        var start = start
        return withoutCrumbs(parts(of: wait, stage)).map { part in
            defer { start += part.share }
            return TextLine.padded("   . \(part.label)", to: labelWidth)
                + bar(start: start, length: part.share, context: stage.context)
                + meanAndShare(total: part.total, share: part.share)
        }
    }

    /// What the device is made of, within its bar.
    private func layers(_ stage: StageStatistics, start: Double) -> [String] {
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
        return LayerText.fitted(name, to: labelWidth - 6 - suffix.count) + suffix
    }

    private typealias Part = (label: String, total: UInt128, share: Double)

    private func parts(of wait: WaitSummary?, _ stage: StageStatistics) -> [Part] {
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
        guard crumbs.count > 1, !isVerbose else { return parts }
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
        guard let bars else { return "" }
        return bars.edge + style.palette.paint(bars.bar(start: start, length: length), .stage(context)) + bars.edge
    }
}
