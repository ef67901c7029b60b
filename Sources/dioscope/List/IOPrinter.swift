// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Rendering

/// Writes listed I/Os to standard output, many at once.
final class IOPrinter {
    enum Form {
        case json, table, waterfall
    }

    private let list: IOList
    private let style: TextStyle
    private let form: Form
    private var buffer: [UInt8] = []

    init(_ list: IOList, style: TextStyle, form: Form) {
        self.list = list
        self.style = style
        self.form = form
        if form == .table { list.appendHeading(style: style, to: &buffer) }
    }

    func print(_ io: ListedIO) throws(Failure) {
        switch form {
        case .json: list.appendJSON(io, to: &buffer)
        case .table: list.appendRow(io, style: style, to: &buffer)
        case .waterfall: list.appendWaterfall(io, style: style, to: &buffer)
        }
        if buffer.count >= 1 << 16 { try flush() }
    }

    /// - Parameter selection: how many I/Os it found of how many, and what it was; `nil` without one.
    func finish(_ selection: (found: UInt64, of: UInt64, text: String)?) throws(Failure) {
        if let selection, form != .json {
            list.appendSummary(
                found: selection.found, of: selection.of, where: selection.text, style: style, to: &buffer)
        }
        try flush()
    }

    private func flush() throws(Failure) {
        try Terminal.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}
