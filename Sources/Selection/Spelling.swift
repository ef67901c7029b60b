// SPDX-License-Identifier: GPL-2.0-only

/// What somebody may have meant who wrote a name that is none.
public enum Spelling {
    /// The name that goes on after the word, or takes the fewest changed, missing, additional or swapped letters: at
    /// most a third of them.
    public static func nearest(to word: String, among names: [String]) -> String? {
        // A long word is no slip of the hand.
        guard word.count <= 40 else { return nil }
        // `rep`: one that was not written to its end.
        let begun = word.count < 2 ? [] : names.filter { $0.hasPrefix(word.lowercased()) }
        if let shortest = begun.min(by: { $0.count < $1.count }) { return shortest }
        let distances = names.map { (name: $0, distance: distance(Array(word.lowercased()), Array($0))) }
        guard let best = distances.min(by: { $0.distance < $1.distance }),
            best.distance <= max(1, best.name.count / 3)
        else { return nil }
        return best.name
    }

    /// `; did you mean latency?`, or nothing.
    public static func hint(for word: String, among names: [String]) -> String {
        nearest(to: word, among: names).map { "; did you mean \($0)?" } ?? ""
    }

    private static func distance(_ a: [Character], _ b: [Character]) -> Int {
        var before: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
                row.append(cost)
            }
            (before, last) = (last, row)
        }
        return last[b.count]
    }
}
