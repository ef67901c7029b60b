// SPDX-License-Identifier: GPL-2.0-only

import Attribution

/// What is wrong with a condition or an order, and where.
public struct SelectionError: Error, Equatable, CustomStringConvertible {
    /// The column of the first character of what is wrong; the first character of all is 1.
    public let column: Int
    /// May hold parts of the input.
    public let problem: String

    init(column: Int, problem: String) {
        self.column = column
        self.problem = problem
    }

    init(column: Int, unknownField name: String) {
        let hint = IOField.meant(by: name).map { "did you mean '\($0)'?" } ?? "--help names them"
        self.init(column: column, problem: "unknown field '\(name)'; \(hint)")
    }

    public var description: String { "column \(column): \(problem)" }
}
