// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

extension IOList {
    private struct Column {
        let title: String
        let width: Int
    }

    private static let columns = [
        Column(title: "latency", width: 8), Column(title: "queue wait", width: 11), Column(title: "op", width: 11),
        Column(title: "completed in", width: 12), Column(title: "why deferred", width: 26),
        // Submit, end_io, kworker.
        Column(title: "CPUs", width: 9),
    ]
    private static let submitterTitle = "submitter"

    /// The line above the table.
    public func appendHeading(style: TextStyle, to buffer: inout [UInt8]) {
        append(
            style.palette.paint(row(Self.columns.map(\.title) + [Self.submitterTitle], style), .heading), to: &buffer)
    }

    /// The line below a list of chosen I/Os.
    public func appendSummary(
        found: UInt64, of all: UInt64, where text: String, style: TextStyle, to buffer: inout [UInt8]
    ) {
        let line = "\(Quantity.count(found)) of \(Quantity.count(all)) I/Os are where \(style.escaped(text))"
        for line in TextLine.wrapped(line, indent: 0, width: style.width) { append(line, to: &buffer) }
    }

    /// One line.
    public func appendRow(_ listed: ListedIO, style: TextStyle, to buffer: inout [UInt8]) {
        let (io, life) = (listed.io, listed.life)
        let cpus = [io.submitCPU, io.endCPU, io.workerCPU].map { $0.map(String.init) ?? "-" }
        append(
            row(
                [
                    Quantity.duration(life.latency) + (life.isFinished ? "" : "+"),
                    life.spans[.queueWait].map { Quantity.duration($0) } ?? "-",
                    io.isPartial && io.length == 0
                        ? "-" : "\(io.operation.rawValue) \(Quantity.bytes(UInt64(io.length)))", life.context.rawValue,
                    life.reason?.rawValue ?? "-", cpus.joined(separator: "/"), submitter(of: io, style),
                ], style), to: &buffer)
    }

    /// Durations end at their column, words begin there; the submitter is shown where there is room for it.
    private func row(_ cells: [String], _ style: TextStyle) -> String {
        var line = ""
        for (place, (cell, column)) in zip(cells, Self.columns).enumerated() {
            let isDuration = place < 2
            line +=
                isDuration
                ? TextLine.rightAligned(cell, to: column.width) : " " + TextLine.padded(cell, to: column.width)
        }
        if style.width >= line.count + 1 + Self.submitterTitle.count, cells.count > Self.columns.count {
            line += " " + cells[Self.columns.count]
        }
        line = String(line.prefix(style.width))
        while line.last == " " { line.removeLast() }
        return line
    }
}
