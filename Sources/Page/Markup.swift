// SPDX-License-Identifier: GPL-2.0-only

import Rendering

/// HTML and SVG. Whatever text comes into it is escaped here, whether it can be trusted or not.
struct Markup {
    private(set) var text = ""

    /// Text between tags or within the quotes of an attribute.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in EscapedText(text).description.replacing("\\\\", with: "\\").unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    typealias Attributes = KeyValuePairs<StaticString, String>

    private mutating func open(_ name: StaticString, _ attributes: Attributes) {
        text += "<\(name)"
        for (key, value) in attributes { text += " \(key)=\"\(Self.escaped(value))\"" }
        text += ">"
    }

    mutating func element(_ name: StaticString, _ attributes: Attributes = [:], _ body: (inout Markup) -> Void) {
        open(name, attributes)
        body(&self)
        text += "</\(name)>"
    }

    mutating func element(_ name: StaticString, _ words: String) { element(name, [:], words) }

    mutating func element(_ name: StaticString, _ attributes: Attributes, _ words: String) {
        open(name, attributes)
        text += Self.escaped(words) + "</\(name)>"
    }

    /// One without content.
    mutating func void(_ name: StaticString, _ attributes: Attributes = [:]) {
        open(name, attributes)
        text.removeLast()
        text += "/>"
    }

    /// A line or an area of a picture.
    /// - Parameter commands: numbers and letters.
    mutating func path(_ kind: String, _ commands: String) {
        text += "<path class=\"\(kind)\" d=\"\(commands)\"/>"
    }

    mutating func words(_ words: String) { text += Self.escaped(words) }
    mutating func breakLine() { text += "\n" }

    /// What a line of a picture stands for.
    mutating func sample(of line: String, _ words: String) {
        element("span", ["class": "item"]) { markup in
            markup.element("svg", ["viewBox": "0 0 28 8", "class": "sample"]) { $0.path(line, "M0 4h28") }
            markup.words(" " + words)
        }
    }

    /// What is markup already, or the program's own script: not escaped.
    mutating func raw(_ markup: String) { text += markup }

    /// Rows of a table; the first cell of each is its heading.
    mutating func table(_ caption: String, _ heads: [String], _ rows: [[String]]) {
        element("table") { markup in
            markup.element("caption", caption)
            markup.element("thead") { markup in
                markup.element("tr") { markup in
                    for head in heads { markup.element("th", ["scope": "col"], head) }
                }
            }
            markup.element("tbody") { markup in
                for row in rows {
                    markup.element("tr") { markup in
                        for (place, cell) in row.enumerated() {
                            if place == 0 {
                                markup.element("th", ["scope": "row"], cell)
                            } else {
                                markup.element("td", cell)
                            }
                        }
                    }
                }
            }
        }
    }
}
