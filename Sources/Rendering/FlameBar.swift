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

    /// Round ticks from 0 to at most `whole` nanoseconds, with the unit at the last one. Ticks are nine columns apart
    /// or, on a short axis, as near as it takes to have one beside 0.
    func axis(whole: Double) -> String {
        guard whole > 0 else { return TextLine.padded("0", to: width) }
        for distance in [9.0, 7, 5] {
            let labels = labels(whole: whole, step: RoundStep.atLeast(whole * distance / Double(width)))
            if labels.count > 1 || distance == 5 {
                let axis = labels.reduce("") { TextLine.padded($0, to: $1.column) + $1.text }
                return TextLine.padded(axis, to: width)
            }
        }
        return ""
    }

    /// What fits; the unit is at the last one only, since in the middle it would read as that of one tick.
    private func labels(whole: Double, step: Double) -> [(column: Int, text: String)] {
        let (unit, name) = Self.unit(of: step)
        var labels: [(column: Int, text: String)] = []
        var tick = 0.0
        while tick <= whole {
            labels.append((Int(tick / whole * Double(width)), Quantity.fixed(tick / unit, 0)))
            tick += step
        }
        while labels.count > 1, let last = labels.last, last.column + last.text.count + name.count > width {
            labels.removeLast()
        }
        labels[labels.count - 1].text += name
        return labels
    }

    private static func unit(of step: Double) -> (nanoseconds: Double, name: String) {
        for unit in [(1e9, "s"), (1e6, "ms"), (1e3, "us")] where step >= unit.0 { return unit }
        return (1, "ns")
    }
}
