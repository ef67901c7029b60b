// SPDX-License-Identifier: GPL-2.0-only

/// What two long commands do not have in common: one word of thirty is hard to find.
enum WordDifference {
    /// `fio a b c` and `fio a x c` become `... b` and `... x`; texts that differ in the order of their words alone, or
    /// have nothing in common, stay whole.
    static func shortened(_ base: String, _ new: String) -> (base: String, new: String) {
        let words = [base, new].map { $0.split(separator: " ").map(String.init) }
        let onlyBase = difference(words[0], words[1])
        let onlyNew = difference(words[1], words[0])
        guard !(onlyBase.isEmpty && onlyNew.isEmpty), onlyBase.count < words[0].count || onlyNew.count < words[1].count
        else { return (base, new) }
        return (elided(onlyBase, of: words[0]), elided(onlyNew, of: words[1]))
    }

    /// Those of `words` that `others` lack, each as often as it is missing there.
    private static func difference(_ words: [String], _ others: [String]) -> [String] {
        var left = Dictionary(others.map { ($0, 1) }, uniquingKeysWith: +)
        return words.filter { word in
            guard let count = left[word], count > 0 else { return true }
            left[word] = count - 1
            return false
        }
    }

    private static func elided(_ found: [String], of words: [String]) -> String {
        if found.isEmpty { return "..." }
        return (found.count < words.count ? "... " : "") + found.joined(separator: " ")
    }
}
