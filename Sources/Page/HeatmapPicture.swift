// SPDX-License-Identifier: GPL-2.0-only

import Glibc
import Rendering

/// How many I/Os took how long, over time: the darker a cell, the more of them.
struct HeatmapPicture {
    let map: LatencyMap
    let frame: PageFrame
    /// Intervals that stand out.
    var spikes: [SpikeWords] = []

    /// Steps of density, on a logarithmic scale.
    static let levels = 8

    func write(to markup: inout Markup) {
        let cells = (0..<map.columns).map { map.counts(stage: nil, column: $0) }
        let range = Self.used(cells)
        let most = cells.lazy.flatMap { $0 }.max() ?? 0
        let buckets = map.buckets.lowerBound + range.lowerBound..<map.buckets.lowerBound + range.upperBound
        let chart = Chart(
            id: frame.id("heatmap"), title: "Latency over time",
            description: "A heatmap: \(map.columns) columns of \(Quantity.duration(map.interval)),"
                + " rows of latency on a logarithmic scale, the density of I/Os as colour."
                + (spikes.isEmpty ? "" : " Triangles above it mark \(spikes.count) spikes, which are listed below.")
                + " The table below it has the same as percentiles.",
            size: (frame.width, 300), margin: (left: 58, right: 14, top: spikes.isEmpty ? 10 : 16, bottom: 32),
            horizontal: frame.times(of: map), vertical: Scale.latencies(buckets),
            horizontalTitle: "time", units: (map.columns, range.count))
        let marks = SpikeMarks(spikes, map)
        chart.write(to: &markup, beside: { marks.write(to: &$0, in: chart) }) { markup in
            for level in 1...Self.levels {
                markup.path("d\(level)", Self.commands(cells, range, level: level, most: most))
            }
        }
        writeKey(most, to: &markup)
        marks.writeTable(to: &markup)
    }

    /// Positions of buckets that have I/Os.
    static func used(_ cells: [[UInt64]]) -> Range<Int> {
        let first = cells.compactMap { $0.firstIndex(where: { $0 > 0 }) }.min() ?? 0
        let last = cells.compactMap { $0.lastIndex(where: { $0 > 0 }) }.max() ?? 0
        return first..<last + 1
    }

    static func level(of count: UInt64, most: UInt64) -> Int {
        if count == 0 { return 0 }
        if most <= 1 { return levels }
        return 1 + min(levels - 1, Int(log(Double(count)) / log(Double(most)) * Double(levels - 1) + 0.5))
    }

    /// Cells of one level, those side by side as one.
    static func commands(_ cells: [[UInt64]], _ range: Range<Int>, level: Int, most: UInt64) -> String {
        var commands = ""
        for bucket in range {
            var column = 0
            while column < cells.count {
                let run = cells[column...].prefix { Self.level(of: $0[bucket], most: most) == level }.count
                if run > 0 { commands += "M\(column) \(range.upperBound - 1 - bucket)h\(run)v1h-\(run)z" }
                column += max(1, run)
            }
        }
        return commands
    }

    private func writeKey(_ most: UInt64, to markup: inout Markup) {
        markup.element("p", ["class": "key density", "aria-hidden": "true"]) { markup in
            markup.words("I/Os in a cell: 1 ")
            markup.element("svg", ["viewBox": "0 0 \(Self.levels) 1", "class": "swatches"]) { markup in
                for level in 1...Self.levels { markup.path("d\(level)", "M\(level - 1) 0h1v1h-1z") }
            }
            markup.element("span", ["class": "most"], " " + Quantity.count(most))
        }
    }
}
