// SPDX-License-Identifier: GPL-2.0-only

import Probes

/// What the probes cost, per I/O, dearest first.
enum ProbeCostTable {
    static func text(_ costs: [ProbeCost], ios: UInt64) -> String {
        let total = costs.reduce(0) { $0 + $1.nanoseconds }
        let runs = costs.reduce(0) { $0 + $1.runs }
        let rows = costs.sorted { ($1.nanoseconds, $0.place) < ($0.nanoseconds, $1.place) }.map { cost in
            row(cost.place, runs: cost.runs, nanoseconds: cost.nanoseconds, ios: ios)
        }
        let heading =
            column("probe", 40, isLeft: true) + column("runs/IO", 10) + column("ns/run", 10) + column("ns/IO", 10)
        return ([heading] + rows + [row("all", runs: runs, nanoseconds: total, ios: ios)]).joined(separator: "\n")
    }

    private static func row(_ name: String, runs: UInt64, nanoseconds: UInt64, ios: UInt64) -> String {
        column(name, 40, isLeft: true) + column(ratio(runs, ios), 10) + column(ratio(nanoseconds, runs), 10)
            + column(ratio(nanoseconds, ios), 10)
    }

    /// To two places; "-" without anything to divide by.
    private static func ratio(_ value: UInt64, _ count: UInt64) -> String {
        guard count > 0 else { return "-" }
        let hundredths = UInt64((Double(value) / Double(count) * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    private static func column(_ text: String, _ width: Int, isLeft: Bool = false) -> String {
        let padding = String(repeating: " ", count: max(0, width - text.count))
        return isLeft ? text + padding : padding + text
    }
}
