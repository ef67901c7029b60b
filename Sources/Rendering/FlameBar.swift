// SPDX-License-Identifier: GPL-2.0-only

/// Bars that lie end to end along an axis of time, and the axis.
struct FlameBar {
    /// Columns between the two edges.
    let width: Int
    let characters: TextStyle.Characters

    /// The bar of a part of the whole.
    /// - Parameters:
    ///   - start: where it begins, 0...1 of the axis.
    ///   - length: how much of the axis it takes. Whatever is there gets at least one column.
    func bar(start: Double, length: Double) -> String {
        guard length > 0 else { return String(repeating: " ", count: width) }
        // Both ends are rounded from the same sums, so that neighbours meet.
        let end = min(column(start + length), width)
        var first = min(column(start), width)
        let isThin = end <= first
        if isThin { first = min(first, width - 1) }
        let mark = characters == .ascii ? "#" : isThin ? "\u{258f}" : "\u{2588}"
        let count = isThin ? 1 : end - first
        let blanks = String(repeating: " ", count: first)
        return TextLine.padded(blanks + String(repeating: mark, count: count), to: width)
    }

    private func column(_ fraction: Double) -> Int {
        Int((min(max(fraction, 0), 1) * Double(width)).rounded())
    }

    var edge: String { characters == .ascii ? "|" : "\u{2502}" }

    /// Round ticks from 0 to at most `whole` nanoseconds, with the unit at the last one that has room for it.
    func axis(whole: Double) -> String {
        guard whole > 0 else { return TextLine.padded("0", to: width) }
        let step = Self.step(atLeast: whole * 9 / Double(width))
        let (unit, name) = Self.unit(of: step)
        var ticks: [(column: Int, label: String)] = []
        var tick = 0.0
        while tick <= whole {
            let label = Quantity.fixed(tick / unit, 0)
            let column = Int(tick / whole * Double(width))
            guard column + label.count <= width else { break }
            ticks.append((column, label))
            tick += step
        }
        if let named = ticks.lastIndex(where: { $0.column + $0.label.count + name.count <= width }) {
            // A unit in the middle would read as that of one tick only.
            if named == ticks.count - 1 || named == ticks.count - 2 {
                ticks.removeSubrange((named + 1)...)
                ticks[named].label += name
            }
        }
        var axis = ""
        for tick in ticks { axis = TextLine.padded(axis, to: tick.column) + tick.label }
        return TextLine.padded(axis, to: width)
    }

    /// The smallest of 1, 2, 5, 10, 20, ... nanoseconds that is large enough.
    private static func step(atLeast smallest: Double) -> Double {
        var decade = 1.0
        while true {
            for step in [decade, 2 * decade, 5 * decade] where step >= smallest { return step }
            decade *= 10
        }
    }

    private static func unit(of step: Double) -> (nanoseconds: Double, name: String) {
        for unit in [(1e9, "s"), (1e6, "ms"), (1e3, "us")] where step >= unit.0 { return unit }
        return (1, "ns")
    }
}
