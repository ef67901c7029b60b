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
    /// By completion context. Most recordings have one or two: those of the others are empty.
    var leaves = [LeafSums](repeating: LeafSums(), count: CompletionContext.count)
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
            leaves[row].add(UInt128(span.nanoseconds), to: span.stage)
            if let wait = CPUWait(span, of: io) { add(wait, row) }
        }
    }

    private mutating func add(_ wait: CPUWait, _ row: Int) {
        wait.forEachCause { leaves[row].add(UInt128($1), to: wait.stage, $0) }
    }

    mutating func add(_ other: Tally) {
        ios &+= other.ios
        finished &+= other.finished
        latency &+= other.latency
        Self.add(other.contexts, to: &contexts)
        Self.add(other.reasons, to: &reasons)
        for (row, sums) in other.leaves.enumerated() { leaves[row].add(sums) }
        durations.add(other.durations)
    }

    private static func add<Number: FixedWidthInteger>(_ others: [Number], to sums: inout [Number]) {
        for index in sums.indices { sums[index] &+= others[index] }
    }

    /// Nanoseconds in a leaf, whatever the completion context.
    func sum(of leaf: Leaf) -> UInt128 { leaves.reduce(0) { $0 &+ $1[leaf] } }

    func sum(of leaf: Leaf, in context: CompletionContext) -> UInt128 { leaves[context.index][leaf] }

    var stages: Set<Stage> { Set(leaves.flatMap(\.stages)) }
}
