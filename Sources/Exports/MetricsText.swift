// SPDX-License-Identifier: GPL-2.0-only

import Rendering

/// Metrics as text: OpenMetrics 1.0, or Prometheus' older form 0.0.4, in which a counter's family has the name of its
/// samples.
struct MetricsText {
    private let isOpen: Bool
    private var text = ""

    init(isOpen: Bool) { self.isOpen = isOpen }

    mutating func family(_ name: String, _ type: String, _ help: String) {
        text += Self.family(name, type, help)
    }

    /// - Parameter name: without `_total`.
    mutating func counter(_ name: String, _ help: String) { family(isOpen ? name : name + "_total", "counter", help) }

    mutating func sample(_ name: String, _ labels: [(String, String)], _ value: String) {
        text += Self.sample(name, labels, value)
    }

    var finished: String { isOpen ? text + "# EOF\n" : text }

    static func family(_ name: String, _ type: String, _ help: String) -> String {
        "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    static func sample(_ name: String, _ labels: [(String, String)], _ value: String) -> String {
        let list = labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",")
        return name + (list.isEmpty ? "" : "{\(list)}") + " \(value)\n"
    }

    /// Control characters are written as a terminal gets them, and the backslashes of that are the label's own.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in EscapedText(text).description {
            if character == "\\" || character == "\"" { escaped.append("\\") }
            escaped.append(character)
        }
        return escaped
    }
}
