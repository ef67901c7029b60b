// SPDX-License-Identifier: GPL-2.0-only

import Host

/// A time as lists show it: `+3.214567`, seconds since the recording began, or `15:04:05.123456Z`. What is shown is cut
/// off, so that a time equals all that are shown like it.
struct SpelledTime: Equatable, Sendable {
    private let bound: Bound
    /// Nanoseconds of the last digit.
    private let resolution: Int128

    private enum Bound: Equatable {
        /// Nanoseconds.
        case sinceStart(Int128)
        case wall(WallTime)
    }

    init?(_ text: String) {
        if let wall = WallTime(text) {
            bound = .wall(wall)
            resolution = Self.resolution(of: text)
            return
        }
        guard let sign = text.first, sign == "+" || sign == "-" else { return nil }
        let digits = text.dropFirst()
        let hasUnit = digits.contains(where: \.isLetter)
        guard let since = SpelledNumber.duration(String(digits) + (hasUnit ? "" : "s")) else { return nil }
        bound = .sinceStart(sign == "-" ? -since : since)
        let isOfSeconds = !hasUnit || digits.hasSuffix("s") && digits.dropLast().last?.isLetter != true
        resolution = isOfSeconds ? Self.resolution(of: text) : 1
    }

    /// Of seconds.
    private static func resolution(of text: String) -> Int128 {
        guard let point = text.lastIndex(of: ".") else { return 1_000_000_000 }
        let digits = text[text.index(after: point)...].prefix(while: \.isNumber).count
        return (0..<max(0, 9 - digits)).reduce(1) { scale, _ in scale * 10 }
    }

    /// - Parameter time: CLOCK_MONOTONIC.
    func `is`(_ relation: Condition.Relation, of time: Int128, _ start: RecordedNames.Start) -> Bool {
        let since = time - Int128(start.monotonic)
        let right: Int128 =
            switch bound {
            case .sinceStart(let nanoseconds): nanoseconds
            case .wall(let wall): Int128(wall.nanoseconds(near: start.wall)) - Int128(start.wall)
            }
        switch relation {
        case .equal: return since >= right && since < right + resolution
        case .unequal: return since < right || since >= right + resolution
        default: return relation.holds(since, right)
        }
    }
}
