// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// A time of the wall clock as users write it: `15:04:05.25`, of the day that is nearest, or
/// `2026-11-28T15:04:05`, with or without `Z`, ` UTC` or `+01:00`. Without one of these it is local.
public struct WallTime: Equatable, Sendable {
    /// `nil`: the day that is nearest.
    private var date: (year: Int32, month: Int32, day: Int32)?
    /// Since midnight.
    private var nanoseconds: Int64
    /// East of Greenwich, in seconds; `nil`: local time.
    private var offset: Int64?

    public init?(_ text: String) {
        var rest = text[...]
        offset = Self.takeOffset(&rest)
        if let separator = rest.firstIndex(where: { $0 == "T" || $0 == " " }) {
            guard let date = Self.numbers(rest[..<separator], "-", [4, 2, 2]) else { return nil }
            guard (1...12).contains(date[1]), (1...31).contains(date[2]) else { return nil }
            self.date = (Int32(date[0]), Int32(date[1]), Int32(date[2]))
            rest = rest[rest.index(after: separator)...]
        }
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
        for zone in ["Z", " UTC"] where text.hasSuffix(zone) {
            text = text.dropLast(zone.count)
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
        var day = tm()
        guard let date else {
            var seconds = time_t(other / 1_000_000_000 + (offset ?? 0))
            if offset == nil { localtime_r(&seconds, &day) } else { gmtime_r(&seconds, &day) }
            let candidates = [-1, 0, 1].map { onDay(day, later: $0) }
            return candidates.min { abs($0 - other) < abs($1 - other) } ?? nanoseconds
        }
        (day.tm_year, day.tm_mon, day.tm_mday) = (date.year - 1900, date.month - 1, date.day)
        return onDay(day, later: 0)
    }

    /// That time of the day, which is not 24 hours long where clocks are changed.
    private func onDay(_ day: tm, later days: Int32) -> Int64 {
        let second: Int64 = 1_000_000_000
        var time = day
        time.tm_mday += days
        (time.tm_hour, time.tm_min) = (Int32(nanoseconds / (3600 * second)), Int32(nanoseconds / (60 * second) % 60))
        (time.tm_sec, time.tm_isdst) = (Int32(nanoseconds / second % 60), -1)
        let seconds = offset.map { Int64(timegm(&time)) - $0 } ?? Int64(mktime(&time))
        return seconds * second + nanoseconds % second
    }

    public static func == (left: WallTime, right: WallTime) -> Bool {
        left.nanoseconds == right.nanoseconds && left.offset == right.offset && left.date?.year == right.date?.year
            && left.date?.month == right.date?.month && left.date?.day == right.date?.day
    }
}
