// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import TestSupport
import Testing

struct ExactSumTests {
    static let lives = 20_000

    @Test func everyNanosecondOfAnOrderedLifeHasOneStage() throws {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<Self.lives {
            let io = RandomLives.next(&random, disordered: false)
            let life = AttributedLife(io, rule: .flaggedWork)
            let last = RandomLives.causal.compactMap { io[$0]?.nanoseconds }.max() ?? Life.submitted
            try #require(!life.isDisordered)
            try #require(life.latency == last - Life.submitted, "\(io)")
            try check(life)
        }
    }

    @Test func disorderedLivesAddUpToo() throws {
        var random = SeededGenerator(seed: 2)
        var disordered = 0
        for _ in 0..<Self.lives {
            let io = RandomLives.next(&random, disordered: true)
            let life = AttributedLife(io, rule: .flaggedWork)
            disordered += life.isDisordered ? 1 : 0
            let ends = [Life.submitted] + RandomLives.causal.compactMap { io[$0]?.nanoseconds }
            try #require(ends.contains(Life.submitted + life.latency), "\(io)")
            try check(life)
        }
        #expect(disordered > Self.lives / 2)
    }

    private func check(_ life: AttributedLife) throws {
        try #require(life.spans.total == life.latency)
        var sum: UInt64 = 0
        for stage in Set(life.spans.indices.map({ life.spans[$0].stage })) { sum += life.spans[stage] ?? 0 }
        try #require(sum == life.latency)
        let placed = life.spans.indices.map { life.spans[$0].stage }
        try #require(!placed.contains(.unattributed), "two points enclose each: \(placed.map(\.name))")
        for (stage, next) in zip(placed, placed.dropFirst()) {
            try #require(stage.last.rawValue < next.first.rawValue, "not in causal order: \(placed.map(\.name))")
        }
        if let completion = life.completionLatency { try #require(completion <= life.latency) }
    }
}
