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
            if let nanoseconds = SpelledNumber.duration(text) { return .number(nanoseconds) }
            let hints: [IOField: String] = [
                .stage(.device): "; the device number is dev", .stage(.interrupt): "; the number is irq_number",
            ]
            let hint = hints[field] ?? ""
            throw Problem(problem: "'\(text)' is no duration: \(field.name) is written like 250us, 1.5ms or 2h\(hint)")
        case .time:
            // Digits alone are the nanoseconds of JSON; a trace's own times are shown in seconds.
            if !text.hasPrefix("+"), let number = nanoseconds(text) {
                return .number(number)
            }
            if let time = SpelledTime(text) { return .time(time) }
            throw Problem(
                problem:
                    "'\(text)' is no time: \(field.name) is written like +1.5s since the recording began, 15:04:05.5,"
                    + " or nanoseconds of CLOCK_MONOTONIC")
        case .bytes:
            if let bytes = SpelledNumber.bytes(text) { return .number(bytes) }
            throw Problem(problem: "'\(text)' is no size: \(field.name) is written like 4096, 4k or 1M")
        case .number:
            if let number = Int128(text) { return .number(number) }
            throw Problem(problem: "'\(text)' is no whole number, which \(field.name) is")
        }
    }

    private static func nanoseconds(_ text: String) -> Int128? {
        Int128(text) ?? SpelledNumber.duration(text) ?? SpelledNumber.duration(text + "s")
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
