// SPDX-License-Identifier: GPL-2.0-only

/// The smallest part of a condition that has a meaning.
struct Token: Equatable {
    enum Kind: Equatable {
        case word(String)
        case quoted(String)
        case relation(Condition.Relation)
        case and, or, not, open, close, end
    }

    let kind: Kind
    let column: Int

    static let longestText = 4096

    /// - Returns: At least one token: the last one is `end`.
    static func all(of text: String) throws(SelectionError) -> [Token] {
        let scalars = Array(text.unicodeScalars.prefix(longestText + 1))
        guard scalars.count <= longestText else {
            throw SelectionError(column: longestText + 1, problem: "more than \(longestText) characters are too many")
        }
        var tokens: [Token] = []
        var position = 0
        while position < scalars.count {
            if scalars[position].properties.isWhitespace {
                position += 1
                continue
            }
            let (kind, length) = try next(scalars[position...])
            tokens.append(Token(kind: kind, column: position + 1))
            position += length
        }
        return tokens + [Token(kind: .end, column: scalars.count + 1)]
    }

    private static let symbols: [(text: String, kind: Kind)] = [
        ("==", .relation(.equal)), ("!=", .relation(.unequal)), ("<=", .relation(.atMost)),
        (">=", .relation(.atLeast)), ("&&", .and), ("||", .or), ("=", .relation(.equal)), ("<", .relation(.less)),
        (">", .relation(.more)), ("!", .not), ("(", .open), (")", .close),
    ]

    private static func next(_ rest: ArraySlice<Unicode.Scalar>) throws(SelectionError) -> (Kind, Int) {
        for symbol in symbols where rest.starts(with: symbol.text.unicodeScalars) {
            return (symbol.kind, symbol.text.unicodeScalars.count)
        }
        let first = rest[rest.startIndex]
        if first == "'" || first == "\"" { return try quoted(rest, by: first) }
        let word = rest.prefix { isPartOfWord($0) }
        guard !word.isEmpty else {
            throw SelectionError(column: rest.startIndex + 1, problem: "'\(first)' means nothing here")
        }
        let text = text(word)
        let kind: Kind =
            switch text {
            case "and": .and
            case "or": .or
            case "not": .not
            default: .word(text)
            }
        return (kind, word.count)
    }

    private static func quoted(
        _ rest: ArraySlice<Unicode.Scalar>, by mark: Unicode.Scalar
    ) throws(SelectionError) -> (Kind, Int) {
        let inner = rest.dropFirst()
        guard let end = inner.firstIndex(of: mark) else {
            throw SelectionError(column: rest.startIndex + 1, problem: "the quotation that begins here has no end")
        }
        return (.quoted(text(inner[..<end])), end - rest.startIndex + 1)
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars)
        return text
    }

    private static func isPartOfWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            || "_-.:/+*#@".unicodeScalars.contains(scalar)
    }

    /// As it is shown in an error.
    var shown: String {
        switch kind {
        case .word(let text), .quoted(let text): "'\(text)'"
        case .relation(let relation): "'\(relation.rawValue)'"
        case .and: "'and'"
        case .or: "'or'"
        case .not: "'not'"
        case .open: "'('"
        case .close: "')'"
        case .end: "the end"
        }
    }
}
