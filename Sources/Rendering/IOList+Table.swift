// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

extension IOList {
    /// A column of the table. The order of the cases is that of the columns.
    private enum Column: CaseIterable {
        case time, latency, queueWait, operation, context, submitter, place, cpus, reason

        var title: String {
            switch self {
            case .time: "time s"
            case .latency: "latency"
            case .queueWait: "queue wait"
            case .operation: "op"
            case .context: "context"
            case .submitter: "submitter"
            case .place: "file@offset"
            // Submit, end_io, kworker.
            case .cpus: "CPUs"
            case .reason: "why deferred"
            }
        }

        /// Without the blank before it.
        var width: Int {
            switch self {
            case .time: 11
            case .latency: 7
            case .queueWait: 10
            case .operation: 10
            case .context: 9
            case .submitter: 12
            case .place: 24
            case .cpus: 8
            case .reason: 26
            }
        }

        /// Numbers end at their column, words begin there.
        var isNumber: Bool { self == .time || self == .latency || self == .queueWait }
    }

    /// In which order columns get their room.
    private static let byImportance: [Column] = [
        .latency, .operation, .context, .time, .submitter, .queueWait, .place, .cpus, .reason,
    ]

    private static let leastPlace = 14

    private static func columns(in width: Int) -> [Column] {
        var (room, chosen) = (width, Set<Column>())
        for column in byImportance {
            // A place has room for a long offset at least.
            guard (column == .place ? leastPlace : column.width) + 1 <= room else { break }
            room -= column.width + 1
            chosen.insert(column)
        }
        return Column.allCases.filter(chosen.contains)
    }

    /// The line above the table.
    public func appendHeading(style: TextStyle, to buffer: inout [UInt8]) {
        append(style.palette.paint(row(style) { column, _ in column.title }, .heading), to: &buffer)
    }

    /// The line below a list of chosen I/Os.
    public func appendSummary(
        found: UInt64, of all: UInt64, where text: String, style: TextStyle, to buffer: inout [UInt8]
    ) {
        let line =
            "\(Quantity.count(found)) of \(Quantity.ios(all)) \(found == 1 ? "is" : "are") where \(style.escaped(text))"
        for line in TextLine.wrapped(line, indent: 0, width: style.width) { append(line, to: &buffer) }
    }

    /// One line.
    public func appendRow(_ listed: ListedIO, style: TextStyle, to buffer: inout [UInt8]) {
        append(row(style) { cell($0, listed, style, room: $1) }, to: &buffer)
    }

    private func cell(_ column: Column, _ listed: ListedIO, _ style: TextStyle, room: Int) -> String {
        let (io, life) = (listed.io, listed.life)
        switch column {
        case .time: return times.short(io.began)
        case .latency:
            if !io.knowsLatency(life) { return "-" }
            return Quantity.duration(life.latency) + (life.isFinished ? "" : "+")
        case .queueWait: return life.spans[.queueWait].map { Quantity.duration($0) } ?? "-"
        case .operation:
            return !io.knowsLength
                ? "-" : "\(io.operation.rawValue) \(Quantity.bytes(UInt64(io.length)))"
        case .context: return life.context.rawValue
        case .submitter: return !io.knowsSubmitter ? "-" : submitter(of: io, style)
        case .place: return place(of: io, style, room: room)
        case .cpus:
            return [io.submitCPU, io.endCPU, io.workerCPU].map { $0.map(String.init) ?? "-" }.joined(separator: "/")
        case .reason: return life.reason?.rawValue ?? "-"
        }
    }

    /// The file, by its name or inode, and where in it: the end of a name that is too long, and the offset whole.
    private func place(of io: DirectIO, _ style: TextStyle, room: Int) -> String {
        guard io.knowsDevice else { return "-" }
        let offset = "@\(io.offset)"
        return style.escaped(file(of: io).short).suffix(columns: max(0, room - offset.count)) + offset
    }

    /// A cell that is too long moves those behind it as far as there are blanks; the last column has the rest of the
    /// line.
    private func row(_ style: TextStyle, _ cell: (Column, _ room: Int) -> String) -> String {
        var (line, end) = ("", 0)
        let columns = Self.columns(in: style.width)
        for column in columns {
            if !line.isEmpty { line += " " }
            end += column.width + 1
            let room = end - 1 - line.columns
            // A name and an offset may take what is left of an 80-column line, or some more where others follow.
            let most = column == columns.last ? style.width - line.columns : column == .place ? 32 : room
            let text = cell(column, most)
            line += column.isNumber ? TextLine.rightAligned(text, to: room) : TextLine.padded(text, to: room)
        }
        return TextLine.trimmed(String(line.prefix(columns: style.width)))
    }
}
