// SPDX-License-Identifier: GPL-2.0-only

/// A number, and the interval in which the truth lies with 95% confidence.
public struct Estimate: Equatable, Sendable {
    public var value: Double
    /// Contains `value`. `nil`: the data is not enough for one.
    public var interval: ClosedRange<Double>?

    public init(_ value: Double, interval: ClosedRange<Double>? = nil) {
        self.value = value
        self.interval = interval
    }

    /// - Parameter margin: half of the interval, `nil` when it is not known.
    init(_ value: Double, margin: Double?) {
        self.value = value
        interval = margin.flatMap { $0.isFinite && value.isFinite ? (value - $0)...(value + $0) : nil }
    }
}

extension Estimate {
    /// The mean of independent runs; with an interval when they are enough. `nil` without a run.
    public init?(runs values: [Double]) {
        guard !values.isEmpty else { return nil }
        let mean = values.reduce(0, +) / Double(values.count)
        let margin = Spread(runs: values.count).map { $0.margin(values.map { $0 - mean }) / Double(values.count) }
        self.init(mean, margin: margin)
    }

    /// The same, known no better than to this.
    public func widened(by step: Double) -> Estimate {
        Estimate(value, interval: interval.map { ($0.lowerBound - step)...($0.upperBound + step) })
    }
}

/// What changed between two estimates of independent data.
public struct Difference: Equatable, Sendable {
    /// `nil`: one of the sides has no such number.
    public var base: Double?
    public var new: Double?
    /// `new - base`.
    public var delta: Estimate?
    /// `new / base - 1`; `nil` when `base` is 0, without an interval when that cannot be distinguished from 0.
    public var relative: Estimate?

    /// The interval of the difference excludes 0. `nil`: there is no interval.
    public var isSignificant: Bool? { delta?.interval.map { !$0.contains(0) } }

    /// Intervals by the method of variance estimates recovery: that of the difference (Zou and Donner, Statistics in
    /// Medicine 27, 2008) and that of the ratio (Donner and Zou, Statistical Methods in Medical Research 21, 2012).
    /// The latter has just the ratios r for which the former, of `new - r * base`, contains 0: so both say the same
    /// about a change.
    public init(base: Estimate?, new: Estimate?) {
        self.base = base?.value
        self.new = new?.value
        guard let base, let new else { return }
        delta = Estimate(new.value - base.value, interval: Self.difference(base, new))
        if base.value != 0 {
            let ratio = Self.ratio(base, new)
            relative = Estimate(
                new.value / base.value - 1, interval: ratio.map { ($0.lowerBound - 1)...($0.upperBound - 1) })
        }
    }

    private static func difference(_ base: Estimate, _ new: Estimate) -> ClosedRange<Double>? {
        guard let b = base.interval, let n = new.interval else { return nil }
        let delta = new.value - base.value
        let below = hypotenuse(new.value - n.lowerBound, b.upperBound - base.value)
        let above = hypotenuse(n.upperBound - new.value, base.value - b.lowerBound)
        return (delta - below)...(delta + above)
    }

    private static func ratio(_ base: Estimate, _ new: Estimate) -> ClosedRange<Double>? {
        guard let b = base.interval, let n = new.interval, b.lowerBound > 0, new.value >= 0 else { return nil }
        let product = new.value * base.value
        func root(_ newLimit: Double, _ baseLimit: Double, _ sign: Double) -> Double? {
            let divisor = baseLimit * (2 * base.value - baseLimit)
            guard divisor > 0 else { return nil }
            // Never negative, but for rounding where neither side varies.
            let radicand = max(0, product * product - newLimit * divisor * (2 * new.value - newLimit))
            return (product + sign * radicand.squareRoot()) / divisor
        }
        guard let low = root(n.lowerBound, b.upperBound, -1), let high = root(n.upperBound, b.lowerBound, 1),
            low <= high
        else { return nil }
        // Nothing that is compared can be negative; and rounding leaves the value inside.
        let value = new.value / base.value
        return max(0, min(low, value))...max(high, value)
    }

    private static func hypotenuse(_ a: Double, _ b: Double) -> Double { (a * a + b * b).squareRoot() }
}
