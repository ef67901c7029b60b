// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Capture
import DirectIO
import Probes

/// What the kernel summed up of one kind of I/Os between two readings of its sums, which go on while they are read.
struct SummaryDifference {
    private let kind: probe_io_kind
    private var sums: probe_summary
    private var numbers: [UInt64]

    private static let steps = Int(PROBE_STEPS)
    private static let buckets = Int(PROBE_SUMMARY_BUCKETS)
    private static let row = steps + 1

    init(from before: KindSummaries.Sums?, to now: KindSummaries.Sums) {
        self.init(kind: now.kind, (before?.sums, before?.numbers ?? []), (now.sums, now.numbers))
    }

    init(
        kind: probe_io_kind, _ before: (sums: probe_summary?, numbers: [UInt64]),
        _ now: (sums: probe_summary, numbers: [UInt64])
    ) {
        self.kind = kind
        (sums, numbers) = now
        if let before = before.sums {
            sums.bytes = Self.since(before.bytes, sums.bytes)
            sums.errors = Self.since(before.errors, sums.errors)
            sums.preempted = Self.since(before.preempted, sums.preempted)
            SummaryWords.combine(&sums.queue_wait_ns, before.queue_wait_ns) { Self.since($1, $0) }
            SummaryWords.combine(&sums.task_work_wait_ns, before.task_work_wait_ns) { Self.since($1, $0) }
            sums.first_ns = min(before.last_ns, sums.last_ns)
        }
        for place in numbers.indices where place < before.numbers.count {
            numbers[place] = Self.since(before.numbers[place], numbers[place])
        }
        // A CPU that was in its midst: the longest of all time have no interval.
        if let before = before.sums { keepNewLongest(before) }
    }

    /// I/Os of it that were summed up.
    var ios: UInt64 { (0..<Self.buckets).reduce(0) { $0 &+ numbers[$1 * Self.row + Self.steps] } }

    /// - Returns: `nil` when there were none.
    func summary() -> IOSummary? {
        let ios = ios
        guard ios > 0 else { return nil }
        var whole = self
        whole.sums.errors = min(sums.errors, ios)
        whole.sums.preempted = min(sums.preempted, ios)
        whole.sums.first_ns = min(sums.first_ns, sums.last_ns)
        for step in 0..<Self.steps { whole.evenOut(step, ios: ios) }
        return IOSummary(kind: kind, sums: whole.sums, numbers: whole.numbers)
    }

    /// An I/O that was being added while the sums were read is in some of them only: by at most one a CPU the spreads
    /// have more or fewer than the rows. The fullest bucket gets the difference.
    private mutating func evenOut(_ step: Int, ios: UInt64) {
        let spread = Self.spread(step)
        guard UInt32(kind.points) & 1 << UInt32(step) != 0 else {
            for place in spread { numbers[place] = 0 }
            return
        }
        var counted = spread.reduce(UInt64(0)) { $0 &+ numbers[$1] }
        while counted != ios {
            let fullest = spread.max { numbers[$0] < numbers[$1] } ?? spread.lowerBound
            if counted < ios {
                let place = counted == 0 ? spread.lowerBound + bucket(ofMean: step, ios: ios) : fullest
                numbers[place] += ios - counted
                return
            }
            let surplus = min(numbers[fullest], counted - ios)
            numbers[fullest] -= surplus
            counted -= surplus
        }
    }

    private func bucket(ofMean step: Int, ios: UInt64) -> Int {
        let total = (0..<Self.buckets).reduce(UInt64(0)) { $0 &+ numbers[$1 * Self.row + step] }
        return Int(probe_summary_bucket(total / ios))
    }

    private static func spread(_ step: Int) -> Range<Int> {
        let begin = buckets * row + step * buckets
        return begin..<begin + buckets
    }

    /// A longest that has become longer is of this interval; else no more is known than the last bucket that has one.
    private mutating func keepNewLongest(_ before: probe_summary) {
        let last = (0...Self.steps).map { place -> UInt64 in
            let range = place < Self.steps ? Self.spread(place) : 0..<Self.buckets
            let bucket = range.last { place < Self.steps ? numbers[$0] > 0 : numbers[$0 * Self.row + Self.steps] > 0 }
            return SummaryBucket(UInt64((bucket ?? range.lowerBound) - range.lowerBound))?.middle ?? 0
        }
        withUnsafeMutableBytes(of: &sums.longest_ns) { longest in
            withUnsafeBytes(of: before.longest_ns) { before in
                for place in 0...Self.steps {
                    let now = longest.load(fromByteOffset: 8 * place, as: UInt64.self)
                    guard now <= before.load(fromByteOffset: 8 * place, as: UInt64.self) else { continue }
                    longest.storeBytes(of: min(now, last[place]), toByteOffset: 8 * place, as: UInt64.self)
                }
            }
        }
    }

    private static func since(_ before: UInt64, _ now: UInt64) -> UInt64 { now > before ? now - before : 0 }
}
