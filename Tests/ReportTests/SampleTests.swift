// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import TestSupport
import Testing

@testable import Report

struct SampleTests {
    @Test func aShareOfASampleIsWithinItsError() throws {
        let sample = try #require(Sample(ios: 10_000, sampledOut: 90_000))
        #expect(sample.ofIOs == 100_000)
        #expect(sample.population == 10)
        // 1.96 * sqrt(0.25 / 10,000 * 90,000 / 99,999)
        #expect(abs(sample.shareError - 0.0092967) < 1e-6)
        #expect(Sample(ios: 5, sampledOut: 0) == nil)
        #expect(Sample(ios: 0, sampledOut: 9)?.shareError == 1)
    }

    /// In seeded draws the true share lies within the stated error as often as is said.
    @Test func theErrorHolds() throws {
        var random = SeededGenerator(seed: 7)
        var held = 0
        for _ in 0..<1000 {
            var (all, ios, hits) = (0, 0, 0)
            for index in 0..<4000
            where {
                all += 1; return UInt32.random(in: 0..<10, using: &random) == 0
            }() {
                ios += 1
                hits += index % 2
            }
            let sample = try #require(Sample(ios: UInt64(ios), sampledOut: UInt64(all - ios)))
            if abs(Double(hits) / Double(ios) - 0.5) <= sample.shareError { held += 1 }
        }
        #expect((930...975).contains(held))
    }
}
