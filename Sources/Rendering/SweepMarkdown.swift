// SPDX-License-Identifier: GPL-2.0-only

import Comparison
import Sweep

/// A sweep's table as Markdown, to be pasted into a letter or an issue.
public struct SweepMarkdown: Sendable {
    public let text: String

    public init(_ table: SweepTable) {
        let words = SweepText(table: table, style: TextStyle(width: 200, characters: .utf8))
        let hasSides = table.versus != nil
        let numbers = hasSides ? ["base", "new", "gain", "95%"] : ["IOPS", "95%", "latency"]
        let names =
            ["fs", "engine", "qd", "bs", "op"] + numbers + [
                "completed in", hasSides ? "change in latency" : "spent in",
            ]
        var lines = words.sides.map { "* \($0.name): \(Self.escaped($0.what))" }
        if table.versus != .sweeps { lines.append("* box: \(Self.escaped(words.box(table.header)))") }
        lines += ["* runs: \(Self.escaped(words.how))", "", Self.row(names)]
        lines.append(
            Self.row(
                names.enumerated().map { index, _ in [2, 3].contains(index) || (5..<9).contains(index) ? "--:" : "---" }
            )
        )
        for row in table.rows {
            lines.append(Self.row(Self.cells(of: row, words, hasSides).map(Self.escaped)))
        }
        lines += words.remarks.map { "\n" + Self.escaped($0) }
        text = lines.joined(separator: "\n") + "\n"
    }

    private static func cells(of row: SweepTable.Row, _ words: SweepText, _ hasSides: Bool) -> [String] {
        let cell = row.new.cell
        let extra = words.extra(row)
        let names = [
            cell.target.label + (extra.isEmpty ? "" : " (\(extra))"), cell.engine.rawValue, "\(cell.depth)",
            Quantity.bytes(cell.blockSize), cell.op.rawValue,
        ]
        let iops = row.new.iops
        let numbers =
            hasSides
            ? [words.rate(row.base), words.rate(row.new), words.gain(row.change), words.margin(row.change?.relative)]
            : [
                words.rate(row.new), words.margin(iops, of: iops?.value ?? 0),
                row.new.meanLatency.map { Quantity.duration($0.value) } ?? "-",
            ]
        let failures = words.failures(row).map { "failed: \($0)" }
        let made = [words.stages(row, atMost: 2), words.placement(row)].compactMap { $0 } + failures
        return names + numbers + [words.contexts(row) ?? "", made.joined(separator: "; ")]
    }

    private static func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }

    /// What would begin a cell, an element or a link.
    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { escaped, character in
            if "|<[]".contains(character) { escaped.append("\\") }
            escaped.append(character)
        }
    }
}
