// SPDX-License-Identifier: GPL-2.0-only

import TestSupport
import Testing

@testable import Attribution
@testable import DirectIO

/// What of a wait is no wait for a CPU has a name of its own, and the causes still sum to the wait.
struct ApartTests {
    private static func io(_ set: (inout FurtherLife) -> Void) -> DirectIO {
        var io = DirectIO(
            submitted: Timestamp(nanoseconds: 1000), submitterThread: 7, device: DeviceNumber(kernel: 1), inode: 1,
            offset: 0, length: 4096, operation: .read, issuer: .ioUring)
        io.facts = [.endSeen, .endDecides]
        (io.endContext, io.completeContext) = (.hardirq, .hardirq)
        io.times[.issued] = 1100
        io.times[.interrupted] = 2000
        io.times[.ended] = 2010
        io.times[.completed] = 2020
        io.times[.taskWorkRun] = 12_020
        io.taskWorkOccupants[.idle] = 1500
        io.taskWorkOccupants[.otherTask] = 500
        set(&io.further)
        return io
    }

    private static func causes(_ stage: Stage, _ io: DirectIO) throws -> [WaitCause: UInt64] {
        let wait = try #require(AttributedLife(io, rule: .flaggedWork).wait(stage, of: io))
        #expect(wait.causes.reduce(0) { $0 + $1.nanoseconds } == wait.nanoseconds)
        return Dictionary(uniqueKeysWithValues: wait.causes.map { ($0.cause, $0.nanoseconds) })
    }

    @Test func aQuotaIsNoWaitForACPU() throws {
        let io = Self.io { $0.stopped = 7000 }
        #expect(
            try Self.causes(.taskWorkWait, io) == [.quota: 7000, .idle: 1500, .otherTask: 500, .unattributed: 1000])
    }

    @Test(arguments: [(LifeMarks.batched, WaitCause.batching), (.elsewhere, .elsewhere)])
    func aSleepByOnesOwnWishHasItsName(mark: LifeMarks, cause: WaitCause) throws {
        let io = Self.io {
            $0.marks = mark
            $0.unwoken = 8000
        }
        #expect(try Self.causes(.taskWorkWait, io) == [cause: 8000, .idle: 1500, .otherTask: 500])
    }

    @Test func whatDoesNotFitIntoTheWaitIsNotBelieved() throws {
        let io = Self.io { $0.stopped = 9000 }
        #expect(try Self.causes(.taskWorkWait, io) == [.unattributed: 10_000])
    }

    @Test func anIdleCPUIsNotTheCauseAtMaxActive() throws {
        var io = Self.io { $0.marks = .atLimit }
        io.completeContext = .kworker
        io.times[.workQueued] = 2015
        io.times[.workStarted] = 2019
        io.queueWaitOccupants[.idle] = 4
        #expect(try Self.causes(.queueWait, io) == [.workqueueLimit: 4])
    }

    @Test func allBeforeAWorkIsActivatedIsMaxActives() throws {
        var io = Self.io { $0.marks = [.atLimit, .activated] }
        io.completeContext = .kworker
        io.times[.workQueued] = 2015
        io.times[.workStarted] = 2019
        io.queueWaitOccupants[.idle] = 1
        #expect(try Self.causes(.queueWait, io) == [.workqueueLimit: 3, .idle: 1])
    }

    @Test func aWaiterHasCauses() throws {
        var io = Self.io { _ in }
        io.issuer = .sync
        io.facts.formUnion([.waiter, .bySubmitter])
        io.completeContext = .task
        io.times[.taskWorkRun] = 0
        io.times[.completed] = 4010
        #expect(try Self.causes(.submitterWakeup, io) == [.idle: 1500, .otherTask: 500])
    }

    @Test func ioWQBeginsWithTheFirstAttempt() {
        var io = Self.io { $0.marks = .punted }
        io.times[.handedOver] = 1010
        io.times[.takenUp] = 1050
        let spans = AttributedLife(io, rule: .flaggedWork).spans
        #expect(spans.total == 11_020)
        #expect(spans[Stage(.attempt)] == 10)
        #expect(spans[Stage(.ioWQWait)] == 40)
        #expect(spans[.submit] == 50)
    }
}
