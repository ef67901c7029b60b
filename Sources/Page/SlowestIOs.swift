// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// The slowest I/Os of a stream, with what they waited for.
struct SlowestIOs: Sendable {
    static let limit = 50
    private var kept: [ListedIO] = []
    /// Slower than this, or it is not among them: known once some were dropped.
    private var border: UInt64 = 0

    /// - Parameter listed: made only of an I/O that may be among them.
    @inline(__always)
    mutating func add(latency: UInt64, _ listed: () -> ListedIO) {
        if latency < border { return }
        keep(listed())
    }

    private mutating func keep(_ io: ListedIO) {
        kept.append(io)
        if kept.count >= 4 * Self.limit { shrink() }
    }

    private mutating func shrink() {
        // Of equally slow ones that which began first, whatever their order.
        kept.sort {
            ($1.life.latency, $0.io.began.nanoseconds, $0.io.offset)
                < ($0.life.latency, $1.io.began.nanoseconds, $1.io.offset)
        }
        kept.removeLast(max(0, kept.count - Self.limit))
        if kept.count == Self.limit { border = kept.last?.life.latency ?? 0 }
    }

    mutating func add(_ other: SlowestIOs) {
        for io in other.kept { keep(io) }
    }

    /// The slowest first.
    var inOrder: [ListedIO] {
        var all = self
        all.shrink()
        return all.kept
    }
}
