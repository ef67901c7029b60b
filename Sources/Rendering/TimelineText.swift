// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Report

/// The time axis: a line in every report, or a table with a row for each interval.
struct TimelineText {
    let timeline: Timeline
    let style: TextStyle
    /// The name of all submitters, if they have but one.
    var submitter: String?

    private static let widths = (time: 9, iops: 9, duration: 7, bar: 6)
    private static let spikesInLine = 3
    /// So many intervals without I/Os are one row.
    private static let fewestIdle = 3

    // MARK: One line

    var line: [String] {
        var items: [String]
        switch timeline.finding {
        case .tooShort: return []
        case .steady(let from, let to):
            let range = "p99 \(Quantity.duration(from)) to \(Quantity.duration(to))"
            let others = timeline.spikes.isEmpty ? "" : " but for \(spikes)"
            items = ["steady\(others): \(range) in \(what)"]
        case .drifting(let from, let to):
            items = ["drifting: p50 from \(Quantity.duration(from)) to \(Quantity.duration(to)) in \(what)"]
            if !timeline.spikes.isEmpty { items.append(spikes) }
        }
        let worst = timeline.spikes.sorted { p99(of: $0) > p99(of: $1) }.prefix(Self.spikesInLine)
        items += worst.sorted { $0.interval < $1.interval }.map { spike in
            let parts = main(spike.composition).joined(separator: ", ")
            return "at \(time(spike.interval)) p99 \(Quantity.duration(p99(of: spike))): \(parts)"
        }
        if timeline.spikes.count > Self.spikesInLine { items.append("and \(timeline.spikes.count - worst.count) more") }
        return TextLine.labelled("over time", items, width: style.width)
    }

    private var spikes: String { timeline.spikes.count == 1 ? "1 spike" : "\(timeline.spikes.count) spikes" }

    private var what: String {
        "\(timeline.intervals.count) intervals of \(Self.span(timeline.interval))"
    }

    private func p99(of spike: Timeline.Spike) -> UInt64 { timeline.intervals[spike.interval].p99 }

    private func composition(_ composition: Timeline.Composition) -> [String] {
        let stage = composition.largestStage.map { "\($0.value.name) \(Quantity.wholePercent($0.share))" }
        return [stage, cause(composition)].compactMap(\.self)
    }

    /// What a spike was made of: as many stages as it takes, and the cause if it is a large one.
    private func main(_ composition: Timeline.Composition) -> [String] {
        composition.mainStages.map { "\($0.value.name) \(Quantity.wholePercent($0.share))" }
            + [cause(composition)].compactMap(\.self)
    }

    private func cause(_ composition: Timeline.Composition) -> String? {
        composition.mainCause.map { "\(label($0)) \(Quantity.wholePercent($0.share))" }
    }

    private func label(_ cause: Timeline.Part<WaitCause>) -> String {
        CauseText.label(of: cause.value, name: nil, submitter: submitter, room: 22, style)
    }

    /// When it begins, in as many decimals as intervals need to be distinct.
    private func time(_ interval: Int) -> String {
        let milliseconds = timeline.time(of: interval) / 1_000_000
        if timeline.interval % 1_000_000 != 0 { return "\(timeline.time(of: interval))ns" }
        let part = String(milliseconds % 1000)
        let digits = String(repeating: "0", count: 3 - part.count) + part
        let decimals =
            timeline.interval % 1_000_000_000 == 0 && timeline.offset % 1_000_000_000 == 0 ? "" : "." + digits
        return "\(milliseconds / 1000)\(decimals)s"
    }

    private static func span(_ nanoseconds: UInt64) -> String {
        nanoseconds % 1_000_000_000 == 0 ? "\(nanoseconds / 1_000_000_000)s" : Quantity.duration(nanoseconds)
    }

    // MARK: The table

    /// - Parameter file: as the user called it: for the command that shows a spike's slowest I/O.
    func table(file: String) -> [String] {
        let most = timeline.intervals.map(\.p99).max() ?? 0
        let spikes = Dictionary(uniqueKeysWithValues: timeline.spikes.map { ($0.interval, $0) })
        var lines = [heading(most)]
        var place = 0
        while place < timeline.intervals.count {
            let idle = timeline.intervals[place...].prefix { $0.ios == 0 }.count
            if idle >= Self.fewestIdle {
                let pause = Self.span(UInt64(idle) * timeline.interval)
                lines.append(
                    "  " + TextLine.rightAligned(time(place), to: Self.widths.time - 1) + "  no I/O for \(pause)")
                place += idle
            } else {
                lines.append(row(place, most, isSpike: spikes[place] != nil))
                place += 1
            }
        }
        lines += remarks
        for spike in timeline.spikes { lines += details(spike, file) }
        return lines
    }

    private func heading(_ most: UInt64) -> String {
        let widths = Self.widths
        let columns = [("IOPS", widths.iops)] + ["p50", "p99", "max"].map { ($0, widths.duration) }
        let bar = TextLine.padded("p99", to: widths.bar)
        let title =
            "   " + TextLine.rightAligned("from", to: widths.time - 2)
            + columns.map { TextLine.rightAligned($0.0, to: $0.1) }.joined()
        return hasBars ? title + " |\(bar)| largest stage, cause" : title
    }

    /// There is room for more than numbers.
    private var hasBars: Bool { style.width >= 72 }

    private func row(_ place: Int, _ most: UInt64, isSpike: Bool) -> String {
        let interval = timeline.intervals[place]
        let widths = Self.widths
        var line = (isSpike ? " !" : "  ") + TextLine.rightAligned(time(place), to: widths.time - 1)
        guard interval.ios > 0 else {
            return line + TextLine.rightAligned(interval.isUnknown ? "-" : "0", to: widths.iops)
        }
        line += TextLine.rightAligned(Quantity.count(UInt64(interval.iops.rounded())), to: widths.iops)
        for duration in [interval.p50, interval.p99, interval.max] {
            line += TextLine.rightAligned(Quantity.duration(duration), to: widths.duration)
        }
        if hasBars { line = withBar(line, interval, most) }
        return isSpike ? style.palette.paint(line, .warning) : TextLine.trimmed(line)
    }

    private func withBar(_ line: String, _ interval: Timeline.Interval, _ most: UInt64) -> String {
        let bars = FlameBar(width: Self.widths.bar, characters: style.characters)
        let bar = bars.bar(start: 0, length: Double(interval.p99) / Double(max(1, most)))
        let parts = composition(interval.composition).joined(separator: ", ")
        let edge = bars.edge
        let head = line + " " + edge + bar + edge + " "
        return head + String(parts.prefix(columns: max(0, style.width - head.columns)))
    }

    private var remarks: [String] {
        var words: [String] = []
        if let asked = timeline.asked, asked < timeline.interval {
            words.append(
                "intervals of \(Self.span(asked)) would be too many: these are of \(Self.span(timeline.interval));"
                    + " --from and --to select a part")
        }
        if timeline.finding == .tooShort {
            words.append(
                "no spikes are looked for: that takes \(TimelineRule.fewestIntervals) intervals with"
                    + " \(TimelineRule.fewestIOs) I/Os each")
        } else {
            words.append(
                "! is a spike: p99 above the median of all intervals by \(Quantity.fixed(TimelineRule.deviations, 0))"
                    + " robust standard deviations (of logarithms, by the median absolute deviation) and by half of it")
        }
        if timeline.outside > 0 { words.append("\(Quantity.ios(timeline.outside)) at impossible times") }
        return words.flatMap { TextLine.wrapped($0 + ".", indent: 1, width: style.width) }
    }

    private func details(_ spike: Timeline.Spike, _ file: String) -> [String] {
        let interval = timeline.intervals[spike.interval]
        let stages = spike.composition.stages.filter { $0.share >= 0.005 }.sorted { $0.share > $1.share }
        let causes = spike.composition.causes.filter { $0.share >= 0.005 }.sorted { $0.share > $1.share }
        let items =
            ["at \(time(spike.interval)), p99 \(Quantity.duration(interval.p99)), its slowest I/Os:"]
            + stages.map { "\($0.value.name) \(Quantity.wholePercent($0.share))" }
            + causes.map { "(\(label($0)) \(Quantity.wholePercent($0.share)))" }
        var lines = TextLine.labelled("spike", items, width: style.width)
        if let slowest = interval.slowest {
            lines += TextLine.labelled(
                "", ["slowest \(Quantity.duration(slowest.latency))", command(slowest, file)], width: style.width)
        }
        return lines
    }

    /// Shows this I/O alone.
    private func command(_ io: Timeline.SlowIO, _ file: String) -> String {
        "dioscope list --waterfall --where \(io.point.name)=\(io.began) \(style.escaped(file))"
    }

    // MARK: Elsewhere

    /// Each spike in words, in the order of time.
    func spikes(file: String) -> [SpikeWords] {
        timeline.spikes.map { spike in
            let interval = timeline.intervals[spike.interval]
            return SpikeWords(
                began: timeline.origin &+ interval.start, length: timeline.interval, time: time(spike.interval),
                p99: Quantity.duration(interval.p99), composition: main(spike.composition).joined(separator: ", "),
                slowest: interval.slowest.map { (Quantity.duration($0.latency), command($0, file)) })
        }
    }
}

/// An interval that stands out, in words.
package struct SpikeWords {
    /// CLOCK_MONOTONIC, nanoseconds.
    package let began: UInt64
    /// Nanoseconds.
    package let length: UInt64
    /// Since the recording began.
    package let time: String
    package let p99: String
    /// What its slowest I/Os were made of.
    package let composition: String
    /// Its latency, and a command that shows it.
    package let slowest: (latency: String, command: String)?
}
