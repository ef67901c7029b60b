// SPDX-License-Identifier: GPL-2.0-only

/// Numbers as people read them, the same everywhere.
public enum Quantity {
    /// Three significant figures: `0ns`, `999ns`, `1.04ms`, `12.3us`, `180us`, `5400s`.
    package static func duration(_ nanoseconds: Double) -> String {
        var value = nanoseconds
        for unit in ["ns", "us", "ms"] {
            // Rounding to three figures must not make 1000 of a unit.
            if value < 999.5 { return figures(value, wholeOnly: unit == "ns") + unit }
            value /= 1000
        }
        return figures(value, wholeOnly: false) + "s"
    }

    package static func duration(_ nanoseconds: UInt64) -> String { duration(Double(nanoseconds)) }

    /// `500ms`, `62.5ms`: as short as it can be written exactly, to a tenth.
    package static func milliseconds(_ nanoseconds: UInt64) -> String {
        fixed(Double(nanoseconds) / 1e6, nanoseconds % 1_000_000 == 0 ? 0 : 1) + "ms"
    }

    private static func figures(_ value: Double, wholeOnly: Bool) -> String {
        if wholeOnly || value >= 99.95 { return fixed(value, 0) }
        return fixed(value, value >= 9.995 ? 1 : 2)
    }

    /// `54.9%`, `0%`; what is there and rounds to nothing is `<0.1%`, what is not quite all stays below `100.0%`.
    public static func percent(_ share: Double) -> String {
        let percent = share * 100
        if percent == 0 { return "0%" }
        if percent > 0, percent < 0.05 { return "<0.1%" }
        if percent < 100, percent >= 99.95 { return ">99.9%" }
        return fixed(percent, 1) + "%"
    }

    /// `54%`, with the same care at both ends.
    package static func wholePercent(_ share: Double) -> String {
        let percent = share * 100
        if percent > 0, percent < 0.5 { return "<1%" }
        if percent < 100, percent >= 99.5 { return ">99%" }
        return fixed(percent, 0) + "%"
    }

    /// `98,412`
    package static func count(_ count: UInt64) -> String {
        var digits = ""
        for (index, digit) in String(count).reversed().enumerated() {
            if index > 0, index % 3 == 0 { digits.append(",") }
            digits.append(digit)
        }
        return String(digits.reversed())
    }

    /// `1 I/O`, `98,412 I/Os`
    public static func ios(_ count: UInt64) -> String { self.count(count) + (count == 1 ? " I/O" : " I/Os") }

    /// `512`, `4k`, `1M`: only what is exact gets a letter.
    package static func bytes(_ bytes: UInt64) -> String {
        // By index: from a loop over pairs the compiler makes different code from build to build.
        let power = bytes == 0 ? 0 : min(bytes.trailingZeroBitCount / 10, byteLetters.count - 1)
        return "\(bytes >> (10 * power))\(byteLetters[power])"
    }

    private static let byteLetters = ["", "k", "M", "G"]

    /// `4.80 MB/s`, `1.20 GB/s`: as fio's, of 10^6 and 10^9 bytes.
    package static func bytesPerSecond(_ rate: Double) -> String {
        rate < 999.5e6
            ? figures(rate / 1e6, wholeOnly: false) + " MB/s" : figures(rate / 1e9, wholeOnly: false) + " GB/s"
    }

    /// With so many decimals, halves away from zero.
    public static func fixed(_ value: Double, _ decimals: Int) -> String {
        let scale = decimals == 0 ? 1.0 : decimals == 1 ? 10.0 : 100.0
        let scaled = (value * scale).rounded()
        guard scaled < 9e18 else { return "\(value)" }
        let whole = UInt64(scaled) / UInt64(scale)
        guard decimals > 0 else { return "\(whole)" }
        let part = String(UInt64(scaled) % UInt64(scale))
        return "\(whole)." + String(repeating: "0", count: decimals - part.count) + part
    }
}
