// SPDX-License-Identifier: GPL-2.0-only

/// A line that names an event, in a text of no known form.
struct EventMention {
    let number: Int
    let event: String

    private static let mostLines = 4096

    init?(in text: [UInt8]) {
        guard !text.contains(where: { $0 < UInt8(ascii: "\t") }) else { return nil }
        let lines = String(decoding: text.prefix(1 << 18), as: UTF8.self)
            .split(maxSplits: Self.mostLines, omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (number, line) in zip(1...Self.mostLines, lines) {
            let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
            if let event = words.first(where: Self.isEvent) {
                (self.number, self.event) = (number, String(event))
                return
            }
        }
        return nil
    }

    /// Only names that hardly anything else has.
    private static func isEvent(_ word: Substring) -> Bool {
        guard word.contains("_"), let kind = EventKind(rawValue: String(word)) else { return false }
        return kind != .probe
    }
}
