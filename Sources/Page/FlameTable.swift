// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Rendering
import Report

/// The stages of all I/Os as a table: bars as wide as each mean, end to end.
struct FlameTable {
    let report: Report
    let words: ReportWords
    let map: LatencyMap?

    private static let crumb = 0.0005

    private struct Row {
        var label: String
        var context: StageContext
        var start: Double
        var share: Double
        var mean: Double
        /// `nil`: part of the row above.
        var summary: StageStatistics?
    }

    private var rows: [Row] {
        guard let latency = report.latency else { return [] }
        let ios = Double(max(1, latency.ios))
        var rows: [Row] = []
        var start = 0.0
        for stage in report.stages {
            let mean = Double(stage.durations.total) / ios
            rows.append(
                Row(
                    label: stage.stage.label, context: stage.context, start: start, share: stage.share, mean: mean,
                    summary: stage))
            var within = start
            for part in parts(of: stage) where part.share >= Self.crumb {
                rows.append(
                    Row(
                        label: part.label, context: stage.context, start: within, share: part.share,
                        mean: part.share * latency.mean))
                within += part.share
            }
            start += stage.share
        }
        return rows
    }

    private func parts(of stage: StageStatistics) -> [(label: String, share: Double)] {
        let causes = (report.wait(stage.stage)?.causes ?? []).flatMap { cause -> [(String, Double)] in
            if cause.names.isEmpty { return [(words.label(of: cause.cause, name: nil), cause.share)] }
            return cause.names.map { (words.label(of: cause.cause, name: $0.name), $0.share) }
        }
        // A share of the wait; of the latency it is this part of the stage's.
        let waits = causes.map { (label: $0.0, share: $0.1 * stage.share) }
        let device = report.stages.filter { $0.stage.covers(.device) }
            .max { $0.durations.total < $1.durations.total }?.stage
        guard stage.stage == device else { return waits }
        return waits + report.layers.map { (label: words.label(of: $0.part), share: $0.share) }
    }

    func write(to markup: inout Markup) {
        guard let latency = report.latency else { return }
        markup.element("table", ["class": "flame"]) { markup in
            markup.element("caption", "Where the time went: stages in causal order; their means add up to the latency")
            markup.element("thead") { markup in
                markup.element("tr") { markup in
                    for head in ["stage", "", "mean of all I/Os", "share", "I/Os", "p50", "p99", "max"] {
                        markup.element("th", ["scope": "col"], head)
                    }
                }
            }
            markup.element("tbody") { markup in
                for row in rows { write(row, latency, to: &markup) }
                writeSum(latency, to: &markup)
            }
        }
    }

    private func write(_ row: Row, _ latency: DurationStatistics, to markup: inout Markup) {
        let stage = row.summary.flatMap { summary in map?.stages.firstIndex(of: summary.stage) }
        let attributes: Markup.Attributes =
            row.summary == nil ? ["class": "part"] : ["class": "stage", "data-stage": stage.map(String.init) ?? ""]
        markup.element("tr", attributes) { markup in
            markup.element("th", ["scope": "row"]) { markup in
                if row.summary != nil {
                    markup.element("abbr", ["title": LanesPicture.name(of: row.context)], row.context.letter)
                }
                markup.element("span", ["class": "name"], row.label)
            }
            markup.element("td", ["class": "bar"]) { markup in
                markup.element(
                    "svg", ["viewBox": "0 0 1000 10", "preserveAspectRatio": "none", "aria-hidden": "true"]
                ) { markup in
                    markup.void(
                        "rect",
                        [
                            "class": "c\(row.context.rawValue)", "x": Quantity.fixed(row.start * 1000, 1),
                            "y": row.summary == nil ? "3" : "0",
                            "width": Quantity.fixed(max(row.share * 1000, 1.5), 1),
                            "height": row.summary == nil ? "4" : "10",
                        ])
                }
            }
            markup.element("td", ["data-cell": "mean"], Quantity.duration(row.mean))
            markup.element("td", ["data-cell": "share"], Quantity.percent(row.share))
            guard let durations = row.summary?.durations else {
                for _ in 0..<4 { markup.element("td", "") }
                return
            }
            let part = Double(durations.ios) / Double(max(1, latency.ios))
            markup.element("td", ["data-cell": "ios"], Quantity.wholePercent(part))
            markup.element("td", ["data-cell": "p50"], Quantity.duration(durations.p50))
            markup.element("td", ["data-cell": "p99"], Quantity.duration(durations.p99))
            markup.element("td", ["data-cell": "max"], Quantity.duration(durations.max))
        }
    }

    private func writeSum(_ latency: DurationStatistics, to markup: inout Markup) {
        markup.element("tr", ["class": "sum", "data-stage": "-1"]) { markup in
            markup.element("th", ["scope": "row"]) { $0.element("span", ["class": "name"], "latency") }
            markup.element("td", ["class": "bar"], "")
            let cells = [
                Quantity.duration(latency.mean), "100%", "100%", Quantity.duration(latency.p50),
                Quantity.duration(latency.p99), Quantity.duration(latency.max),
            ]
            for (name, cell) in zip(["mean", "share", "ios", "p50", "p99", "max"], cells) {
                markup.element("td", ["data-cell": name], cell)
            }
        }
    }
}
