// SPDX-License-Identifier: GPL-2.0-only

/// Tallies of consecutive stretches of time of one length, gaps included, on a grid that is fixed in time.
///
/// Its memory is bounded: a recording of more than `limit` blocks, or one whose times leap, makes the blocks twice as
/// long until they fit.
struct BlockGrid {
    /// Nanoseconds of a block now.
    private(set) var length: UInt64
    private(set) var tallies: [Tally] = []
    /// Number of the first block, counted from time 0.
    private(set) var first: UInt64 = 0

    static let limit = 2048
    /// A millisecond; so the number of a block, and of blocks, does not overflow.
    static let shortest: UInt64 = 1_000_000

    init(length: UInt64) {
        self.length = max(Self.shortest, length)
    }

    /// Position of the block of a time; makes room for it.
    mutating func position(of nanoseconds: UInt64) -> Int {
        if tallies.isEmpty {
            first = nanoseconds / length
            tallies.append(Tally())
            return 0
        }
        while span(with: nanoseconds / length) > Self.limit { coarsen() }
        let block = nanoseconds / length
        if block < first {
            tallies.insert(contentsOf: repeatElement(Tally(), count: Int(first - block)), at: 0)
            first = block
        }
        let position = Int(block - first)
        while tallies.count <= position { tallies.append(Tally()) }
        return position
    }

    /// Twice as long, and so on, as long as they are shorter than `longest` and enough of them are left.
    mutating func coarsen(upTo longest: UInt64, leaving needed: Int) {
        while length < longest, blocksOfTwo >= needed { coarsen() }
    }

    /// How many there would be were they twice as long.
    private var blocksOfTwo: Int {
        tallies.isEmpty ? 0 : Int((first + UInt64(tallies.count - 1)) / 2 - first / 2) + 1
    }

    mutating func withTally(at position: Int, _ body: (inout Tally) -> Void) { body(&tallies[position]) }

    /// Blocks from the first to the last, were `block` one of them.
    private func span(with block: UInt64) -> UInt64 {
        let last = first + UInt64(tallies.count - 1)
        return max(last, block) - min(first, block) + 1
    }

    /// A length beyond 2^63 has all times in two blocks, which fit.
    private mutating func coarsen() {
        var merged: [Tally] = []
        for (index, tally) in tallies.enumerated() {
            if index > 0, (first + UInt64(index)) % 2 == 1 {
                merged[merged.count - 1].add(tally)
            } else {
                merged.append(tally)
            }
        }
        first /= 2
        length *= 2
        tallies = merged
    }
}
