// SPDX-License-Identifier: GPL-2.0-only

/// Numbers with a unit, as users write them in options and expressions.
public enum SpelledNumber {
    private typealias Unit = (suffix: String, factor: Int128)

    private static let durations: [Unit] = [
        ("ns", 1), ("us", 1000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
        ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
    ]
    private static let sizes: [Unit] = [("k", 1 << 10), ("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30), ("", 1)]

    /// `250us`, `1.5ms`, or several: `1h30m`. 0 needs no unit.
    /// - Returns: Nanoseconds, cut off; `nil` when it is no length of time.
    public static func duration(_ text: String) -> Int128? {
        var (sum, rest): (Int128, Substring) = (0, text[...])
        repeat {
            let unit = rest.firstIndex(where: \.isLetter) ?? rest.endIndex
            let end = rest[unit...].firstIndex { !$0.isLetter } ?? rest.endIndex
            guard let part = scaled(String(rest[..<end]), units: durations) else { return nil }
            sum += part
            rest = rest[end...]
        } while !rest.isEmpty
        return sum
    }

    /// `4096`, `4k`, `1M`.
    static func bytes(_ text: String) -> Int128? { scaled(text, units: sizes) }

    /// Digits, maybe with a decimal point, and a unit; 0 needs none. Below one of the smallest unit it is cut off.
    private static func scaled(_ text: String, units: [Unit]) -> Int128? {
        if text == "0" { return 0 }
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
        let halves = text.dropLast(unit.suffix.count).split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(halves.count), let whole = digits(halves[0]) else { return nil }
        guard halves.count == 2 else { return whole * unit.factor }
        guard let part = digits(halves[1]) else { return nil }
        var scale: Int128 = 1
        for _ in halves[1] { scale *= 10 }
        return whole * unit.factor + part * unit.factor / scale
    }

    /// At most 18: that fits any product here.
    private static func digits(_ text: Substring) -> Int128? {
        guard (1...18).contains(text.count), text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return Int128(text)
    }
}
