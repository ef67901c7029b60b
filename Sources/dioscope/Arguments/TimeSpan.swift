// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Selection

/// A length of time as users write it: `10s`, `500ms`, `2m`, `1h30m`. A number alone could be anything.
struct TimeSpan: ExpressibleByArgument, Equatable {
    let nanoseconds: UInt64

    /// More than any recording has, in nanoseconds.
    private static let century: Int128 = 36_525 * 86_400_000_000_000

    init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// As it is shown for a default value.
    var defaultValueDescription: String {
        let seconds = nanoseconds / 1_000_000_000
        return seconds % 86_400 == 0 ? "\(seconds / 86_400)d" : seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
    }

    init?(argument: String) {
        guard let span = Self(text: argument) else {
            ValueRefusal.note(argument, Self.problem(with: argument))
            return nil
        }
        self = span
    }

    private static func problem(with text: String) -> String {
        guard let number = Double(text), number.isFinite else { return "a time is written like 10s, 500ms or 1h30m" }
        return number > 0 ? "a time has a unit, as in \(text)s or \(text)ms" : "a time is more than 0, as 10s or 500ms"
    }

    private init?(text: String) {
        guard let length = SpelledNumber.duration(text), (1...Self.century).contains(length) else { return nil }
        nanoseconds = UInt64(length)
    }
}

/// A size in bytes as users write it: `64K`, `32M`, `1G`.
struct ByteSize: ExpressibleByArgument, Equatable {
    let bytes: Int

    init(bytes: Int) {
        self.bytes = bytes
    }

    init?(argument: String) {
        let shifts: [Character: Int] = ["K": 10, "M": 20, "G": 30]
        let shift = argument.last.flatMap { shifts[Character($0.uppercased())] }
        guard let number = Int(shift == nil ? argument : String(argument.dropLast())), (1..<1 << 20).contains(number)
        else {
            ValueRefusal.note(argument, "a size is written like 512K, 64M or 1G, and more than 0")
            return nil
        }
        bytes = number << (shift ?? 0)
    }

    /// As it is shown for a default value.
    var defaultValueDescription: String { "\(bytes >> 20)M" }
}
