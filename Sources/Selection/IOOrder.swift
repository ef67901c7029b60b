// SPDX-License-Identifier: GPL-2.0-only

/// By what I/Os are sorted: numbers from the largest down and texts from A on, or the other way round after a `-`.
/// What has no value comes last.
public struct IOOrder: Equatable, Sendable {
    public let field: IOField
    private let isReversed: Bool

    /// The slowest first.
    public static let slowestFirst = IOOrder(field: .latency, isReversed: false)

    private init(field: IOField, isReversed: Bool) {
        self.field = field
        self.isReversed = isReversed
    }

    public init(parsing text: String) throws(SelectionError) {
        isReversed = text.hasPrefix("-")
        let name = String(text.dropFirst(isReversed ? 1 : 0))
        guard let field = IOField(name: name) else {
            throw SelectionError(
                column: isReversed ? 2 : 1, problem: "unknown field '\(name)'\(IOField.help(for: name))")
        }
        self.field = field
    }

    /// Where an I/O stands in the order.
    public struct Key: Sendable {
        fileprivate let number: Int128?
        fileprivate let text: String?
        fileprivate let submitted: UInt64
    }

    public func key(of subject: Subject) -> Key {
        Key(
            number: field.number(of: subject), text: field.text(of: subject),
            submitted: subject.io.began.nanoseconds)
    }

    /// Does the first come before the second? Of equal ones that which was submitted earlier.
    public func isBefore(_ left: Key, _ right: Key) -> Bool {
        if let first = left.number, let second = right.number, first != second {
            return (first > second) != isReversed
        }
        if let first = left.text, let second = right.text, first != second { return (first < second) != isReversed }
        let (hasFirst, hasSecond) = (left.number != nil || left.text != nil, right.number != nil || right.text != nil)
        if hasFirst != hasSecond { return hasFirst }
        return left.submitted < right.submitted
    }
}
