// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Probes
import Testing

@testable import Recording

struct LostIOsTests {
    static func lost(at times: [UInt64]) -> LostIOs {
        var lost = LostIOs()
        for time in times {
            var io = probe_io()
            io.completed_ns = time
            lost.note(&io)
        }
        return lost
    }

    @Test func burstsAreApartByTwoMilliseconds() {
        let times: [UInt64] = [9_000_000, 1_000_000, 1_500_000, 3_400_000, 9_000_001, 9_000_000]
        #expect(Self.lost(at: times).bursts == .init(count: 2, largest: 3, first: 1_000_000, last: 9_000_001))
        #expect(LostIOs().bursts == nil)
    }

    @Test func lossIsToldWithItsTimes() {
        var words = LossWords(bursts: Self.lost(at: [1_250_000_000]).bursts, began: 1_000_000_000, tasks: [])
        #expect(words.text == ": noticed in one burst of 1, 0.2 s after the begin")
        words.bursts = Self.lost(at: [1_250_000_000, 1_250_000_001, 3_900_000_000]).bursts
        #expect(words.text == ": noticed in 2 bursts of up to 2, from 0.2 s to 2.9 s")
        words.tasks = [.init(cpu: 3, turns: 11, time: 12_340_000, thread: UInt32.max)]
        #expect(words.text.hasSuffix("a thread that has ended (4294967295) had CPU 3 for 12.3 ms in 11 turns"))
    }
}

struct CountersTests {
    /// Everything that began came to something, and what does not add up is said.
    @Test func begunIOsAddUp() {
        var counters = ProbeCounters(isFiltered: false)
        counters.begun = 100
        counters.recorded = 80
        counters.ringFull = 1
        counters.slotsFull = 2
        counters.restarted = 3
        counters.begunAgain = 4
        #expect(counters.inFlight == 10 && counters.lost == 7 && counters.unaccounted == 0)
        counters.open = .init(inFlight: 4, over: 6)
        #expect(counters.inFlight == 4 && counters.completionsLost == 10 && counters.lost == 13)
        #expect(counters.unaccounted == 0)
        counters.open = .init(inFlight: 4, over: 5)
        #expect(counters.unaccounted == 1)
        #expect(counters.losses.contains { $0.what == "unaccounted" && $0.count == 1 && $0.severity == .loss })
        #expect(counters.losses.lostIOs == counters.lost + 1)
        // And has to be in the file, but for what was only summed up.
        counters.summedUp = 10
        #expect(counters.losses(written: 70) == counters.losses)
        let unwritten = counters.losses(written: 68).filter { $0.what == "not-written" }
        #expect(unwritten.map(\.count) == [2] && unwritten.allSatisfy { $0.severity == .loss })
    }
}
