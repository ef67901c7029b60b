// SPDX-License-Identifier: GPL-2.0-only

import Report

/// The table of CPUs: a line for each combination, and what each kind of them takes.
struct PlacementText {
    let table: PlacementTable
    let style: TextStyle
    /// Combinations that hardly any I/O has are shown too.
    var isVerbose = false

    private static let mostRows = 10
    /// Part of the I/Os.
    private static let leastShare = 0.01
    private static let widths = (kind: 15, cpu: 8, ios: 14, share: 9, mean: 9)

    var lines: [String] {
        let all = table.kinds.reduce(0) { $0 + $1.ios }
        var lines = [row("CPUs", ["submit", "end_io", "kworker"], "I/Os", "share", "mean")]
        let shown = shown(of: all)
        for entry in table.rows.prefix(shown) {
            let cpus = [entry.submitCPU, entry.endCPU, entry.workerCPU].map { $0.map(String.init) ?? "-" }
            lines.append(
                row(
                    Self.label(of: entry.kind), cpus, Quantity.count(entry.ios),
                    Quantity.percent(Double(entry.ios) / Double(all)), Quantity.duration(entry.mean)))
        }
        let rest = table.rows.dropFirst(shown)
        let restIOs = rest.reduce(table.otherIOs) { $0 + $1.ios }
        if restIOs > 0 { lines.append(row("others", ["", "", ""], Quantity.count(restIOs), share(restIOs, all), "")) }
        // Otherwise each line above is one of them.
        guard table.kinds.count > 1, table.rows.count > table.kinds.count else { return lines }
        return lines
            + TextLine.labelled(
                "by CPUs",
                table.kinds.map {
                    "\(Self.label(of: $0.kind)) \(share($0.ios, all)), mean \(Quantity.duration($0.mean))"
                }, width: style.width)
    }

    /// One that is rare is shown where there is no other to be counted together with.
    private func shown(of all: UInt64) -> Int {
        let most = min(Self.mostRows, table.rows.count)
        guard !isVerbose else { return most }
        let frequent = table.rows.prefix(most).prefix { Double($0.ios) >= Self.leastShare * Double(all) }.count
        return table.rows.count - frequent > 1 ? frequent : most
    }

    private func share(_ ios: UInt64, _ all: UInt64) -> String { Quantity.percent(Double(ios) / Double(all)) }

    private func row(_ kind: String, _ cpus: [String], _ ios: String, _ share: String, _ mean: String) -> String {
        var line = " " + TextLine.padded(kind, to: Self.widths.kind)
        for cpu in cpus { line += TextLine.rightAligned(cpu, to: Self.widths.cpu) }
        // On a narrow line the first columns matter most.
        for (cell, width) in [(ios, Self.widths.ios), (share, Self.widths.share), (mean, Self.widths.mean)]
        where line.count + width <= style.width {
            line += TextLine.rightAligned(cell, to: width)
        }
        return TextLine.trimmed(line)
    }

    static func label(of kind: PlacementTable.Kind) -> String {
        switch kind {
        case .submitIRQWorker: "all one CPU"
        case .irqWorker: "end_io + worker"
        case .workerApart: "worker apart"
        case .submitIRQ: "submit + end_io"
        case .irqApart: "end_io apart"
        case .unknown: "not all seen"
        }
    }
}
