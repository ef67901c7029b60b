// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Rendering
import Selection

/// The first so many, in some order, of those I/Os of a stream that are wanted.
struct ChosenIOs {
    private let selection: IOSelection?
    private let names: RecordedNames
    private let rule: CompletionRule
    private let order: IOOrder
    private let limit: Int
    private let clocks: SeenClocks
    private var holds = HoldLog()
    private var kept: [(key: IOOrder.Key, io: ListedIO)] = []
    /// How many are wanted, kept or not.
    private(set) var matching: UInt64 = 0

    /// - Parameter selection: `nil`: all are wanted.
    init(
        _ selection: IOSelection?, _ names: RecordedNames, rule: CompletionRule, clocks: SeenClocks, order: IOOrder,
        limit: Int
    ) {
        self.selection = selection
        self.names = names
        self.rule = rule
        self.order = order
        self.limit = limit
        self.clocks = clocks
    }

    /// Takes in who held a CPU, before the I/Os that waited for it.
    mutating func add(_ hold: CPUHold) {
        holds.add(hold)
    }

    /// Keeps up to twice the limit, then drops the rear half: linear in all, whatever the limit.
    mutating func add(_ io: DirectIO) {
        let life = AttributedLife(io, rule: rule)
        let subject = Subject(io, life, names)
        guard selection?.contains(subject) ?? true else { return }
        matching += 1
        let key = order.key(of: subject)
        if kept.count >= limit, let border, !order.isBefore(key, border) { return }
        kept.append((key, ListedIO(io, life, &holds, clocks)))
        if kept.count >= 2 * limit { shrink() }
    }

    /// What comes after this is not among the first: set when the rest was dropped.
    private var border: IOOrder.Key?

    private mutating func shrink() {
        kept.sort { order.isBefore($0.key, $1.key) }
        kept.removeLast(max(0, kept.count - limit))
        if kept.count == limit { border = kept.last?.key }
    }

    /// The I/O at once, if it is wanted.
    mutating func listed(_ io: DirectIO) -> ListedIO? {
        let life = AttributedLife(io, rule: rule)
        guard selection?.contains(Subject(io, life, names)) ?? true else { return nil }
        return ListedIO(io, life, &holds, clocks)
    }

    var inOrder: [ListedIO] {
        var all = self
        all.shrink()
        return all.kept.map(\.io)
    }
}
