// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Selection

/// The first so many I/Os of a stream, in some order.
struct FirstIOs {
    private let order: IOOrder
    private let limit: Int
    private var kept: [(key: IOOrder.Key, io: ListedIO)] = []
    /// How many came, kept or not.
    private(set) var count: UInt64 = 0

    init(_ limit: Int, order: IOOrder) {
        self.order = order
        self.limit = limit
    }

    /// Keeps up to twice the limit, then drops the rear half: linear in all, whatever the limit.
    /// - Parameter listed: made only of an I/O that may be kept.
    mutating func add(_ subject: Subject, _ listed: () -> ListedIO) {
        count += 1
        let key = order.key(of: subject)
        if kept.count >= limit, let border, !order.isBefore(key, border) { return }
        kept.append((key, listed()))
        if kept.count >= 2 * limit { shrink() }
    }

    /// What comes after this is not among the first: set when the rest was dropped.
    private var border: IOOrder.Key?

    private mutating func shrink() {
        kept.sort { order.isBefore($0.key, $1.key) }
        kept.removeLast(max(0, kept.count - limit))
        if kept.count == limit { border = kept.last?.key }
    }

    var inOrder: [ListedIO] {
        var all = self
        all.shrink()
        return all.kept.map(\.io)
    }
}
