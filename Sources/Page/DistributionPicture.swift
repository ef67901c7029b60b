// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Glibc
import Rendering
import Report

/// Which part of the I/Os took at most how long, as a whole and in each stage; the scale of parts reaches as far as their
/// number does.
struct DistributionPicture {
    let map: LatencyMap
    let report: Report
    let frame: PageFrame

    /// Parts of the vertical axis: 0 is 0%, 1 is 90%, 5 is 99.999%.
    static let nines = 5
    /// Units of the plot for each nine: whole numbers suffice.
    static let unit = 200

    func write(to markup: inout Markup) {
        let ticks = ["0%", "90%", "99%", "99.9%", "99.99%", "99.999%"].enumerated().map {
            Tick(place: Double($0.offset) / Double(Self.nines), label: $0.element)
        }
        let half = Tick(place: log10(2.0) / Double(Self.nines), label: "50%")
        var chart = Chart(
            id: frame.id("distribution"), title: "Distribution by stage",
            description: "Cumulative distributions of the latency and of each stage, both axes logarithmic, up to"
                + " 99.999%. The table of stages at the top has their percentiles.",
            size: (frame.width, 300), horizontal: Scale.latencies(map.buckets), vertical: ticks + [half],
            horizontalTitle: "latency, or time in the stage", units: (map.buckets.count, Self.nines * Self.unit))
        chart.margin.left = 62
        chart.write(to: &markup) { markup in
            markup.path("line whole", Self.commands(map.counts(stage: nil)))
            for place in map.stages.indices {
                markup.path("line s\(place % 8)", Self.commands(map.counts(stage: place)))
            }
        }
        markup.element("p", ["class": "key", "aria-hidden": "true"]) { markup in
            markup.sample(of: "line whole", "latency")
            for (place, stage) in map.stages.enumerated() {
                markup.sample(of: "line s\(place % 8)", stage.label)
            }
        }
    }

    /// At the upper edge of each bucket the part of the I/Os up to there; level where there are none. The last of so many I/Os
    /// is half a step above the one before.
    static func commands(_ counts: [UInt64]) -> String {
        let all = counts.reduce(0, +)
        guard all > 0, let first = counts.firstIndex(where: { $0 > 0 }) else { return "" }
        let bottom = nines * unit
        var commands = "M\(first) \(bottom)"
        var seen: UInt64 = 0
        for (bucket, count) in counts.enumerated().dropFirst(first) where count > 0 {
            seen += count
            let above = seen == all ? 0.5 : Double(all - seen)
            let height = min(Double(nines), -log10(above / Double(all)))
            commands += "H\(bucket)L\(bucket + 1) \(bottom - Int((height * Double(unit)).rounded()))"
            if seen == all { break }
        }
        return commands
    }
}
