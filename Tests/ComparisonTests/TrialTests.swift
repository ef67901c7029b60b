// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Foundation
import TestSupport
import Testing

@testable import Comparison

/// Many comparisons of runs whose truth is known. Seeded, so that they come out the same each time.
///
/// `DIOSCOPE_TRIAL_IOS=1000 swift test -c release -Xswiftc -enable-testing --filter TrialTests` makes them of more I/Os,
/// which p99.9 needs.
@Suite struct TrialTests {
    private static let trials = 1000
    private static let enough = 950
    private static let environment = ProcessInfo.processInfo.environment
    private static let iosPerBlock = Double(environment["DIOSCOPE_TRIAL_IOS"] ?? "") ?? 16
    private static let memory = Double(environment["DIOSCOPE_TRIAL_MEMORY"] ?? "") ?? 0.7

    private static let metrics: [Metric] = Metric.headline + [.leaf(.stage(.device)), .leaf(.stage(.queueWait))]

    private static var run: SyntheticRun { SyntheticRun(iosPerBlock: iosPerBlock, memory: memory) }

    private static func side(
        _ run: SyntheticRun, runs: Int = 1, runWobble: Double = 0, _ generator: inout SeededGenerator
    ) -> Side {
        let made = (0..<runs).map { _ in
            var run = run
            run.shift = runWobble * generator.normal()
            return run.run(&generator)
        }
        return Side(made, by: runs > 1 ? .run : .block)
    }

    /// For each metric, in how many trials `body` says yes.
    private static func count(
        seed: UInt64, _ body: (inout SeededGenerator) -> (Metric) -> Bool
    ) -> [(metric: Metric, count: Int)] {
        var generator = SeededGenerator(seed: seed)
        var counts = [Int](repeating: 0, count: metrics.count)
        for _ in 0..<trials {
            let holds = body(&generator)
            for (index, metric) in metrics.enumerated() where holds(metric) { counts[index] += 1 }
        }
        if environment["DIOSCOPE_TRIAL_IOS"] != nil {
            print(
                "seed \(seed):",
                zip(metrics, counts).map { "\($0.name) \(Double($1) / Double(trials))" }.joined(separator: "  "))
        }
        return Array(zip(metrics, counts))
    }

    private static func difference(_ metric: Metric, _ base: Side, _ new: Side) -> Difference {
        Difference(base: base.estimate(metric), new: new.estimate(metric))
    }

    @Test func sameRunsShowNoEvidence() {
        let counts = Self.count(seed: 1) { generator in
            let (base, new) = (Self.side(Self.run, &generator), Self.side(Self.run, &generator))
            return { Self.difference($0, base, new).isSignificant != true }
        }
        for (metric, count) in counts { #expect(count >= Self.enough, "\(metric.name)") }
    }

    @Test func sameRunsShowNoEvidenceOverRuns() {
        var run = Self.run
        (run.blocks, run.iosPerBlock) = (1, 2 * Self.iosPerBlock)
        let counts = Self.count(seed: 2) { generator in
            let base = Self.side(run, runs: 5, runWobble: 0.02, &generator)
            let new = Self.side(run, runs: 5, runWobble: 0.02, &generator)
            return { Self.difference($0, base, new).isSignificant != true }
        }
        for (metric, count) in counts { #expect(count >= Self.enough, "\(metric.name)") }
    }

    /// Everything takes 40% longer on the new side, and there are 1/1.4 as many I/Os: so each metric's ratio is known.
    @Test func knownDifferenceIsFoundAndCovered() {
        let factor = 1.4
        var slower = Self.run
        slower.device *= factor
        slower.queueWait *= factor
        slower.iosPerBlock /= factor
        var found: [Metric: Int] = [:]
        let covered = Self.count(seed: 3) { generator in
            let (base, new) = (Self.side(Self.run, &generator), Self.side(slower, &generator))
            return { metric in
                let difference = Self.difference(metric, base, new)
                let truth = metric == .iops ? 1 / factor - 1 : factor - 1
                if difference.isSignificant == true { found[metric, default: 0] += 1 }
                if metric == .leaf(.stage(.queueWait)) {
                    // The levels are log-normal: their mean is above their median.
                    let longer = (factor - 1) * Self.run.queueWait * exp(Self.run.wobble * Self.run.wobble / 2)
                    guard difference.delta?.interval?.contains(longer) == true else { return false }
                }
                guard let interval = difference.relative?.interval else { return true }
                return interval.contains(truth)
            }
        }
        for (metric, count) in covered { #expect(count >= Self.enough, "\(metric.name)") }
        for metric in [Metric.iops, .mean, .percentile(.p50), .leaf(.stage(.device))] {
            #expect(found[metric, default: 0] >= Self.enough, "\(metric.name)")
        }
    }
}
