// SPDX-License-Identifier: GPL-2.0-only

/// A time of day as text, in UTC: a capture is read elsewhere than it was made.
package struct WallClock {
    /// Since 1970.
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    private static let day: Int64 = 86_400

    private var seconds: Int64 { floor(nanoseconds, 1_000_000_000) }

    /// `2026-01-31 23:59:59 UTC`
    package var dateAndTime: String { "\(date) \(time) UTC" }

    /// `23:59:59.123456Z`
    var preciseTime: String {
        let microseconds = String((nanoseconds - seconds * 1_000_000_000) / 1000)
        return time + "." + String(repeating: "0", count: 6 - microseconds.count) + microseconds + "Z"
    }

    /// `23:59:59`
    package var time: String {
        let second = seconds - floor(seconds, Self.day) * Self.day
        return [second / 3600, second / 60 % 60, second % 60].map(Self.twoDigits).joined(separator: ":")
    }

    /// Days into a date of the Gregorian calendar, by eras of 400 years that begin in March: a leap day ends its year.
    private var date: String {
        let days = floor(seconds, Self.day) + 719_468
        let era = floor(days, 146_097)
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let civilMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
        return "\(year)-\(Self.twoDigits(civilMonth))-\(Self.twoDigits(day))"
    }

    private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private func floor(_ number: Int64, _ divisor: Int64) -> Int64 {
        number >= 0 ? number / divisor : -((divisor - 1 - number) / divisor)
    }
}
