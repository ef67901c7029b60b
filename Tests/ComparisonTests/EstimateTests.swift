// SPDX-License-Identifier: GPL-2.0-only

import TestSupport
import Testing

@testable import Comparison

@Suite struct EstimateTests {
    @Test func differenceCombinesBothIntervals() throws {
        let base = Estimate(100, interval: 96...104)
        let new = Estimate(120, interval: 117...123)
        let difference = Difference(base: base, new: new)
        #expect(difference.delta == Estimate(20, interval: 15...25))
        #expect(difference.isSignificant == true)
        #expect(difference.relative?.value == 0.2 as Double? || abs((difference.relative?.value ?? 0) - 0.2) < 1e-12)
    }

    @Test func unevenIntervalsStayUneven() {
        let difference = Difference(base: Estimate(10, interval: 10...10), new: Estimate(12, interval: 11...20))
        #expect(difference.delta?.interval == 1...10)
    }

    @Test func withoutAnIntervalThereIsNoEvidence() {
        let difference = Difference(base: Estimate(10), new: Estimate(20, interval: 19...21))
        #expect(difference.isSignificant == nil)
        #expect(difference.delta == Estimate(10))
        #expect(difference.relative == Estimate(1))
    }

    @Test func nothingIsComparedWithNothing() {
        let difference = Difference(base: nil, new: Estimate(1, interval: 0...2))
        #expect(difference.delta == nil)
        #expect(Difference(base: Estimate(0, interval: 0...0), new: Estimate(1, interval: 1...1)).relative == nil)
    }

    /// The interval of the ratio holds 1 just when that of the difference holds 0.
    @Test func ratioAndDifferenceAgree() {
        var generator = SeededGenerator(seed: 5)
        var significant = 0
        for _ in 0..<10_000 {
            func estimate() -> Estimate {
                let value = 50 + 100 * generator.uniform()
                return Estimate(
                    value, interval: (value - 45 * generator.uniform())...(value + 45 * generator.uniform()))
            }
            let difference = Difference(base: estimate(), new: estimate())
            guard let relative = difference.relative?.interval else { continue }
            #expect(relative.contains(difference.relative?.value ?? 0))
            #expect(difference.isSignificant == !relative.contains(0))
            if difference.isSignificant == true { significant += 1 }
        }
        #expect(significant > 1000)
    }

    /// Three runs of each side that took the same milliseconds: the interval is there, and has no width.
    @Test func runsThatDoNotVaryHaveAnInterval() throws {
        for base in stride(from: 50.0, to: 1300, by: 7) {
            for new in stride(from: 50.0, to: 1300, by: 11) {
                func estimate(_ milliseconds: Double) -> Estimate? {
                    Estimate(runs: [Double](repeating: 4_096_000 / milliseconds, count: 3))
                }
                let relative = try #require(Difference(base: estimate(base), new: estimate(new)).relative)
                let interval = try #require(relative.interval)
                #expect(interval.contains(relative.value))
                #expect(interval.upperBound - interval.lowerBound < 1e-5)
            }
        }
    }

    @Test func studentsQuantiles() {
        // From tables of the distribution.
        for (degrees, quantile) in [(1, 12.706), (4, 2.776), (10, 2.228), (11, 2.201), (20, 2.086), (60, 2.000)] {
            #expect(abs(StudentT.quantile975(degrees) - quantile) < 0.003, "\(degrees)")
        }
    }

    @Test func tooFewUnitsHaveNoSpread() {
        #expect(Spread(runs: 2) == nil)
        #expect(Spread(runs: 3)?.degrees == 2)
        #expect(Spread(blocks: 19) == nil)
        #expect(Spread(blocks: 20)?.degrees == 2)
        #expect(Spread(blocks: 60)?.degrees == 4)
        #expect(Spread(blocks: 2048)?.degrees == 8)
    }

    /// For independent runs, it is the ordinary standard error.
    @Test func spreadOfRuns() throws {
        let spread = try #require(Spread(runs: 4))
        // Variance (9 + 1 + 1 + 9) / 3, of a sum of four: 4 times that.
        #expect(abs(spread.standardError([-3, -1, 1, 3]) - (80.0 / 3).squareRoot()) < 1e-12)
    }

    /// Blocks that resemble their neighbours know less than as many independent ones.
    @Test func slowWavesWidenTheInterval() throws {
        let spread = try #require(Spread(blocks: 60))
        let slow = (0..<60).map { $0 < 30 ? 1.0 : -1.0 }
        let fast = (0..<60).map { $0 % 2 == 0 ? 1.0 : -1.0 }
        #expect(spread.margin(slow) > 10 * spread.margin(fast))
    }

    /// A level that wanders slowly is worse than its lowest waves show; blocks that know nothing of each other are not.
    @Test func memoryIsSeen() {
        var generator = SeededGenerator(seed: 4)
        func excess(_ memory: Double, noise: Double) -> Double {
            let trials = (0..<200).map { _ in
                var level = generator.normal()
                let blocks = (0..<48).map { _ in
                    level = memory * level + (1 - memory * memory).squareRoot() * generator.normal()
                    return level + noise * generator.normal()
                }
                let mean = blocks.reduce(0, +) / 48
                return Memory(blocks.map { $0 - mean }).excess(degrees: 3, count: 48)
            }
            return trials.reduce(0, +) / 200
        }
        #expect(excess(0, noise: 0) < 1.1)
        // In truth 2.1, of the level alone.
        #expect((1.5...3).contains(excess(0.9, noise: 0)))
        #expect((1.2...3).contains(excess(0.9, noise: 1)))
        #expect(Memory([Double](repeating: 0, count: 20)).excess(degrees: 2, count: 20) == 1)
    }
}
