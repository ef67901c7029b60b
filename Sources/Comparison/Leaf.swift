// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// What nanoseconds are summed by: a stage, and within the waits for a CPU, who occupied it.
public enum Leaf: Hashable, Sendable {
    case stage(Stage)
    case cause(Stage, WaitCause)

    /// The stages that have causes.
    public static let waits: [Stage] = [.queueWait, .taskWorkWait, .delivery, .hopWait, .submitterWakeup]
}

/// Nanoseconds by leaf, of those stages that occurred.
struct LeafSums: Sendable {
    private var places = StageSlots()
    /// Causes of each wait, then the stages by their places.
    private var sums: [UInt128] = []

    private static let firstStage = Leaf.waits.count * WaitCause.count

    var isEmpty: Bool { sums.isEmpty }

    /// In the order in which they occurred.
    var stages: [Stage] { places.stages }

    mutating func add(_ nanoseconds: UInt128, to stage: Stage) {
        let place = Self.firstStage + places.place(of: stage)
        if place >= sums.count { sums += repeatElement(0, count: place + 1 - sums.count) }
        sums[place] &+= nanoseconds
    }

    mutating func add(_ nanoseconds: UInt128, to wait: Stage, _ cause: WaitCause) {
        guard let place = Self.place(wait, cause) else { return }
        if sums.isEmpty { sums = [UInt128](repeating: 0, count: Self.firstStage) }
        sums[place] &+= nanoseconds
    }

    mutating func add(_ other: LeafSums) {
        guard !other.isEmpty else { return }
        if sums.isEmpty { sums = [UInt128](repeating: 0, count: Self.firstStage) }
        for place in 0..<Self.firstStage { sums[place] &+= other.sums[place] }
        for (place, stage) in other.stages.enumerated() { add(other.sums[Self.firstStage + place], to: stage) }
    }

    subscript(leaf: Leaf) -> UInt128 {
        guard !isEmpty else { return 0 }
        switch leaf {
        case .stage(let stage): return places.known(stage).map { sums[Self.firstStage + $0] } ?? 0
        case .cause(let wait, let cause):
            return Self.place(wait, cause).map { sums[$0] } ?? 0
        }
    }

    /// - Returns: `nil` for a stage that has no causes.
    private static func place(_ wait: Stage, _ cause: WaitCause) -> Int? {
        Leaf.waits.firstIndex(of: wait).map { $0 * WaitCause.count + cause.index }
    }
}

extension LeafSums: Equatable {
    /// Whatever the order in which the stages occurred.
    static func == (left: LeafSums, right: LeafSums) -> Bool {
        left.sums.prefix(firstStage) == right.sums.prefix(firstStage) && left.stages.count == right.stages.count
            && left.stages.allSatisfy { right.places.known($0) != nil && left[.stage($0)] == right[.stage($0)] }
    }
}
