// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// How long deferred I/Os waited, each by itself, for what completing inline does without.
struct InlineSavingAccumulator: ~Copyable, Sendable {
    private var waits = DurationTable()
    private var total: UInt128 = 0

    @inline(__always)
    mutating func add(_ io: DirectIO) {
        guard let started = io.workStarted else { return }
        guard let from = io.ended ?? io.workQueued, started >= from else { return }
        let wait = started.nanoseconds(since: from)
        waits.reach(DurationBucket.number(of: wait))
        waits.record(wait, in: 0)
        total += UInt128(wait)
    }

    mutating func add(_ other: borrowing InlineSavingAccumulator) {
        waits.add(other.waits, row: 0, to: 0)
        total += other.total
    }

    /// From `end_io`, or where that was not seen `queue_work`, to the kworker's start, of the I/Os that had both.
    var statistics: DurationStatistics? { waits.distribution(0, total: total).statistics() }
}
