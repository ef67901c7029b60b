// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Report

/// What makes a service write a capture: a rule as of `compare --fail-if`, of an amount and not of a change, and for how
/// long it has to hold: `p99 > 5ms for 10s`, `queue_wait > 200us`, `iops < 1000 for 1m`.
public struct TriggerRule: Equatable, Sendable {
    /// As the user wrote it.
    public let text: String
    /// Nanoseconds; 0: an interval is enough.
    public let time: UInt64
    private let rule: FailRule

    /// - Parameter time: reads a length of time as the user writes it, in nanoseconds.
    public init?(_ text: String, time: (String) -> UInt64?) {
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        let place = words.firstIndex(of: "for")
        guard let rule = FailRule(words[..<(place ?? words.endIndex)].joined(separator: " ")), rule.isOfAmount else {
            return nil
        }
        if let place {
            guard let nanoseconds = time(words[(place + 1)...].joined()) else { return nil }
            self.time = nanoseconds
        } else {
            self.time = 0
        }
        (self.text, self.rule) = (words.joined(separator: " "), rule)
    }

    /// Percentiles that a report has to be asked for.
    public var percentiles: [Double] {
        if case .percentile(let percentile) = rule.metric { [percentile.percent] } else { [] }
    }

    /// Whether it is so in an interval; `nil` when there was no I/O to tell.
    public func holds(in report: Report, seconds: Double) -> Bool? {
        value(in: report, seconds: seconds).map(rule.isBeyond)
    }

    private func value(in report: Report, seconds: Double) -> Double? {
        switch rule.metric {
        case .iops: return Double(report.latency?.ios ?? 0) / seconds
        case .mean: return report.latency?.mean
        case .percentile(let percentile):
            guard let place = report.percentiles.firstIndex(of: percentile.percent) else { return nil }
            return report.latency.map { Double($0.chosen[place]) }
        case .leaf(.stage(let stage)):
            // Over all finished I/Os, as in a comparison.
            guard let finished = report.latency?.ios else { return nil }
            let durations = report.stages.first { $0.stage == stage }?.durations
            return Double(durations?.total ?? 0) / Double(finished)
        case .leaf, .context, .reason: return nil
        }
    }
}
