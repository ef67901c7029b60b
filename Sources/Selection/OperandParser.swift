// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Reads the value that a field is compared with, as its kind is written.
enum OperandParser {
    struct Problem: Error {
        let problem: String
    }

    static func operand(_ text: String, for field: IOField) throws(Problem) -> Condition.Operand {
        switch field.kind {
        case .text: return .text(text)
        case .choice(let choices):
            guard choices.contains(text) else {
                throw Problem(problem: "'\(text)' is no \(field.name): \(choices.joined(separator: ", "))")
            }
            return .text(text)
        case .device: return device(text)
        case .duration:
            if let nanoseconds = duration(text) { return .number(nanoseconds) }
            let hints: [IOField: String] = [
                .stage(.device): "; the device number is dev", .stage(.interrupt): "; the number is irq_number",
            ]
            let hint = hints[field] ?? ""
            throw Problem(problem: "'\(text)' is no duration: \(field.name) is written like 250us, 1.5ms or 2h\(hint)")
        case .time:
            // Digits alone are the nanoseconds of JSON; a trace's own times are shown in seconds.
            if !text.hasPrefix("+"), let number = Int128(text) ?? duration(text) ?? duration(text + "s") {
                return .number(number)
            }
            if let moment = Moment(text) { return .moment(moment) }
            throw Problem(
                problem:
                    "'\(text)' is no time: \(field.name) is written like +1.5s since the recording began, 15:04:05.5,"
                    + " or nanoseconds of CLOCK_MONOTONIC")
        case .bytes:
            if let bytes = scaled(text, units: sizes) { return .number(bytes) }
            throw Problem(problem: "'\(text)' is no size: \(field.name) is written like 4096, 4k or 1M")
        case .number:
            if let number = Int128(text) { return .number(number) }
            throw Problem(problem: "'\(text)' is no whole number, which \(field.name) is")
        }
    }

    private static let durations: [(suffix: String, factor: Int128)] = [
        ("ns", 1), ("us", 1000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
        ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
    ]
    private static let sizes: [(suffix: String, factor: Int128)] = [
        ("k", 1 << 10), ("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30), ("", 1),
    ]

    /// `250us`, or several: `1h30m`.
    static func duration(_ text: String) -> Int128? {
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

    /// Digits, maybe with a decimal point, and a unit; 0 needs none. Below one of the smallest unit it is cut off.
    private static func scaled(_ text: String, units: [(suffix: String, factor: Int128)]) -> Int128? {
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

    /// `259:1`, or else a name.
    private static func device(_ text: String) -> Condition.Operand {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let major = UInt32(parts[0]), let minor = UInt32(parts[1]), major < 1 << 12,
            minor < 1 << 20
        else { return .deviceName(text) }
        return .number(Int128(DeviceNumber(major: major, minor: minor).kernelNumber))
    }
}
