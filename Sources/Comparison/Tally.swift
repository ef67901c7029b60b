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
            if let wait = CPUWait(span, of: io) { add(wait, row) }
        }
    }

    @inline(__always)
    mutating func add(_ nanoseconds: UInt64, to leaf: Int, _ row: Int) {
        if leaves[row].isEmpty { leaves[row] = [UInt128](repeating: 0, count: Leaf.count) }
        leaves[row][leaf] += UInt128(nanoseconds)
    }

    private mutating func add(_ wait: CPUWait, _ row: Int) {
        for holder in CPUHolder.allCases { add(UInt64(wait.held[holder]), to: Leaf.index(wait.stage, holder), row) }
        add(wait.unattributed, to: Leaf.index(wait.stage, nil), row)
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
