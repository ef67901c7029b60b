// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// A time of the wall clock as users write it: `15:04:05.25`, of the day that is nearest, or
/// `2026-11-28T15:04:05`, both with or without `Z` or `+01:00`. Without one of these it is local.
public struct WallTime: Equatable, Sendable {
    /// `nil`: the day that is nearest.
    private var date: (year: Int32, month: Int32, day: Int32)?
    /// Since midnight.
    private var nanoseconds: Int64
    /// East of Greenwich, in seconds; `nil`: local time.
    private var offset: Int64?

    public init?(_ text: String) {
        var rest = text[...]
        if let separator = rest.firstIndex(where: { $0 == "T" || $0 == " " }) {
            guard let date = Self.numbers(rest[..<separator], "-", [4, 2, 2]) else { return nil }
            guard (1...12).contains(date[1]), (1...31).contains(date[2]) else { return nil }
            self.date = (Int32(date[0]), Int32(date[1]), Int32(date[2]))
            rest = rest[rest.index(after: separator)...]
        }
        offset = Self.takeOffset(&rest)
        let parts = rest.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let words = parts[0].split(separator: ":", omittingEmptySubsequences: false)
        guard let time = Self.numbers(parts[0], ":", words.map { _ in 2 }), (2...3).contains(time.count),
            time[0] < 24, time[1] < 60, (time.count == 2 ? 0 : time[2]) <= 60
        else { return nil }
        nanoseconds = ((time[0] * 60 + time[1]) * 60 + (time.count == 3 ? time[2] : 0)) * 1_000_000_000
        guard parts.count == 2 else { return }
        guard time.count == 3, (1...9).contains(parts[1].count), parts[1].allSatisfy({ $0.isASCII && $0.isNumber }),
            let part = Int64(parts[1] + String(repeating: "0", count: 9 - parts[1].count))
        else { return nil }
        nanoseconds += part
    }

    private static func numbers(_ text: Substring, _ separator: Character, _ lengths: [Int]) -> [Int64]? {
        let words = text.split(separator: separator, omittingEmptySubsequences: false)
        guard words.count == lengths.count else { return nil }
        let numbers = zip(words, lengths).compactMap { word, length in
            word.count == length && word.allSatisfy({ $0.isASCII && $0.isNumber }) ? Int64(word) : nil
        }
        return numbers.count == lengths.count ? numbers : nil
    }

    private static func takeOffset(_ text: inout Substring) -> Int64? {
        if text.last == "Z" {
            text = text.dropLast()
            return 0
        }
        guard text.count > 6 else { return nil }
        let tail = text.suffix(6)
        guard tail.first == "+" || tail.first == "-", let parts = numbers(tail.dropFirst(), ":", [2, 2]) else {
            return nil
        }
        text = text.dropLast(6)
        return (parts[0] * 60 + parts[1]) * 60 * (tail.first == "-" ? -1 : 1)
    }

    /// Nanoseconds since 1970.
    /// - Parameter other: a time near to which it is, when no day was given.
    public func nanoseconds(near other: Int64) -> Int64 {
        guard let date else {
            let candidates = [-1, 0, 1].map { self.midnight(of: other, days: $0) + nanoseconds }
            return candidates.min { abs($0 - other) < abs($1 - other) } ?? nanoseconds
        }
        var day = tm()
        (day.tm_year, day.tm_mon, day.tm_mday, day.tm_isdst) = (date.year - 1900, date.month - 1, date.day, -1)
        let midnight = offset.map { Int64(timegm(&day)) - $0 } ?? Int64(mktime(&day))
        return midnight * 1_000_000_000 + nanoseconds
    }

    private func midnight(of wall: Int64, days: Int32) -> Int64 {
        if let offset {
            let there = wall / 1_000_000_000 + offset
            return (there - there % 86_400 + Int64(days) * 86_400 - offset) * 1_000_000_000
        }
        var (seconds, day) = (time_t(wall / 1_000_000_000), tm())
        localtime_r(&seconds, &day)
        (day.tm_sec, day.tm_min, day.tm_hour, day.tm_isdst) = (0, 0, 0, -1)
        day.tm_mday += days
        return Int64(mktime(&day)) * 1_000_000_000
    }

    public static func == (left: WallTime, right: WallTime) -> Bool {
        left.nanoseconds == right.nanoseconds && left.offset == right.offset && left.date?.year == right.date?.year
            && left.date?.month == right.date?.month && left.date?.day == right.date?.day
    }
}
