// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// What is counted and summed over the I/Os of one stretch of time.
struct Tally: Equatable, Sendable {
    var ios: UInt64 = 0
    /// I/Os that were seen to complete: only they have durations.
    var finished: UInt64 = 0
    /// Nanoseconds.
    var latency: UInt128 = 0
    var contexts = [UInt64](repeating: 0, count: CompletionContext.count)
    var reasons = [UInt64](repeating: 0, count: DeferralReason.count)
    /// Nanoseconds by completion context and `Leaf.index`. Most recordings have one or two contexts: the rows of the
    /// others are empty.
    var leaves = [[UInt128]](repeating: [], count: CompletionContext.count)
    var durations = DurationCounts()

    mutating func add(_ io: DirectIO, _ life: AttributedLife) {
        ios += 1
        contexts[life.context.index] += 1
        if let reason = life.reason { reasons[reason.index] += 1 }
        guard life.isFinished else { return }
        finished += 1
        latency += UInt128(life.latency)
        durations.add(life.latency)
        let row = life.context.index
        life.spans.forEach { span in
            add(span.nanoseconds, to: Leaf.index(span.stage), row)
            switch span.stage {
            case .queueWait: add(io.queueWaitHeld, of: span, row)
            case .taskWorkWait: add(io.taskWorkHeld, of: span, row)
            default: break
            }
        }
    }

    @inline(__always)
    mutating func add(_ nanoseconds: UInt64, to leaf: Int, _ row: Int) {
        if leaves[row].isEmpty { leaves[row] = [UInt128](repeating: 0, count: Leaf.count) }
        leaves[row][leaf] += UInt128(nanoseconds)
    }

    /// Clocks that tell of more than the wait were not those of this wait.
    private mutating func add(_ held: HeldTimes, of span: StageSpan, _ row: Int) {
        let known = held.total <= span.nanoseconds ? held : .unknown
        for holder in CPUHolder.allCases { add(UInt64(known[holder]), to: Leaf.index(span.stage, holder), row) }
        add(span.nanoseconds - known.total, to: Leaf.index(span.stage, nil), row)
    }

    mutating func add(_ other: Tally) {
        ios &+= other.ios
        finished &+= other.finished
        latency &+= other.latency
        Self.add(other.contexts, to: &contexts)
        Self.add(other.reasons, to: &reasons)
        for (row, sums) in other.leaves.enumerated() where !sums.isEmpty {
            if leaves[row].isEmpty { leaves[row] = sums } else { Self.add(sums, to: &leaves[row]) }
        }
        durations.add(other.durations)
    }

    private static func add<Number: FixedWidthInteger>(_ others: [Number], to sums: inout [Number]) {
        for index in sums.indices { sums[index] &+= others[index] }
    }

    /// Nanoseconds in a leaf, whatever the completion context.
    func sum(of leaf: Leaf) -> UInt128 {
        let index = leaf.index
        var sum: UInt128 = 0
        for row in leaves where !row.isEmpty { sum &+= row[index] }
        return sum
    }

    func sum(of leaf: Leaf, in context: CompletionContext) -> UInt128 {
        let row = leaves[context.index]
        return row.isEmpty ? 0 : row[leaf.index]
    }
}
