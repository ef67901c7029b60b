// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import TestSupport
import Testing

struct CPUWaitTests {
    /// Waited 100 us for the kworker on CPU 2.
    static func waiting(_ occupied: [CPUOccupant: UInt32]) -> DirectIO {
        var io = Life.make(
            complete: .kworker,
            times: [
                (\.issued, 10_000), (\.interrupted, 50_000), (\.ended, 51_000), (\.workQueued, 52_000),
                (\.workStarted, 152_000), (\.completed, 160_000),
            ])
        io.workerCPU = 2
        for (occupant, time) in occupied { io.queueWaitOccupants[occupant] = time }
        return io
    }

    static func wait(_ io: DirectIO) throws -> CPUWait {
        try #require(AttributedLife(io, rule: .defersWrites).wait(.queueWait, of: io))
    }

    @Test func causesAndTheRestAreTheWait() throws {
        let wait = try Self.wait(Self.waiting([.submitter: 60_000, .idle: 15_000]))
        #expect(wait.causes.map(\.cause) == [.submitter, .idle, .unattributed])
        #expect(wait.causes.map(\.nanoseconds) == [60_000, 15_000, 25_000])
        #expect(wait.from.nanoseconds == Life.submitted + 52_000 && wait.cpu == 2)
    }

    @Test func clocksThatTellOfMoreThanTheWaitAreNotBelieved() throws {
        let exact = try Self.wait(Self.waiting([.submitter: 60_000, .hardirq: 40_000]))
        #expect(exact.unattributed == 0)
        let more = try Self.wait(Self.waiting([.submitter: 60_000, .hardirq: 40_001]))
        #expect(more.causes.map(\.cause) == [.unattributed] && more.unattributed == 100_000)
        let most = try Self.wait(Self.waiting([.submitter: .max, .hardirq: .max, .idle: .max]))
        #expect(most.unattributed == 100_000)
    }

    @Test func everyCauseOfARandomLifeSumsToItsWait() throws {
        var random = SeededGenerator(seed: 21)
        var log = OccupancyLog()
        var (known, named) = (0, 0)
        for index in 0..<40_000 {
            var io = RandomLives.next(&random, disordered: index % 2 == 1)
            for occupancy in RandomOccupancies.fill(&io, &random) { log.add(occupancy) }
            let life = AttributedLife(io, rule: .flaggedInline)
            for stage in [Stage.queueWait, .taskWorkWait] {
                guard let wait = life.wait(stage, of: io) else {
                    try #require(life.spans[stage] == nil)
                    continue
                }
                try #require(wait.causes.reduce(0) { $0 + $1.nanoseconds } == life.spans[stage])
                known += wait.occupied.isKnown ? 1 : 0
                let parts = log.parts(of: wait)
                named += parts.isEmpty ? 0 : 1
                for occupant in [CPUOccupant.poolWork, .otherTask] {
                    let sum = parts.filter { $0.occupant == occupant }.reduce(0) { $0 + $1.nanoseconds }
                    try #require(sum <= wait.occupied[occupant])
                }
            }
        }
        #expect(known > 20_000 && named > 1000, "\(known) \(named)")
    }
}
