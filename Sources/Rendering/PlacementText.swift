// SPDX-License-Identifier: GPL-2.0-only

import Report

/// The table of CPUs: a line for each combination, and what each kind of them takes.
struct PlacementText {
    let table: PlacementTable
    let style: TextStyle

    private static let mostRows = 10
    private static let widths = (kind: 15, cpu: 8, ios: 14, share: 9, mean: 9)

    var lines: [String] {
        let all = table.kinds.reduce(0) { $0 + $1.ios }
        var lines = [row("CPUs", ["submit", "end_io", "kworker"], "I/Os", "share", "mean")]
        for entry in table.rows.prefix(Self.mostRows) {
            let cpus = [entry.submitCPU, entry.endCPU, entry.workerCPU].map { $0.map(String.init) ?? "-" }
            lines.append(
                row(
                    Self.label(of: entry.kind), cpus, Quantity.count(entry.ios),
                    Quantity.percent(Double(entry.ios) / Double(all)), Quantity.duration(entry.mean)))
        }
        let rest = table.rows.dropFirst(Self.mostRows)
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

    private func share(_ ios: UInt64, _ all: UInt64) -> String { Quantity.percent(Double(ios) / Double(all)) }

    private func row(_ kind: String, _ cpus: [String], _ ios: String, _ share: String, _ mean: String) -> String {
        var line = " " + TextLine.padded(kind, to: Self.widths.kind)
        for cpu in cpus { line += TextLine.rightAligned(cpu, to: Self.widths.cpu) }
        line += TextLine.rightAligned(ios, to: Self.widths.ios)
        line += TextLine.rightAligned(share, to: Self.widths.share)
        line += TextLine.rightAligned(mean, to: Self.widths.mean)
        while line.last == " " { line.removeLast() }
        return line
    }

    static func label(of kind: PlacementTable.Kind) -> String {
        switch kind {
        case .submitIRQWorker: "all one CPU"
        case .irqWorker: "IRQ + worker"
        case .workerApart: "worker apart"
        case .submitIRQ: "submit + IRQ"
        case .irqApart: "IRQ apart"
        case .unknown: "not seen"
        }
    }
}
