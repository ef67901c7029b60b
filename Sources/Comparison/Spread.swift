// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// How far a sum over units may be from its expectation, found from the units' residuals.
struct Spread {
    /// Degrees of freedom of the estimate.
    let degrees: Int
    private let count: Int
    /// Rows of a cosine basis for units in order of time; empty for units that are independent of each other.
    private let basis: [[Double]]

    /// Fewer runs say nothing about how runs differ.
    static let neededRuns = 3
    /// Fewer blocks say nothing about how blocks depend on each other.
    static let neededBlocks = 20

    /// Whole runs: independent. `nil` when there are too few.
    init?(runs count: Int) {
        guard count >= Self.neededRuns else { return nil }
        self.count = count
        degrees = count - 1
        basis = []
    }

    /// Blocks in order of time, neighbours alike: the long-run variance is the mean power at the lowest frequencies
    /// (equal-weighted cosine transform; Lazarus, Lewis, Stock and Watson, Journal of Business & Economic Statistics
    /// 36, 2018), whose number are the degrees of freedom. `Documentation/Decisions/Comparison.md` has why, and why so
    /// few of them. `nil` when there are too few blocks.
    init?(blocks count: Int) {
        guard count >= Self.neededBlocks else { return nil }
        self.count = count
        degrees = min(8, max(2, Int(0.3 * pow(Double(count), 2.0 / 3))))
        let scale = (2 / Double(count)).squareRoot()
        basis = (1...degrees).map { frequency in
            (0..<count).map { scale * cos(.pi * Double(frequency) * (Double($0) + 0.5) / Double(count)) }
        }
    }

    /// The standard error of the residuals' sum; they sum to about 0.
    func standardError(_ residuals: [Double]) -> Double {
        standardError(residuals, excess: excess(of: residuals))
    }

    /// Half of the 95% interval of the residuals' sum.
    func margin(_ residuals: [Double]) -> Double {
        let excess = excess(of: residuals)
        // That the power at frequency 0 is so much above what was seen is an estimate too.
        let known = excess > Self.muchExcess ? max(2, degrees - 1) : degrees
        return StudentT.quantile975(known) * standardError(residuals, excess: excess)
    }

    private static let muchExcess = 1.3

    private func excess(of residuals: [Double]) -> Double {
        basis.isEmpty ? 1 : Memory(residuals).excess(degrees: degrees, count: count)
    }

    private func standardError(_ residuals: [Double], excess: Double) -> Double {
        let power =
            basis.isEmpty
            ? residuals.reduce(0) { $0 + $1 * $1 }
            : basis.reduce(0) { $0 + Self.square(Self.product($1, residuals)) }
        return (power / Double(degrees) * excess * Double(count)).squareRoot()
    }

    private static func product(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        for index in a.indices { sum += a[index] * b[index] }
        return sum
    }

    private static func square(_ value: Double) -> Double { value * value }
}

/// Student's distribution.
enum StudentT {
    /// The 97.5% quantile: exact to the digits given for few degrees of freedom, an expansion in 1/degrees beyond.
    static func quantile975(_ degrees: Int) -> Double {
        if degrees >= 1, degrees <= few.count { return few[degrees - 1] }
        let (z, n) = (1.959964, Double(degrees))
        let z3 = z * z * z
        let z5 = z3 * z * z
        return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n)
    }

    private static let few = [
        12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
    ]
}
