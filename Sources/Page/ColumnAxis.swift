// SPDX-License-Identifier: GPL-2.0-only

/// Columns of equal length along the time at which I/Os were done: at most `most` of them, twice as long whenever there would
/// be more. Columns begin at multiples of their length, so that those of several axes can be added together.
struct ColumnAxis: Sendable {
    /// A power of two.
    static let most = 256
    private static let finest: UInt64 = 125_000
    /// Nothing was recorded then.
    private static let farthest: UInt64 = 1 << 62

    /// Nanoseconds of a column.
    private(set) var width = finest
    /// Numbers of the first column and the last: time divided by `width`.
    private(set) var first: UInt64 = 0
    private(set) var last: UInt64 = 0
    private(set) var isEmpty = true
    /// When the column begins that was last moved to, and where it is kept.
    private(set) var start: UInt64 = 0
    private(set) var slot = 0

    /// Where a column is kept: as there are never more than `most` side by side, no two of them are in one place.
    static func slot(of column: UInt64) -> Int { Int(truncatingIfNeeded: column) & (most - 1) }

    @inline(__always)
    func isHere(_ time: UInt64) -> Bool { !isEmpty && time &- start < width }

    /// Goes to the column of a time, nanoseconds of CLOCK_MONOTONIC.
    /// - Parameter halve: makes one of every two columns in all tables; called before the axis does.
    /// - Returns: `false` when there is no such column.
    mutating func move(to time: UInt64, halve: (ColumnAxis) -> Void) -> Bool {
        guard time < Self.farthest else { return false }
        while !isEmpty, max(last, time / width) - min(first, time / width) >= UInt64(Self.most) { coarsen(halve) }
        let column = time / width
        first = isEmpty ? column : min(first, column)
        last = isEmpty ? column : max(last, column)
        isEmpty = false
        start = column * width
        slot = Self.slot(of: column)
        return true
    }

    mutating func coarsen(_ halve: (ColumnAxis) -> Void) {
        halve(self)
        width *= 2
        first /= 2
        last /= 2
        start = start / width * width
        slot = Self.slot(of: start / width)
    }
}

/// Numbers by row and column, `depth` of them each.
struct ColumnTable<Number: FixedWidthInteger & Sendable>: Sendable {
    let depth: Int
    private var numbers: [Number] = []

    init(depth: Int) {
        self.depth = depth
    }

    private var rowLength: Int { ColumnAxis.most * depth }
    var rows: Int { numbers.count / rowLength }

    mutating func addRow() { numbers.append(contentsOf: repeatElement(0, count: rowLength)) }

    @inline(__always)
    private func place(_ row: Int, _ slot: Int) -> Int { (row &* ColumnAxis.most &+ slot) &* depth }

    @inline(__always)
    mutating func add(_ number: Number, row: Int, slot: Int, at index: Int = 0) {
        numbers[place(row, slot) &+ index] &+= number
    }

    func column(_ number: UInt64, row: Int) -> ArraySlice<Number> {
        let place = place(row, ColumnAxis.slot(of: number))
        return numbers[place..<place + depth]
    }

    /// Makes one of every two columns of an axis that is about to be twice as coarse.
    mutating func halve(_ axis: ColumnAxis) {
        guard !axis.isEmpty else { return }
        for row in 0..<rows {
            let old = Array(numbers[row * rowLength..<(row + 1) * rowLength])
            for place in row * rowLength..<(row + 1) * rowLength { numbers[place] = 0 }
            for column in axis.first...axis.last {
                let from = ColumnAxis.slot(of: column) * depth
                let to = place(row, ColumnAxis.slot(of: column / 2))
                for index in 0..<depth { numbers[to + index] &+= old[from + index] }
            }
        }
    }
}
