// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Testing

@testable import Report

struct RecorderShareTests {
    private static let recorder = CPUOccupancy.recorderName

    /// 300 writes, of which every hundredth waits longer: for what has this name.
    private static func report(
        behind name: String, for wait: UInt64 = 2_000_000, leavesOutRecorders: Bool = false
    ) throws -> Report {
        var builder = ReportBuilder(rule: .defersWrites, leavesOutRecorders: leavesOutRecorders)
        for index in 0..<300 {
            let start = 1_000_000 + UInt64(index) * 10_000_000
            let isSlow = index % 100 == 99
            var io = SyntheticIOs.deferred(at: start, queueWait: isSlow ? wait : 20_000 + UInt64(index) * 100)
            if isSlow {
                let queued = try #require(io.workQueued), started = try #require(io.workStarted)
                io.queueWaitOccupants[.otherTask] = UInt32(wait)
                builder.add(
                    CPUOccupancy(cpu: 1, occupant: .otherTask, thread: 9, from: queued, until: started, name: name))
            }
            builder.add(io)
        }
        return builder.finish(source: WaitSummaryTests.switchesSeen, loss: [])
    }

    @Test func theSlowestAreNotExplainedByTheRecorder() throws {
        let other = try Self.report(behind: "hog")
        #expect(other.recorder == nil && other.tail?.recorders == 0)

        let own = try Self.report(behind: Self.recorder)
        let share = try #require(own.recorder)
        #expect((share.ios, share.largelyIOs, share.nanoseconds) == (3, 3, 6_000_000))
        let explained = own.tail?.ios ?? 0
        #expect(other.tail?.ios == explained + 3)
        #expect(own.ios.total == 300 && own.latency == other.latency)
    }

    @Test func whatWaitedForItAMomentIsExplained() throws {
        var builder = ReportBuilder(rule: .defersWrites)
        var io = SyntheticIOs.deferred(at: 1_000_000, queueWait: 2_000_000)
        let queued = try #require(io.workQueued)
        io.queueWaitOccupants[.otherTask] = 2_000_000
        let (hog, own) = (CPUOccupant.otherTask, queued.nanoseconds + 1_900_000)
        builder.add(
            CPUOccupancy(
                cpu: 1, occupant: hog, thread: 8, from: queued, until: Timestamp(nanoseconds: own), name: "hog"))
        builder.add(
            CPUOccupancy(
                cpu: 1, occupant: hog, thread: 9, from: Timestamp(nanoseconds: own),
                until: Timestamp(nanoseconds: own + 100_000), name: Self.recorder))
        builder.add(io)
        let report = builder.finish(source: WaitSummaryTests.switchesSeen, loss: [])
        let share = try #require(report.recorder)
        #expect((share.ios, share.largelyIOs, share.nanoseconds) == (1, 0, 100_000))
        #expect(report.tail?.ios == 1)
    }

    @Test func theyCanBeLeftOut() throws {
        let report = try Self.report(behind: Self.recorder, leavesOutRecorders: true)
        #expect(report.ios.total == 297 && report.recorder == nil && report.tail != nil)
        #expect(try Self.report(behind: "hog", leavesOutRecorders: true).ios.total == 300)
    }
}
