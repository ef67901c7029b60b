// SPDX-License-Identifier: GPL-2.0-only

import Attribution

/// A change that makes `compare` fail: `p99 > +5%`, `iops < -3%`, `queue_wait > +20us`.
public struct FailRule: Equatable, Sendable {
    /// As the user wrote it.
    public let text: String
    public let metric: Metric
    private let direction: Direction
    private let threshold: Threshold

    private enum Direction: Character {
        case above = ">"
        case below = "<"
    }

    private enum Threshold: Equatable {
        /// A part of the base.
        case relative(Double)
        /// In the metric's unit: nanoseconds, or I/Os per second.
        case absolute(Double)
    }

    public enum Outcome: Equatable, Sendable {
        case holds
        /// The change is as the rule says.
        case broken(Difference)
        /// The change is as the rule says, and may be chance.
        case undecided(Difference)
        /// The change is as the rule says; how far it may be off is not known: too few I/Os, blocks or runs.
        case unbounded(Difference)
        /// There is no change to judge.
        case unknown(Lack)
    }

    /// What there is no number of.
    public enum Lack: Equatable, Sendable {
        case neitherSide, noBase, noNew
        /// A part of nothing is no number.
        case zeroBase
    }

    private static let units: [(suffix: String, factor: Double)] = [
        ("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("", 1),
    ]

    /// The names that a rule can begin with, besides other percentiles and composed stages.
    public static let metrics = Metric.headline + Stage.atomic.map { Metric.leaf(.stage($0)) }

    private static func metric(_ name: String) -> Metric? {
        metrics.first { $0.name == name } ?? Percentile(name: name).map(Metric.percentile)
            ?? Stage(name: name).map { .leaf(.stage($0)) }
    }

    /// `nil` when `text` is no rule.
    public init?(_ text: String) {
        self.text = text
        let words = text.filter { !$0.isWhitespace }
        guard let sign = words.firstIndex(where: { Direction(rawValue: $0) != nil }),
            let direction = Direction(rawValue: words[sign]),
            let metric = Self.metric(String(words[..<sign])),
            let threshold = Self.threshold(words[words.index(after: sign)...], of: metric)
        else { return nil }
        self.metric = metric
        self.direction = direction
        self.threshold = threshold
    }

    private static func threshold(_ word: Substring, of metric: Metric) -> Threshold? {
        if word.hasSuffix("%") { return number(word.dropLast()).map { .relative($0 / 100) } }
        let isDuration = metric != .iops
        for unit in units where word.hasSuffix(unit.suffix) && (isDuration || unit.suffix.isEmpty) {
            guard let number = number(word.dropLast(unit.suffix.count)) else { continue }
            // A number without a unit says nothing of a duration, unless it is 0.
            guard !isDuration || !unit.suffix.isEmpty || number == 0 else { return nil }
            return .absolute(number * unit.factor)
        }
        return nil
    }

    private static func number(_ word: Substring) -> Double? {
        guard let first = word.first, first.isNumber || first == "+" || first == "-" else { return nil }
        return Double(word).flatMap { $0.isFinite ? $0 : nil }
    }

    /// Its threshold is an amount, not a part of what was before.
    var isOfAmount: Bool { if case .absolute = threshold { true } else { false } }

    /// Whether a value, not a change, is as the rule says.
    func isBeyond(_ value: Double) -> Bool {
        guard case .absolute(let amount) = threshold else { return false }
        return direction == .above ? value > amount : value < amount
    }

    public func outcome(of comparison: Comparison) -> Outcome {
        guard let difference = comparison.difference(in: metric) else { return .unknown(.neitherSide) }
        let change: Double?
        let limit: Double
        switch threshold {
        case .relative(let part): (change, limit) = (difference.relative?.value, part)
        case .absolute(let amount): (change, limit) = (difference.delta?.value, amount)
        }
        guard let change else {
            return .unknown(
                difference.base == nil ? .noBase : difference.new == nil ? .noNew : .zeroBase)
        }
        let isBeyond = direction == .above ? change > limit : change < limit
        guard isBeyond else { return .holds }
        return switch difference.isSignificant {
        case true: .broken(difference)
        case false: .undecided(difference)
        // A change without an interval may be anything.
        case nil: .unbounded(difference)
        }
    }
}
