// SPDX-License-Identifier: GPL-2.0-only

import Rendering

/// Spikes in the time axis of a picture, and what each was made of.
struct SpikeMarks {
    private let spikes: [SpikeWords]
    private let map: LatencyMap

    init(_ spikes: [SpikeWords], _ map: LatencyMap) {
        (self.spikes, self.map) = (spikes, map)
    }

    /// Triangles above the plot, as wide as their intervals but never too small to see.
    func write(to markup: inout Markup, in chart: Chart) {
        guard !spikes.isEmpty else { return }
        markup.element("g", ["class": "spikes"]) { markup in
            for spike in spikes {
                let (from, to) = (place(of: spike.began, in: chart), place(of: spike.began &+ spike.length, in: chart))
                let half = max(5, (to - from) / 2)
                let middle = (from + to) / 2
                let top = chart.margin.top
                markup.element("path", ["d": "M\(middle - half) \(top - 10)h\(2 * half)L\(middle) \(top - 1)z"]) {
                    $0.element("title", "Spike at \(spike.time): p99 \(spike.p99), \(spike.composition)")
                }
            }
        }
    }

    /// In units of the whole picture.
    private func place(of time: UInt64, in chart: Chart) -> Int {
        let part = (Double(time) - Double(map.begin)) / (Double(map.interval) * Double(map.columns))
        return chart.margin.left + Int((min(1, max(0, part)) * Double(chart.plot.width)).rounded())
    }

    /// The few are seen at once; many can be opened.
    private static let few = 5

    func writeTable(to markup: inout Markup) {
        guard !spikes.isEmpty else { return }
        markup.element("details", spikes.count <= Self.few ? ["open": ""] : [:]) { markup in
            markup.element("summary", spikes.count == 1 ? "1 spike" : "\(spikes.count) spikes")
            markup.element("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": "Spikes"]) {
                $0.table(
                    "Intervals whose p99 stands out, and what their slowest I/Os were made of",
                    ["at", "p99", "made of", "slowest", "shown by"],
                    spikes.map {
                        [$0.time, $0.p99, $0.composition, $0.slowest?.latency ?? "-", $0.slowest?.command ?? ""]
                    })
            }
        }
    }
}
