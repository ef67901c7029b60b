// SPDX-License-Identifier: GPL-2.0-only

import Probes
import Rendering

/// What the probes cost, per I/O, dearest first.
enum ProbeCostTable {
    static func text(_ costs: [ProbeCost], ios: UInt64) -> String {
        let total = costs.reduce(0) { $0 + $1.nanoseconds }
        let runs = costs.reduce(0) { $0 + $1.runs }
        let rows = costs.sorted { ($1.nanoseconds, $0.place) < ($0.nanoseconds, $1.place) }.map { cost in
            row(cost.place, runs: cost.runs, nanoseconds: cost.nanoseconds, ios: ios)
        }
        let heading = row(["probe", "runs/IO", "ns/run", "ns/IO"])
        return ([heading] + rows + [row("all", runs: runs, nanoseconds: total, ios: ios)]).joined(separator: "\n")
    }

    private static func row(_ name: String, runs: UInt64, nanoseconds: UInt64, ios: UInt64) -> String {
        row([name, ratio(runs, ios), ratio(nanoseconds, runs), ratio(nanoseconds, ios)])
    }

    private static func row(_ columns: [String]) -> String {
        TextLine.padded(columns[0], to: 40)
            + columns.dropFirst().map { TextLine.rightAligned($0, to: 10) }.joined()
    }

    /// To two places; "-" without anything to divide by.
    private static func ratio(_ value: UInt64, _ count: UInt64) -> String {
        count > 0 ? Quantity.fixed(Double(value) / Double(count), 2) : "-"
    }
}
