// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser

/// A length of time as users write it: `10s`, `500ms`, `2m`, `1h30m`. A number alone could be anything.
struct TimeSpan: ExpressibleByArgument, Equatable {
    let nanoseconds: UInt64

    private static let units: [(suffix: String, nanoseconds: Double)] = [
        ("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9), ("d", 86_400e9),
    ]

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
        var (total, rest): (Double, Substring) = (0, text[...])
        repeat {
            let unit = rest.firstIndex { $0.isLetter } ?? rest.endIndex
            let next = rest[unit...].firstIndex { !$0.isLetter } ?? rest.endIndex
            guard let part = Self.nanoseconds(rest[..<unit], rest[unit..<next]) else { return nil }
            total += part
            rest = rest[next...]
        } while !rest.isEmpty
        // A century is more than any recording has.
        guard total >= 1, total < 3.2e18 else { return nil }
        nanoseconds = UInt64(total)
    }

    private static func nanoseconds(_ number: Substring, _ suffix: Substring) -> Double? {
        guard let unit = units.first(where: { $0.suffix == suffix }), number.first?.isNumber ?? false,
            let value = Double(number), value < 1e9
        else { return nil }
        return value * unit.nanoseconds
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
