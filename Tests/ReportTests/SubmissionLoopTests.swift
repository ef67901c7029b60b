// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import TestSupport
import Testing

@testable import Report

/// Submitters of several kinds, whose I/Os take 200 us and some more.
struct SubmissionLoopTests {
    private typealias Event = (submitted: UInt64, ended: UInt64)

    /// - Parameter workers: of 16 I/Os in a row, how many a worker of the thread's ring submits.
    private static func loop(
        _ events: [Event], parts: Int = 1, workers: Int = 0, worker: String = "iou-wrk-7"
    ) -> LoopAccumulator.Finding {
        var accumulators = [LoopAccumulator](repeating: LoopAccumulator(), count: parts)
        let names: [UInt32: ThreadName] = [
            7: ThreadName(thread: 7, process: 7, name: "fio"), 8: ThreadName(thread: 8, process: 7, name: worker),
        ]
        for (number, event) in events.enumerated() {
            let io = DirectIO(
                submitted: Timestamp(nanoseconds: event.submitted), submitterThread: number / 16 % 16 < workers ? 8 : 7,
                device: DeviceNumber(major: 8, minor: 0), inode: 1, offset: 0, length: 4096, operation: .write,
                issuer: .libaio)
            accumulators[number % parts].add(io, latency: event.ended - event.submitted)
        }
        for part in accumulators.dropFirst() { accumulators[0].add(part) }
        return accumulators[0].finding(names)
    }

    /// - Parameters:
    ///   - batch: completions that are taken at once.
    ///   - pause: nanoseconds of thinking after each I/O, and once in `every` I/Os.
    private static func closed(
        depth: Int, batch: Int = 1, count: Int = 12_000, pause: UInt64 = 0, every: Int = 1
    ) -> [Event] {
        var random = SeededGenerator(seed: UInt64(depth))
        var events: [Event] = []
        var inFlight: [UInt64] = []
        var now: UInt64 = 1_000_000
        while events.count < count {
            if inFlight.count >= depth {
                inFlight.sort()
                now = max(now, inFlight[batch - 1] + 3_000)
                inFlight.removeFirst(batch)
            }
            for _ in 0..<(inFlight.isEmpty ? depth : depth - inFlight.count) {
                now += 4_000 + (events.count % every == 0 ? pause : 0)
                let ended = now + 200_000 + UInt64.random(in: 0..<30_000, using: &random)
                events.append((now, ended))
                inFlight.append(ended)
            }
        }
        return events
    }

    private static func paced(interval: UInt64, burst: Int, random: Bool) -> [Event] {
        var generator = SeededGenerator(seed: interval)
        var now: UInt64 = 1_000_000
        return (0..<12_000).map { number in
            let wait = interval * UInt64(burst)
            if number % burst == 0 {
                now += random ? UInt64.random(in: 0..<2 * wait, using: &generator) : wait
            } else {
                now += 4_000
            }
            return (now, now + 200_000 + UInt64.random(in: 0..<30_000, using: &generator))
        }
    }

    /// CPUs that do little but these I/Os.
    private static func pressure(
        busy: Double, utilization: Double = 0.3, contention: Double = 0.5, others: Double = 0
    ) -> CPUPressure {
        CPUPressure(
            worked: busy, workedAnywhere: busy, utilization: utilization, mostUtilization: utilization,
            contention: contention, others: others)
    }

    @Test(arguments: [1, 2, 4, 16, 64])
    func whoeverWaitsForCompletionsIsInAClosedLoop(depth: Int) {
        #expect(Self.loop(Self.closed(depth: depth)).loop == .closed)
    }

    /// io_uring's worker submits for the thread whose ring it serves: by itself neither of them is in a closed loop.
    @Test(arguments: [1, 4])
    func aWorkerOfTheRingSubmitsForItsThread(depth: Int) {
        let events = Self.closed(depth: depth)
        #expect(Self.loop(events, workers: 4).loop == .closed)
        #expect(Self.loop(events, workers: 4, worker: "kworker/1:2").loop != .closed)
        #expect(Self.loop(events, workers: 4, worker: "iou-wrk-").loop != .closed)
    }

    @Test func completionsTakenInBatchesAreAClosedLoopToo() {
        #expect(Self.loop(Self.closed(depth: 16, batch: 8)).loop == .closed)
    }

    @Test(arguments: [1, 4, 16], [false, true])
    func aPaceOfTheirOwnIsNone(burst: Int, random: Bool) {
        let finding = Self.loop(Self.paced(interval: 50_000, burst: burst, random: random))
        // 20 us of CPU time an I/O: whoever sleeps longer than that does not wait for completions.
        #expect(finding.loop(Self.pressure(busy: 20_000)) != .closed)
        if burst > 1 { #expect(finding.loop == .paced) }
    }

    /// A quota stops the submitter for most of every 100 ms, a think time after each few I/Os.
    @Test func aSubmitterThatIsStoppedIsNotInAClosedLoop() {
        #expect(Self.loop(Self.closed(depth: 4, pause: 50_000_000, every: 1_000)).loop == .paced)
        #expect(Self.loop(Self.closed(depth: 4, pause: 1_000_000, every: 8)).loop == .paced)
    }

    /// Whoever had the CPU meanwhile may have kept the submitter from it.
    @Test func aBusyCPUIsNoPace() {
        let finding = Self.loop(Self.closed(depth: 4, pause: 1_000_000, every: 8))
        #expect(finding.loop(Self.pressure(busy: 20_000)) == .paced)
        #expect(finding.loop(Self.pressure(busy: 200_000, utilization: 0.9)) == .unknown)
    }

    @Test func whatChangesLaterIsNotKnown() {
        var events = Self.closed(depth: 4)
        let last = events.last?.submitted ?? 0
        events += (0..<6_000).map { number in
            let at = last + UInt64(number + 1) * 500_000
            return (at, at + 200_000)
        }
        #expect(Self.loop(events).loop == .unknown)
    }

    /// A rate that is kept by catching up: six at once, which all end before the next six, and 16 in flight but once.
    @Test func aRateThatIsCaughtUpWithIsNoClosedLoop() {
        let events = (0..<6_000).map { number in
            let at: UInt64 = 1_000_000 + UInt64(number / 6) * 300_000 + UInt64(number % 6) * 12_000
            return (at, at + (number < 16 ? 900_000 : 215_000))
        }
        #expect(Self.loop(events).loop == .unknown)
    }

    /// The same, by what the CPUs did: with time left nobody waited for a place; a full CPU is the limit, whoever submits.
    @Test func theCPUsDecideWhatTheGapsDoNot() {
        let events = (0..<6_000).map { number in
            let at: UInt64 = 1_000_000 + UInt64(number / 6) * 300_000 + UInt64(number % 6) * 12_000
            return (at, at + (number < 1_000 ? 900_000 : 215_000))
        }
        let finding = Self.loop(events)
        #expect(finding.loop == .unknown)
        #expect(finding.loop(Self.pressure(busy: 30_000)) == .paced)
        // Somebody else may have kept the submitter from the CPU.
        #expect(finding.loop(Self.pressure(busy: 30_000, others: 0.5)) == .unknown)
        #expect(finding.loop(Self.pressure(busy: 30_000, utilization: 0.8, contention: 1)) == .unknown)
        #expect(finding.loop(Self.pressure(busy: 50_000, utilization: 0.99, contention: 1)) == .closed)
    }

    @Test func placesThatAreTakenAtOnceAreFilled() throws {
        let events = Self.closed(depth: 4).map { ($0.submitted, $0.ended) }
        let places = try #require(FlightSlots([events, events]))
        #expect(places.areFilled && !places.areLeftEmpty)
        #expect(FlightSlots([]) == nil)
        #expect(FlightSlots([Array(events.prefix(10))]) == nil)
    }

    @Test func fewAreNotEnough() {
        #expect(Self.loop(Self.closed(depth: 1, count: 150)).loop == .unknown)
    }

    @Test(arguments: [2, 3, 7])
    func theOrderMakesNoDifference(parts: Int) {
        let all = Self.closed(depth: 16)
        let (one, other) = (Self.loop(all.reversed(), parts: parts), Self.loop(all))
        #expect(one.loop == other.loop && one.gap == other.gap)
        let paced = Self.paced(interval: 50_000, burst: 4, random: true)
        #expect(Self.loop(paced.reversed(), parts: parts).loop == .paced)
    }
}
