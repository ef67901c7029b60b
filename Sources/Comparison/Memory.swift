// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// How blocks resemble those before them: a level that decays by a factor from block to block, beside what is new in each
/// (an autoregression seen through noise). Found from the correlations with the next four.
struct Memory {
    /// The factor by which the level decays.
    private let decay: Double
    /// The level's part of the variance.
    private let part: Double

    /// Less correlation than this is chance, or does no harm.
    private static let least = 0.2
    /// A level that decays more slowly cannot be distinguished from a drift.
    private static let most = 0.95

    /// - Parameter residuals: at least 20, in order of time, that sum to about 0.
    init(_ residuals: [Double]) {
        let seen = (1...4).map { Self.correlation(residuals, lag: $0) }
        // Noise lowers all alike: their ratio is the decay.
        let (near, far) = (seen[..<3].reduce(0, +), seen[1...].reduce(0, +))
        let ratio = near / 3 > Self.least ? max(seen[0], far / near) : seen[0]
        decay = min(max(ratio, 0), Self.most)
        part = decay > 0 ? min(max(seen[0] / decay, 0), 1) : 0
    }

    /// The mean was taken from the same blocks, which lowers the correlation by about 1/n and hides some of it.
    private static func correlation(_ values: [Double], lag: Int) -> Double {
        let power = values.reduce(0) { $0 + $1 * $1 }
        guard power > 0, values.count > lag + 3 else { return 0 }
        var product = 0.0
        for index in lag..<values.count { product += values[index] * values[index - lag] }
        let count = Double(values.count)
        return (count * product / power + 1) / (count - 3 - Double(lag))
    }

    /// By how much the power at frequency 0, which is what an error of the mean is made of, exceeds the mean power of the
    /// lowest frequencies of so many blocks.
    func excess(degrees: Int, count: Int) -> Double {
        let lowest = (1...degrees).map { power(at: .pi * Double($0) / Double(count)) }
        return max(1, power(at: 0) * Double(degrees) / lowest.reduce(0, +))
    }

    private func power(at frequency: Double) -> Double {
        let level = (1 - decay * decay) / (1 - 2 * decay * cos(frequency) + decay * decay)
        return part * level + (1 - part)
    }
}
