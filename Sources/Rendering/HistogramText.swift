// SPDX-License-Identifier: GPL-2.0-only

import Report

/// How the latencies are spread: a line for each stretch of the scale 1, 2, 5, 10, ..., as long as its I/Os are many.
struct HistogramText {
    let report: Report
    let style: TextStyle

    private static let labelWidth = 16
    private static let countWidth = 13
    private static let shareWidth = 8

    var lines: [String] {
        let rows = report.histogram
        guard let most = rows.map(\.ios).max(), most > 0 else { return [] }
        let all = rows.reduce(0) { $0 + $1.ios }
        let heading =
            TextLine.padded(" latency", to: Self.labelWidth) + TextLine.rightAligned("I/Os", to: Self.countWidth)
            + TextLine.rightAligned("share", to: Self.shareWidth)
        let room = style.width - heading.count - 2
        let bars = room < 6 ? nil : FlameBar(width: room, characters: style.characters)
        return [heading]
            + rows.map { row in
                let label = " \(Quantity.duration(row.from)) .. \(Quantity.duration(row.to))"
                let bar = bars.map { $0.edge + $0.bar(start: 0, length: Double(row.ios) / Double(most)) } ?? ""
                let line =
                    TextLine.padded(label, to: Self.labelWidth)
                    + TextLine.rightAligned(Quantity.count(row.ios), to: Self.countWidth)
                    + TextLine.rightAligned(Quantity.percent(Double(row.ios) / Double(all)), to: Self.shareWidth) + " "
                    + bar
                return TextLine.trimmed(line)
            }
    }
}
