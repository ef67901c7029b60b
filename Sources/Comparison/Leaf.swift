// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// What nanoseconds are summed by: a stage, and within the waits for a CPU, who occupied it.
public enum Leaf: Hashable, Sendable {
    case stage(Stage)
    case cause(Stage, WaitCause)

    /// The stages that have causes.
    public static let waits: [Stage] = [.queueWait, .taskWorkWait]
}

/// Nanoseconds by leaf, of those stages that occurred.
struct LeafSums: Sendable {
    private var places = StagePlaces()
    /// Causes of either wait, then the stages by their places.
    private var sums: [UInt128] = []

    private static let causes = WaitCause.allCases.count

    var isEmpty: Bool { sums.isEmpty }

    /// In the order in which they occurred.
    var stages: [Stage] { places.stages }

    mutating func add(_ nanoseconds: UInt128, to stage: Stage) {
        let place = 2 * Self.causes + places.place(of: stage)
        if place >= sums.count { sums += repeatElement(0, count: place + 1 - sums.count) }
        sums[place] &+= nanoseconds
    }

    /// - Parameter occupant: `nil` for what nobody is known to have had.
    mutating func add(_ nanoseconds: UInt128, to wait: Stage, _ occupant: CPUOccupant?) {
        if sums.isEmpty { sums = [UInt128](repeating: 0, count: 2 * Self.causes) }
        sums[Self.place(wait, occupant)] &+= nanoseconds
    }

    mutating func add(_ other: LeafSums) {
        guard !other.isEmpty else { return }
        if sums.isEmpty { sums = [UInt128](repeating: 0, count: 2 * Self.causes) }
        for place in 0..<2 * Self.causes { sums[place] &+= other.sums[place] }
        for (place, stage) in other.stages.enumerated() { add(other.sums[2 * Self.causes + place], to: stage) }
    }

    subscript(leaf: Leaf) -> UInt128 {
        guard !isEmpty else { return 0 }
        switch leaf {
        case .stage(let stage): return places.known(stage).map { sums[2 * Self.causes + $0] } ?? 0
        case .cause(let wait, let cause):
            return sums[Self.place(wait, CPUOccupant.allCases.first { WaitCause($0) == cause })]
        }
    }

    private static func place(_ wait: Stage, _ occupant: CPUOccupant?) -> Int {
        (wait == .queueWait ? 0 : causes) + (occupant.map { Int($0.rawValue) } ?? causes - 1)
    }
}

extension LeafSums: Equatable {
    /// Whatever the order in which the stages occurred.
    static func == (left: LeafSums, right: LeafSums) -> Bool {
        left.sums.prefix(2 * causes) == right.sums.prefix(2 * causes) && left.stages.count == right.stages.count
            && left.stages.allSatisfy { right.places.known($0) != nil && left[.stage($0)] == right[.stage($0)] }
    }
}
