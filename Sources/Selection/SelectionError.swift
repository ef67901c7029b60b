// SPDX-License-Identifier: GPL-2.0-only

/// What is wrong with a condition or an order, and where.
public struct SelectionError: Error, Equatable, CustomStringConvertible {
    /// The column of the first character of what is wrong; the first character of all is 1.
    public let column: Int
    /// May hold parts of the input.
    public let problem: String

    public var description: String { "column \(column): \(problem)" }
}
