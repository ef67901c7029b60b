// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser

/// What follows `--over-time`: an interval, or the file of the report.
enum IntervalWish: ExpressibleByArgument, Equatable, CustomStringConvertible {
    /// Nanoseconds.
    case interval(UInt64)
    /// No interval: the next word.
    case fitting(file: String?)

    init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        if let span = TimeSpan(argument: argument) {
            self = .interval(span.nanoseconds)
        } else {
            self = .fitting(file: argument)
        }
    }

    var description: String {
        switch self {
        case .interval(let nanoseconds): "\(nanoseconds)ns"
        case .fitting: "what fits"
        }
    }
}
