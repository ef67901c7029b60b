// SPDX-License-Identifier: GPL-2.0-only

/// How many columns of a terminal text takes, by UAX #11 (East Asian Width): what wcwidth(3) says where the locale is UTF-8.
extension StringProtocol {
    var columns: Int {
        let bytes = utf8
        return bytes.allSatisfy { $0 < 0x80 } ? bytes.count : reduce(0) { $0 + $1.columns }
    }

    /// The most of its beginning that fits.
    func prefix(columns: Int) -> SubSequence {
        var left = columns
        return prefix {
            left -= $0.columns
            return left >= 0
        }
    }

    /// The most of its end that fits.
    func suffix(columns: Int) -> SubSequence {
        var (left, start) = (columns, endIndex)
        while start > startIndex, case let before = index(before: start), left >= self[before].columns {
            left -= self[before].columns
            start = before
        }
        return self[start...]
    }
}

extension Character {
    /// Marks are part of the character that they are on.
    fileprivate var columns: Int {
        guard let scalar = unicodeScalars.first, !scalar.isASCII else { return 1 }
        let isWide =
            scalar.properties.isEmojiPresentation || Self.wide.contains { $0.contains(scalar.value) }
        return isWide ? 2 : 1
    }

    /// `W` and `F` of EastAsianWidth.txt, blocks that have hardly anything else.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115f, 0x2329...0x232a, 0x2e80...0x303e, 0x3041...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3,
        0xf900...0xfaff, 0xfe10...0xfe19, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x16fe0...0x18dff,
        0x1aff0...0x1b2ff, 0x1f200...0x1f265, 0x20000...0x3fffd,
    ]
}
