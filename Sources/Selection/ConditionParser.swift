// SPDX-License-Identifier: GPL-2.0-only

/// Reads a condition: comparisons, `not`, `and`, `or` (which binds least) and parentheses.
struct ConditionParser {
    private let tokens: [Token]
    private var position = 0
    private var depth = 0

    /// Parentheses and `not` within each other: the parser and the condition go as deep.
    static let deepest = 64

    static func condition(from text: String) throws(SelectionError) -> Condition {
        var parser = ConditionParser(tokens: try Token.all(of: text))
        let condition = try parser.alternatives()
        guard parser.token.kind == .end else {
            throw parser.error("'and', 'or' or the end is expected, not \(parser.token.shown)")
        }
        return condition
    }

    private init(tokens: [Token]) {
        self.tokens = tokens
    }

    private var token: Token { tokens[position] }

    /// The last token, `end`, stays.
    private mutating func take() -> Token {
        let taken = token
        if position + 1 < tokens.count { position += 1 }
        return taken
    }

    private func error(_ problem: String) -> SelectionError {
        SelectionError(column: token.column, problem: problem)
    }

    private mutating func alternatives() throws(SelectionError) -> Condition {
        var parts = [try conjunction()]
        while token.kind == .or {
            _ = take()
            parts.append(try conjunction())
        }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func conjunction() throws(SelectionError) -> Condition {
        var parts = [try term()]
        while token.kind == .and {
            _ = take()
            parts.append(try term())
        }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func term() throws(SelectionError) -> Condition {
        guard token.kind == .not || token.kind == .open else { return .comparison(try comparison()) }
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw error("nested deeper than \(Self.deepest) levels") }
        let opening = take()
        guard opening.kind == .open else { return .not(try term()) }
        let inner = try alternatives()
        guard token.kind == .close else {
            throw error("')' is expected for the '(' in column \(opening.column), not \(token.shown)")
        }
        _ = take()
        return inner
    }

    private mutating func comparison() throws(SelectionError) -> Condition.Comparison {
        guard case .word(let name) = token.kind else {
            throw error("a comparison like latency>1ms is expected, not \(token.shown)")
        }
        guard let field = IOField(name: name) else { throw error("unknown field '\(name)'\(IOField.help(for: name))") }
        _ = take()
        guard case .relation(let relation) = token.kind else {
            throw error("\(name) must be compared: = != < <= > >= is expected, not \(token.shown)")
        }
        let isOrder = relation != .equal && relation != .unequal
        if isOrder, !field.kind.hasOrder { throw error("\(name) can only be compared by = and !=") }
        _ = take()
        let operand: Condition.Operand
        switch token.kind {
        case .word("none"):
            if isOrder { throw error("none can only be compared by = and !=") }
            operand = .none
        case .word(let text), .quoted(let text):
            do {
                operand = try OperandParser.operand(text, for: field)
            } catch {
                throw self.error(error.problem)
            }
        default: throw error("a value for \(name) is expected, not \(token.shown)")
        }
        _ = take()
        return Condition.Comparison(field: field, relation: relation, operand: operand)
    }
}

extension IOField.Kind {
    var hasOrder: Bool {
        switch self {
        case .duration, .bytes, .number: true
        case .choice, .device, .text: false
        }
    }
}
