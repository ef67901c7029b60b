// SPDX-License-Identifier: GPL-2.0-only

import Probes
import Testing

struct SamplingLadderTests {
    @Test func itGoesDownWhileThatIsTooMuch() {
        var ladder = SamplingLadder(limit: 0.02, every: 1)
        #expect(ladder.next(after: 0.019) == nil)
        #expect(ladder.next(after: 0.02) == nil)
        #expect(ladder.next(after: 0.021) == 2)
        #expect(ladder.next(after: 0.5) == 4)
        #expect(ladder.next(after: 0.01) == nil)
        #expect(ladder.every == 4)
    }

    @Test func itHasAnEnd() {
        var ladder = SamplingLadder(limit: 0.001, every: 3)
        var overhead = 1.0
        while let every = ladder.next(after: overhead) {
            #expect(every <= SamplingLadder.most)
            overhead *= 0.8
        }
        #expect(ladder.isAtEnd)
        #expect(ladder.every == 768)
        var beyond = SamplingLadder(limit: 0.001, every: 1_000_000)
        #expect(beyond.isAtEnd && beyond.next(after: 1) == nil)
    }

    @Test func itEndsWhereNothingIsGainedAnyMore() {
        var ladder = SamplingLadder(limit: 0.01, every: 1)
        #expect(ladder.next(after: 0.06) == 2)
        #expect(ladder.next(after: 0.03) == 4)
        #expect(ladder.next(after: 0.04) == 8)
        // One that helps is not the end.
        #expect(ladder.next(after: 0.02) == 16)
        #expect(ladder.next(after: 0.021) == 32)
        #expect(ladder.next(after: 0.019) == nil)
        #expect(ladder.isAtEnd && ladder.every == 32)
    }
}
