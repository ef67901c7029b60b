// SPDX-License-Identifier: GPL-2.0-only

import Rendering
import Report

/// Percentiles of latency over time.
struct PercentilePicture {
    let map: LatencyMap
    let report: Report
    let frame: PageFrame

    static let percentiles: [(name: String, percent: Double)] = [
        ("p50", 50), ("p90", 90), ("p99", 99), ("p99.9", 99.9), ("max", 100),
    ]

    func write(to markup: inout Markup) {
        let cells = (0..<map.columns).map { map.counts(stage: nil, column: $0) }
        let range = HeatmapPicture.used(cells)
        let buckets = map.buckets.lowerBound + range.lowerBound..<map.buckets.lowerBound + range.upperBound
        let chart = Chart(
            id: frame.id("percentiles"), title: "Percentiles over time",
            description: "Lines of p50, p90, p99, p99.9 and the maximum for each \(Quantity.duration(map.interval)).",
            size: (frame.width, 240), horizontal: frame.times(of: map), vertical: Scale.latencies(buckets),
            horizontalTitle: "time", units: (map.columns, range.count))
        chart.write(to: &markup) { markup in
            for (place, line) in Self.percentiles.enumerated() {
                markup.path("line l\(place)", Self.commands(cells, range, line.percent))
            }
        }
        markup.element("p", ["class": "key", "aria-hidden": "true"]) { markup in
            for (place, line) in Self.percentiles.enumerated() {
                markup.sample(of: "line l\(place)", line.name)
            }
        }
        writeTable(cells, to: &markup)
    }

    /// A line, broken where there are no I/Os.
    static func commands(_ cells: [[UInt64]], _ range: Range<Int>, _ percent: Double) -> String {
        var commands = ""
        var isDrawing = false
        for (column, counts) in cells.enumerated() {
            guard let bucket = LatencyMap.bucket(at: percent, in: counts) else {
                isDrawing = false
                continue
            }
            // From edge to edge: a column that stands alone is seen, too.
            let height = "\(range.upperBound - 1 - bucket).5"
            commands += (isDrawing ? "L" : "M") + "\(column) \(height)h1"
            isDrawing = true
        }
        return commands
    }

    /// The report's own intervals, which are fewer and finer.
    private func writeTable(_ cells: [[UInt64]], to markup: inout Markup) {
        guard let timeline = report.timeline else { return }
        let rows = timeline.intervals.indices.filter { timeline.intervals[$0].ios > 0 }.map { place in
            let interval = timeline.intervals[place]
            let time = Quantity.fixed(Double(timeline.time(of: place)) / 1e9, 2) + "s"
            let isSpike = timeline.spikes.contains { $0.interval == place }
            return [time, Quantity.count(interval.ios)]
                + [interval.p50, interval.p99, interval.max].map { Quantity.duration($0) }
                + [
                    interval.composition.mainStages.map { "\($0.value.name) \(Quantity.wholePercent($0.share))" }
                        .joined(separator: ", "), isSpike ? "spike" : "",
                ]
        }
        markup.element("details") { markup in
            markup.element("summary", "Table of intervals")
            markup.element("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": "Intervals"]) {
                $0.table(
                    "Intervals of \(Quantity.duration(timeline.interval))",
                    ["from", "I/Os", "p50", "p99", "max", "made of", ""], rows)
            }
        }
    }
}
