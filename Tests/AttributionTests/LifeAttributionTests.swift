// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import TestSupport
import Testing

@testable import Attribution

/// What is found out once for a kind of I/O is what the walk finds out for each.
struct LifeAttributionTests {
    @Test(arguments: [CompletionRule.defersWrites, .flaggedInline, .flaggedWork, .unknown], [false, true])
    func isTheSameAsTheWalk(rule: CompletionRule, disordered: Bool) {
        var random = SeededGenerator(seed: 11)
        var attribution = LifeAttribution(rule: rule)
        for _ in 0..<3_000 {
            var io = RandomLives.next(&random, disordered: disordered)
            io.submitCPU = UInt16.random(in: 0...1, using: &random)
            io.endCPU = UInt16.random(in: 0...1, using: &random)
            // Others of its kind, some of whose times are those of the points before.
            for _ in 0..<8 {
                attribution.take(io)
                let life = attribution.life
                #expect(life == AttributedLife(io, rule: rule))
                let from = RandomLives.causal.randomElement(using: &random)
                let to = RandomLives.causal.randomElement(using: &random)
                if let from, let to, let time = io[from], io[to] != nil { io[to] = time }
                io.workerCPU = UInt16.random(in: 0...1, using: &random)
                io.facts.formSymmetricDifference(Facts(rawValue: 1 << UInt32.random(in: 0..<32, using: &random)))
            }
        }
    }

    @Test func timesLieOneAfterTheOther() {
        var times = SeenTimes(submitted: 1)
        for (point, time) in zip(LifePoint.allCases, UInt64(1)...) { times[point] = time }
        let all = times.withAll { Array(UnsafeBufferPointer(start: $0, count: LifePoint.count)) }
        #expect(all == Array(1...UInt64(LifePoint.count)))
        #expect(times.seen.points == LifePoint.allCases)
        #expect(SeenTimes(submitted: 1).seen == [LifePoints(.submitted)])
        times[.ended] = 0
        #expect(times.seen.points == LifePoint.allCases.filter { $0 != .ended })
    }
}
