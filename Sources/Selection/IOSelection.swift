// SPDX-License-Identifier: GPL-2.0-only

import Attribution

/// Which I/Os are wanted, as an expression of fields and values: `latency>1ms and context=kworker`.
public struct IOSelection: Equatable, Sendable {
    /// As it was written.
    public let text: String
    private let condition: Condition

    public init(parsing text: String) throws(SelectionError) {
        self.text = text
        condition = try ConditionParser.condition(from: text)
    }

    /// It can only be answered once the names of threads and devices are known, which may come after their I/Os.
    public var needsNames: Bool { condition.needsNames }

    /// It can only be answered where it is known when the recording began.
    public var needsStart: Bool { condition.needsStart }

    /// What it asks of an I/O.
    public var fields: [IOField] { condition.fields }

    public func contains(_ subject: Subject) -> Bool { condition.holds(for: subject) }
}
