// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords

/// When I/Os were lost whose completion the probes did not see.
struct LostIOs {
    /// When their kiocbs began again, nanoseconds of CLOCK_MONOTONIC: by then they had been completed.
    private var noticed: [UInt64] = []

    /// What is lost together is noticed together; more than this apart it was not.
    private static let burstGap: UInt64 = 2_000_000
    /// At most so many bursts are kept; with more of them nothing could be concluded anyway.
    private static let most = 1 << 18

    mutating func note(_ io: UnsafePointer<probe_io>) {
        if noticed.count < Self.most { noticed.append(io.pointee.completed_ns) }
    }

    /// I/Os that were lost together.
    struct Bursts: Equatable {
        var count = 0
        /// I/Os of the largest.
        var largest = 0
        /// Nanoseconds of CLOCK_MONOTONIC.
        var first: UInt64 = 0
        var last: UInt64 = 0
    }

    /// `nil` when none was noticed.
    var bursts: Bursts? {
        let times = noticed.sorted()
        guard let first = times.first, let last = times.last else { return nil }
        var bursts = Bursts(count: 0, largest: 0, first: first, last: last)
        var (size, before) = (0, UInt64(0))
        for time in times {
            if size == 0 || time - before > Self.burstGap {
                bursts.count += 1
                size = 0
            }
            size += 1
            before = time
            bursts.largest = max(bursts.largest, size)
        }
        return bursts
    }
}
