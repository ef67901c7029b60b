// SPDX-License-Identifier: GPL-2.0-only

extension SweepPlan {
    /// All runs in the order in which they are to be made: repeat by repeat, the cells of each in random order.
    ///
    /// Cells that differ in toggles alone, and a traced run and its control, follow each other directly: what a machine
    /// does over the hours then hits both alike.
    public var runs: [PlannedRun] {
        var random = SeededOrder(seed: seed)
        let kinds = hasControls ? [true, false] : [true]
        let groups = neighbours
        return (0..<repeats).flatMap { repetition in
            random.shuffled(groups).flatMap { cells in
                let runs = cells.flatMap { cell in
                    kinds.map { PlannedRun(cell: cell, repetition: repetition, isTraced: $0) }
                }
                return random.shuffled(runs)
            }
        }
    }

    /// Cells by what they share but for the toggles, in the order of the table.
    private var neighbours: [[Cell]] {
        var order: [Cell] = []
        var groups: [Cell: [Cell]] = [:]
        for cell in cells {
            var key = cell
            key.settings = []
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append(cell)
        }
        return order.compactMap { groups[$0] }
    }
}

/// SplitMix64 and a shuffle of our own: a sweep that is resumed years later must find the same order.
struct SeededOrder {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Fisher and Yates; the bias of the remainder is below 2^-40 for what is shuffled here.
    mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var elements = elements
        for last in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(last, Int(next() % UInt64(last + 1)))
        }
        return elements
    }
}
