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
                if let from, let to, let time = io[keyPath: from], io[keyPath: to] != nil { io[keyPath: to] = time }
                io.workerCPU = UInt16.random(in: 0...1, using: &random)
                io.facts.formSymmetricDifference(Facts(rawValue: 1 << UInt32.random(in: 0..<32, using: &random)))
            }
        }
    }

    @Test func timesLieOneAfterTheOther() {
        var times = SeenTimes(submitted: 1)
        (times.issued, times.interrupted, times.ended, times.workQueued) = (2, 3, 4, 5)
        (times.workStarted, times.completed, times.iocbCompleted, times.taskWorkRun) = (6, 7, 8, 9)
        #expect(times.withAll { Array(UnsafeBufferPointer(start: $0, count: SeenTimes.count)) } == Array(1...9))
        #expect(times.seen == 0xff && SeenTimes(submitted: 1).seen == 0)
        times.ended = 0
        #expect(times.seen == 0xfb)
    }
}
