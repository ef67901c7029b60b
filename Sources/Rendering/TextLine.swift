// SPDX-License-Identifier: GPL-2.0-only

/// Puts text into columns of spaces.
public enum TextLine {
    /// Width of the labels in front of the lines below a flame.
    private static let labelWidth = 14

    public static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.columns))
    }

    public static func rightAligned(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.columns)) + text
    }

    /// A label and items with three spaces between them; what does not fit goes on below the first item.
    static func labelled(_ label: String, _ items: [String], width: Int) -> [String] {
        let head = " " + padded(label, to: labelWidth) + " "
        return flow(items, separator: "   ", head: head, indent: head.count, width: width)
    }

    /// A label and a sentence, broken between words.
    static func labelled(_ label: String, sentence: String, width: Int) -> [String] {
        let head = " " + padded(label, to: labelWidth) + " "
        return flow(words(sentence), separator: " ", head: head, indent: head.count, width: width)
    }

    static func wrapped(_ sentence: String, indent: Int, width: Int) -> [String] {
        let head = String(repeating: " ", count: indent)
        return flow(words(sentence), separator: " ", head: head, indent: indent, width: width)
    }

    private static func words(_ sentence: String) -> [String] {
        sentence.split(separator: " ").map(String.init)
    }

    /// An item that is longer than a line is cut into pieces: a line never exceeds the width.
    static func flow(_ items: [String], separator: String, head: String, indent: Int, width: Int) -> [String] {
        var lines: [String] = []
        var line = head
        var isEmpty = true
        func breakLine() {
            lines.append(line)
            line = String(repeating: " ", count: indent)
            isEmpty = true
        }
        for item in items {
            var rest = Substring(item)
            if !isEmpty, line.columns + separator.count + rest.columns > width { breakLine() }
            if !isEmpty { line += separator }
            while line.columns + rest.columns > width {
                let room = max(1, width - line.columns)
                // Between words, if there are any.
                let whole = rest.prefix(columns: room + 1)
                let end = whole.lastIndex(of: " ").map { rest[..<$0] } ?? rest.prefix(columns: max(room, 2))
                line += end
                rest = rest[end.endIndex...].drop { $0 == " " }
                breakLine()
            }
            line += rest
            isEmpty = false
        }
        lines.append(line)
        return lines.map(trimmed)
    }

    /// Its first columns. Sequences that colour it take none, and stay.
    static func cut(_ line: String, to width: Int) -> String {
        var (kept, columns, isInSequence) = ("", 0, false)
        for character in line {
            if character == "\u{1b}" { isInSequence = true }
            if isInSequence || columns < width { kept.append(character) }
            if !isInSequence { columns += 1 }
            if isInSequence, character == "m" { isInSequence = false }
        }
        return kept
    }

    /// Without blanks at its end.
    static func trimmed(_ line: String) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return line
    }
}
