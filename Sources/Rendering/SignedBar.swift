// SPDX-License-Identifier: GPL-2.0-only

/// Bars to the left of a middle for what shrank, to the right for what grew.
struct SignedBar {
    /// Columns on each side of the middle.
    let half: Int
    /// The change that fills one side.
    let largest: Double

    func bar(_ change: Double) -> String {
        guard largest > 0, change != 0 else { return pad(left: "", right: "") }
        let part = min(abs(change) / largest, 1)
        let count = max(1, Int((part * Double(half)).rounded()))
        return change < 0
            ? pad(left: String(repeating: "-", count: count), right: "")
            : pad(left: "", right: String(repeating: "+", count: count))
    }

    private func pad(left: String, right: String) -> String {
        TextLine.rightAligned(left, to: half) + "|" + TextLine.padded(right, to: half)
    }
}
