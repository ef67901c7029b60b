// SPDX-License-Identifier: GPL-2.0-only

import Rendering
import Report

/// Where I/Os were submitted and where they were completed: a matrix, and the combinations of CPUs with their latencies.
struct PlacementMarkup {
    let report: Report
    let map: LatencyMap?
    let frame: PageFrame

    private static let mostCPUs = 32

    func write(to markup: inout Markup) {
        guard let table = report.placement, !table.kinds.isEmpty else { return }
        if let map { writeMatrix(map, to: &markup) }
        let all = table.kinds.reduce(0) { $0 + $1.ios }
        func share(_ ios: UInt64) -> String { Quantity.percent(Double(ios) / Double(max(1, all))) }
        let rows = table.rows.prefix(64).map { row in
            [ReportWords.label(of: row.kind)]
                + [row.submitCPU, row.endCPU, row.workerCPU].map { $0.map { String($0) } ?? "-" }
                + [Quantity.count(row.ios), share(row.ios), Quantity.duration(row.mean)]
        }
        let kinds = table.kinds.map {
            [
                ReportWords.label(of: $0.kind), "", "", "", Quantity.count($0.ios), share($0.ios),
                Quantity.duration($0.mean),
            ]
        }
        markup.element("details") { markup in
            markup.element("summary", "Table of combinations")
            markup.table(
                "By CPUs of submission, end_io and kworker",
                ["", "submit", "end_io", "kworker", "I/Os", "share", "mean"],
                rows.isEmpty ? kinds : rows)
        }
    }

    /// CPUs that some I/O was submitted or completed on, the most used ones.
    private static func numbers(_ map: LatencyMap, _ cpu: (LatencyGrid.CPUs) -> UInt16?) -> [UInt16] {
        var ios: [UInt16: UInt64] = [:]
        for place in map.places {
            guard let cpu = cpu(place.cpus) else { continue }
            ios[cpu, default: 0] += place.counts.reduce(0) { $0 + UInt64($1) }
        }
        return ios.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(mostCPUs).map(\.key).sorted()
    }

    private func writeMatrix(_ map: LatencyMap, to markup: inout Markup) {
        let submit = Self.numbers(map) { $0.submit }
        let done = Self.numbers(map) { $0.worker ?? $0.end }
        guard !submit.isEmpty, !done.isEmpty else { return }
        let all = map.places.reduce(UInt64(0)) { $0 + $1.counts.reduce(0) { $0 + UInt64($1) } }
        markup.element("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": "Placement matrix"])
        {
            markup in
            markup.element("table", ["class": "matrix", "id": frame.id("matrix")]) { markup in
                markup.element(
                    "caption", "I/Os by the CPU that submitted them (rows) and that which completed them (columns)")
                markup.element("thead") { markup in
                    markup.element("tr") { markup in
                        markup.element("th", ["scope": "col"], "submitted on")
                        for cpu in done { markup.element("th", ["scope": "col"], "CPU \(cpu)") }
                    }
                }
                markup.element("tbody") { markup in
                    for row in submit {
                        markup.element("tr") { markup in
                            markup.element("th", ["scope": "row"], "CPU \(row)")
                            for column in done { cell(row, column, map, all, to: &markup) }
                        }
                    }
                }
            }
        }
    }

    private func cell(_ submit: UInt16, _ done: UInt16, _ map: LatencyMap, _ all: UInt64, to markup: inout Markup) {
        let places = map.places.filter { $0.cpus.submit == submit && ($0.cpus.worker ?? $0.cpus.end) == done }
        let ios = places.reduce(UInt64(0)) { $0 + $1.counts.reduce(0) { $0 + UInt64($1) } }
        let share = Double(ios) / Double(max(1, all))
        let level = ios == 0 ? 0 : 1 + min(7, Int(share * 8))
        let attributes: Markup.Attributes = ["class": "m\(level)", "data-submit": "\(submit)", "data-done": "\(done)"]
        markup.element("td", attributes, ios == 0 ? "" : Quantity.percent(share))
    }
}
