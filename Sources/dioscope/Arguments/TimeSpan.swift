// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser

/// A length of time as users write it: `10`, `10s`, `500ms`, `2m`, `1h30m`.
struct TimeSpan: ExpressibleByArgument, Equatable {
    let nanoseconds: UInt64

    private static let units: [(suffix: String, nanoseconds: Double)] = [
        ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9), ("d", 86_400e9), ("", 1e9),
    ]

    init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// As it is shown for a default value.
    var defaultValueDescription: String {
        let seconds = nanoseconds / 1_000_000_000
        return seconds % 86_400 == 0 ? "\(seconds / 86_400)d" : seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
    }

    init?(argument: String) {
        var (total, rest): (UInt64, Substring) = (0, argument[...])
        // All but the last part end with a unit.
        while let end = rest.firstIndex(where: { $0.isLetter && $0 != "e" }) {
            let next = rest[end...].firstIndex { !$0.isLetter } ?? rest.endIndex
            guard let part = Self.nanoseconds(String(rest[..<next])) else { return nil }
            total += part
            rest = rest[next...]
        }
        if !rest.isEmpty {
            guard total == 0, let part = Self.nanoseconds(String(rest)) else { return nil }
            total = part
        }
        guard total > 0 else { return nil }
        nanoseconds = total
    }

    private static func nanoseconds(_ argument: String) -> UInt64? {
        for unit in Self.units where argument.hasSuffix(unit.suffix) {
            guard let number = Double(argument.dropLast(unit.suffix.count)), number > 0, number < 1e6 else {
                return nil
            }
            return UInt64(number * unit.nanoseconds)
        }
        return nil
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
        else { return nil }
        bytes = number << (shift ?? 0)
    }

    /// As it is shown for a default value.
    var defaultValueDescription: String { "\(bytes >> 20)M" }
}
