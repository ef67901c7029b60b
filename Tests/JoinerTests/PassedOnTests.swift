// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import KernelTraces
import Testing

@testable import Joiner

/// More texts of `captures/odd`: who began an I/O, what was its own, and what became of a text on its way. Worked out by
/// hand, in microseconds.
@Suite struct PassedOnTests {
    private func odd(_ name: String) throws -> OddText { try OddText(name) }

    private func latencies(_ ios: [DirectIO]) -> [UInt64?] { OddText.microseconds(ios, .submitted, .completed) }

    @Test(arguments: [
        ("loop-writes", DirectIO.Operation.write), ("loop-untold", .unknown), ("loop-deferred", .write),
    ])
    func whatAKworkerBeginsHasNoDirection(name: String, operation: DirectIO.Operation) throws {
        let odd = try odd(name)
        #expect(odd.all.map(\.operation) == [operation, operation] && odd.all.allSatisfy { $0.issuer == .other })
        #expect(latencies(odd.all) == [140, 140] && odd.losses.isEmpty)
        #expect(OddText.microseconds(odd.all, .workQueued, .workStarted) == [28, 28])
    }

    /// The same I/Os, however they were printed and passed on.
    @Test(arguments: ["newest-first", "syslog-program", "blanks-to-tabs"])
    func loopsWritesMayLookOtherwise(name: String) throws {
        let odd = try odd(name)
        #expect(odd.all.count == 2 && odd.all.allSatisfy { $0.operation == .write && $0.workStarted != nil })
        #expect(latencies(odd.all) == [140, 140] && odd.losses.isEmpty)
    }

    @Test func sectorsAreNotQuotedPrintable() throws {
        let odd = try odd("equals-and-digits")
        #expect(latencies(odd.all) == [140, 140] && odd.summary.unparsed == 0 && odd.summary.events == 20)
    }

    @Test func worksWithoutNamesMayBeAny() throws {
        let odd = try odd("works-without-names")
        #expect(odd.all.map { CompletionContext(of: $0) } == [.unknown, .unknown])
        #expect(odd.losses == ["trace-unnamed-functions"])
    }

    @Test func whatHappensInOneTickIsNotOneEvent() throws {
        let odd = try odd("ticks")
        #expect(odd.all.count == 2 && odd.all.allSatisfy { $0.workStarted != nil && $0.workQueued != nil })
        #expect(odd.losses == ["clock-counts-no-time"] && odd.summary.repeatedEvents == 0)
    }

    @Test(arguments: [
        "two-hosts", "two-hosts-monotonic", "two-hosts-full", "two-hosts-unix", "two-hosts-logger",
        "two-hosts-containers",
        "two-hosts-pods",
    ])
    func hostsOfOneJournalAreTwoMachines(name: String) throws {
        let odd = try odd(name)
        #expect(odd.ios.map(\.count) == [1, 1] && odd.losses == ["machines"])
        #expect(odd.description.machines.map { $0.contains("hosta") } == [true, false])
    }

    /// Cached pages are written back, or where the blocks are is read, in the midst of a submission: 503 us of sleep.
    @Test(arguments: [
        ("read-of-cached-pages", DirectIO.Operation.read), ("write-reads-extents", .write),
        ("write-over-cached-pages", .write),
    ])
    func whatHasToBeDoneBeforeIsNotTheIOs(name: String, operation: DirectIO.Operation) throws {
        let io = try #require(odd(name).all.first)
        #expect(io.operation == operation && io.issued == TextTrace.at(710.000616))
        #expect(io.interrupted == TextTrace.at(710.000690) && io.further.requests == 0)
        #expect(io.times[.resumed] == 710_000_610_000 && io.times[.fellAsleep] == 710_000_107_000)
    }

    @Test func ofTwoRequestsAnyMayBeTheLast() throws {
        let io = try #require(odd("two-requests-of-a-waiter").all.first)
        #expect(io.interrupted == nil && io.endCPU == nil && io.further.requests == 2)
    }

    @Test func aFlushBehindTheDataIsTheDevices() throws {
        let io = try #require(odd("flush-behind").all.first)
        #expect(io.interrupted == nil && io.issued != nil && latencies([io]) == [2112])
    }

    @Test(arguments: ["log-dropped", "journal-suppressed"])
    func whatALogLostIsLost(name: String) throws {
        let odd = try odd(name)
        #expect(odd.losses == ["trace-lost-events", "trace-lost-markers"] && odd.summary.lostEvents == 12)
    }

    @Test func anAppendIsNoReadBehindTheEnd() throws {
        let odd = try odd("appends-lost")
        #expect(odd.all.count == 4 && odd.losses == ["completion-missed"] && odd.counts.withoutCompletion == 2)
    }

    @Test(arguments: [("begun-by-nobody", Issuer.unknown), ("begun-by-a-target", .other)])
    func whoIsNotKnownToBeAUserMayWrite(name: String, issuer: Issuer) throws {
        let odd = try odd(name)
        #expect(odd.all.allSatisfy { $0.operation == .unknown && $0.issuer == issuer } && odd.losses.isEmpty)
    }

    @Test func readsBehindTheEndComeToNothing() throws {
        let odd = try odd("behind-the-end")
        #expect(latencies(odd.all) == [100, 110, 130] && odd.losses.isEmpty)
        #expect(odd.counts.fruitless == 3 && odd.counts.inFlight == 0)
    }

    @Test func theRequestTellsWhereAWaitersDeviceEnded() throws {
        let io = try #require(odd("waiter-elsewhere").all.first)
        #expect(io.interrupted == TextTrace.at(702.000194) && io.times[.raised] == 702_000_190_000)
        #expect(io.endCPU == 1 && io.endContext == .softirq && io.ended == nil)
        #expect(CompletionContext(of: io) == .syncWait)
    }

    @Test func cutLinesHaveNoNumbers() throws {
        let odd = try odd("cut-at-a-column")
        #expect(odd.all.isEmpty && odd.losses == ["trace-unparsed", "begins-unread"])
        #expect(odd.summary.unparsed == 15 && odd.summary.unreadBegins == 5)
    }
}
