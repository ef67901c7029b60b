// SPDX-License-Identifier: GPL-2.0-only

import Foundation

/// The tables of fields in `Documentation/CaptureFormat.md`.
struct DocumentedLayout {
    struct Field: Equatable {
        var name: String
        var offset: Int
        var size: Int
    }

    let fields: [Field]
    /// The size that the heading promises.
    let size: Int

    /// Rows `| offset | size | `name` | ...` under the heading "## `record`, N bytes".
    init(of record: String) throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Documentation/CaptureFormat.md")
        let lines = try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
        let heading = "## `\(record)`, "
        let section = lines.drop { !$0.hasPrefix(heading) }
        size = section.first.flatMap { Int($0.dropFirst(heading.count).prefix { $0.isNumber }) } ?? 0
        fields = section.dropFirst().prefix { !$0.hasPrefix("##") }.compactMap { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count >= 4, let offset = Int(cells[0]), let size = Int(cells[1]) else { return nil }
            return Field(name: cells[2].trimmingCharacters(in: ["`"]), offset: offset, size: size)
        }
    }
}
