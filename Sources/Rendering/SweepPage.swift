// SPDX-License-Identifier: GPL-2.0-only

import Comparison
import Sweep

/// A sweep for people: the table of the cells, then what made each of them so.
public struct SweepPage: Sendable {
    public let lines: [String]

    public init(_ table: SweepTable, style: TextStyle = TextStyle()) {
        let page = Content(table: table, text: SweepText(table: table, style: style), style: style)
        lines = page.head + [""] + page.body + page.remarks
    }

    public var text: String { lines.joined(separator: "\n") + "\n" }
}

private struct Content {
    let table: SweepTable
    let text: SweepText
    let style: TextStyle

    private var hasSides: Bool { table.versus != nil }

    // MARK: Head

    var head: [String] {
        var items = text.sides
        // Along an axis both sides are of one box.
        if table.versus != .sweeps { items.append(("box", text.box(table.header))) }
        items.append(("runs", text.how))
        return [style.palette.paint("dioscope sweep", .heading)]
            + items.flatMap { TextLine.labelled($0.name, sentence: $0.what, width: style.width) }
    }

    // MARK: Table

    var body: [String] {
        let numbers = hasSides ? ["base", "new", "gain", ""] : ["IOPS", "", "latency", ""]
        let heading = Self.columns(["fs", "engine", "qd", "bs", "op"], numbers)
        return [style.palette.paint(TextLine.trimmed(heading), .heading)] + table.rows.map(line) + [""]
            + table.rows.flatMap(reasons)
    }

    private static func columns(_ names: [String], _ numbers: [String]) -> String {
        " " + TextLine.padded(names[0], to: 5) + " " + TextLine.padded(names[1], to: 13)
            + TextLine.rightAligned(names[2], to: 4) + " " + TextLine.rightAligned(names[3], to: 4) + "  "
            + TextLine.padded(names[4], to: 9) + TextLine.rightAligned(numbers[0], to: 10)
            + TextLine.rightAligned(numbers[1], to: 11) + TextLine.rightAligned(numbers[2], to: 9)
            + TextLine.rightAligned(numbers[3], to: 8)
    }

    private func names(_ cell: Cell) -> [String] {
        [
            String(style.escaped(cell.target.label).prefix(columns: 5)), cell.engine.rawValue, "\(cell.depth)",
            Quantity.bytes(cell.blockSize), cell.op.rawValue,
        ]
    }

    private func line(_ row: SweepTable.Row) -> String {
        let line = TextLine.trimmed(Self.columns(names(row.new.cell), numbers(row)))
        guard let change = row.change, change.isSignificant == true, let delta = change.delta else { return line }
        return style.palette.paint(line, delta.value > 0 ? .better : .worse)
    }

    private func numbers(_ row: SweepTable.Row) -> [String] {
        guard hasSides else {
            let iops = row.new.iops
            return [
                text.rate(row.new), text.margin(iops, of: iops?.value ?? 0),
                row.new.meanLatency.map { Quantity.duration($0.value) } ?? "-", "",
            ]
        }
        return [text.rate(row.base), text.rate(row.new), text.gain(row.change), text.margin(row.change?.relative)]
    }

    // MARK: What made it so

    private func reasons(_ row: SweepTable.Row) -> [String] {
        let cell = row.new.cell
        var title =
            "\(style.escaped(cell.target.label)) \(cell.engine.rawValue) qd \(cell.depth) "
            + "\(Quantity.bytes(cell.blockSize)) \(cell.op.rawValue)"
        let extra = text.extra(row)
        if !extra.isEmpty { title += "  " + extra }
        var lines: [String] = []
        func add(_ label: String, _ sentence: String?) {
            guard let sentence else { return }
            lines += TextLine.labelled(label, sentence: sentence, width: style.width)
        }
        add("completed in", text.contexts(row))
        add(text.stagesLabel(row), text.stages(row, atMost: 3))
        add("CPUs", text.placement(row))
        add("tracing", text.tracing(row))
        for failure in text.failures(row) {
            lines += TextLine.labelled("failed", sentence: failure, width: style.width)
                .map { style.palette.paint($0, .warning) }
        }
        return [title] + lines
    }

    var remarks: [String] {
        text.remarks.flatMap { TextLine.labelled("note", sentence: $0, width: style.width) }
    }
}
