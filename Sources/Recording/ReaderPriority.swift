// SPDX-License-Identifier: GPL-2.0-only

import Glibc
import Probes

/// The scheduling policy of the thread that reads the rings: below every other task while they are far from full, so that no
/// completion waits for it; normal when records come fast or it was kept waiting, before a ring runs over.
struct ReaderPriority {
    /// `SCHED_IDLE` of linux/sched.h: any other task preempts it at once, where a nice one would keep its slice.
    private static let idle: Int32 = 5
    /// So long after the last turn with many records it is normal.
    private static let calmNanoseconds: UInt64 = 1_000_000_000

    private(set) var yields = false
    private var calmFrom: UInt64
    private let many: UInt64
    private let set: (Int32) -> Bool

    /// - Parameters:
    ///   - recordsPerRing: for which a ring has room.
    ///   - now: nanoseconds of CLOCK_MONOTONIC, as in `turned`.
    ///   - set: sets the calling thread's policy; `false`: refused.
    init(recordsPerRing: Int, now: UInt64, set: @escaping (Int32) -> Bool = Self.setter()) {
        many = UInt64(recordsPerRing / 8)
        calmFrom = now
        self.set = set
    }

    /// After each turn of the reading loop.
    /// - Parameter records: that it found; they may all have come through one ring.
    mutating func turned(records: UInt64, now: UInt64) {
        guard records < many else {
            calmFrom = now
            return end()
        }
        guard !yields, now >= calmFrom + Self.calmNanoseconds else { return }
        yields = set(Self.idle)
    }

    /// Back to a normal policy.
    mutating func end() {
        if yields, set(SCHED_OTHER) { yields = false }
    }

    /// A reader that cannot be normal again would lose records: whoever may not raise a priority keeps the one it has.
    private static func setter() -> (Int32) -> Bool {
        guard KernelAccess().has(.sysNice) else { return { _ in false } }
        return { policy in
            var parameters = sched_param()
            return sched_setscheduler(0, policy, &parameters) == 0
        }
    }
}
