// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Capture
import DirectIO
import Probes

/// What was added to the sums of one kind of I/O in an interval; those of several intervals can be added up. Only numbers
/// that are not 0 take room.
struct SumsChange {
    let kind: probe_io_kind
    private(set) var sums: probe_summary
    /// The rows and the spreads by their places.
    private var numbers: [UInt32: UInt64] = [:]

    private static let count = Int(PROBE_STEPS + PROBE_STEPS + 1) * Int(PROBE_SUMMARY_BUCKETS)

    /// - Parameters:
    ///   - old: `nil`: there was nothing.
    ///   - began: of the interval, nanoseconds of CLOCK_MONOTONIC.
    init(from old: KindSummaries.Sums?, to new: KindSummaries.Sums, began: UInt64) {
        kind = new.kind
        sums = new.sums
        for (place, number) in new.numbers.enumerated() {
            let change = number &- (old?.numbers[place] ?? 0)
            if change > 0 { numbers[UInt32(place)] = change }
        }
        boundLongest()
        guard let old = old?.sums else { return }
        sums.bytes &-= old.bytes
        sums.errors &-= old.errors
        sums.preempted &-= old.preempted
        // When the first of this interval was submitted is not known.
        sums.first_ns = min(began, sums.last_ns)
        SummaryWords.combine(&sums.queue_wait_ns, old.queue_wait_ns, &-)
        SummaryWords.combine(&sums.task_work_wait_ns, old.task_work_wait_ns, &-)
    }

    mutating func add(_ other: SumsChange) {
        sums.add(other.sums)
        for (place, number) in other.numbers { numbers[place, default: 0] &+= number }
    }

    var isEmpty: Bool { numbers.isEmpty }

    /// As they follow a `probe_summary`.
    var allNumbers: [UInt64] {
        var all = [UInt64](repeating: 0, count: Self.count)
        for (place, number) in numbers { all[Int(place)] = number }
        return all
    }

    /// The longest are known since the service began; of an interval, only in which buckets they are.
    private mutating func boundLongest() {
        let (buckets, steps) = (Int(PROBE_SUMMARY_BUCKETS), Int(PROBE_STEPS))
        var highest = [Int](repeating: -1, count: steps + 1)
        for place in numbers.keys.map(Int.init) {
            if place >= buckets * (steps + 1) {
                let step = (place - buckets * (steps + 1)) / buckets
                highest[step] = max(highest[step], place % buckets)
            } else if place % (steps + 1) == steps {
                highest[steps] = max(highest[steps], place / (steps + 1))
            }
        }
        withUnsafeMutableBytes(of: &sums.longest_ns) { bytes in
            let longest = bytes.bindMemory(to: UInt64.self)
            for (step, bucket) in highest.enumerated() {
                let end = bucket < 0 ? 0 : SummaryBucket(UInt64(bucket))?.highest ?? .max
                longest[step] = min(longest[step], end)
            }
        }
    }

    /// `nil` when it does not add up: the sums were read while they changed.
    var summary: IOSummary? { IOSummary(kind: kind, sums: sums, numbers: allNumbers) }
}

extension SummaryBucket {
    /// The longest duration in it, nanoseconds; the last one has no end.
    fileprivate var highest: UInt64 { SummaryBucket(UInt64(number + 1)).map { $0.lowest - 1 } ?? .max }
}
