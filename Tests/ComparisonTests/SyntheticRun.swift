// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Foundation
import TestSupport

@testable import Comparison

extension SeededGenerator {
    /// 0 < it < 1
    mutating func uniform() -> Double { (Double(next() >> 11) + 0.5) / 9_007_199_254_740_992 }

    /// Standard normal, by Box and Muller.
    mutating func normal() -> Double { (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform()) }
}

/// A run as the box makes it: single I/Os vary, and so does the box from second to second, each second being like the
/// one before. What is true of it in the long run is known.
struct SyntheticRun {
    var blocks = 48
    /// On average.
    var iosPerBlock = 20.0
    /// Mean nanoseconds, of the median second.
    var device = 100_000.0
    var queueWait = 50_000.0
    /// Correlation of neighbouring seconds.
    var memory = 0.7
    /// Standard deviation of a second's level, in logarithms.
    var wobble = 0.05

    /// A shift of the whole run, in logarithms.
    var shift = 0.0

    func run(_ generator: inout SeededGenerator) -> Run {
        var level = generator.normal()
        let units = (0..<blocks).map { _ in
            level = memory * level + (1 - memory * memory).squareRoot() * generator.normal()
            return unit(factor: exp(shift + wobble * level), &generator)
        }
        let facts = RunFacts(name: "synthetic", isSavedReport: false, isComplete: true)
        return Run(facts: facts, blockLength: 1_000_000_000, units: units)
    }

    /// A slow second has slower I/Os, and fewer.
    private func unit(factor: Double, _ generator: inout SeededGenerator) -> RunUnit {
        var tally = Tally()
        let ios = max(1, Int((iosPerBlock / factor + iosPerBlock.squareRoot() * generator.normal()).rounded()))
        for _ in 0..<ios {
            // Part constant, part exponential: as skewed as latencies are.
            let inDevice = UInt64((0.7 - 0.3 * log(generator.uniform())) * device * factor)
            let inQueue = UInt64(-log(generator.uniform()) * queueWait * factor)
            tally.add(device: inDevice, queueWait: inQueue)
        }
        return RunUnit(tally: tally, span: 1e9)
    }
}

extension Tally {
    /// One finished I/O of two stages.
    mutating func add(device: UInt64, queueWait: UInt64) {
        ios += 1
        finished += 1
        latency += UInt128(device + queueWait)
        durations.add(device + queueWait)
        leaves[CompletionContext.kworker.index].add(UInt128(device), to: .device)
        leaves[CompletionContext.kworker.index].add(UInt128(queueWait), to: .queueWait)
    }
}
