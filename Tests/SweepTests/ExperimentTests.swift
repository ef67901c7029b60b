// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import Sweep

@Suite struct ExperimentTests {
    private static func run(_ completion: Experiment.Completion, _ number: Int, _ iops: Double, isTraced: Bool = false)
        -> Experiment.FinishedRun
    {
        Experiment.FinishedRun(
            run: Experiment.Run(completion: completion, repetition: number, isTraced: isTraced),
            fio: FioResult(ios: 1000, iops: iops, bytesPerSecond: 1, meanLatency: 1e9 / iops))
    }

    /// Interleaved: each repeat has all four kinds, and not always in the same order.
    @Test func everyRepeatHasEachKindOnce() {
        let runs = Experiment.plan(repeats: 8, seed: 3)
        #expect(runs.count == 32)
        var orders: Set<String> = []
        for repetition in 0..<8 {
            let some = runs[(4 * repetition)..<(4 * repetition + 4)]
            #expect(some.allSatisfy { $0.repetition == repetition })
            #expect(Set(some.map { "\($0.completion)\($0.isTraced)" }).count == 4)
            orders.insert(some.map { "\($0.completion)\($0.isTraced)" }.joined())
        }
        #expect(orders.count > 2)
    }

    @Test func theGainIsOfTheUntracedRuns() throws {
        let runs = [100.0, 102, 98].enumerated().flatMap { number, iops in
            [
                Self.run(.deferred, number, iops), Self.run(.inline, number, iops * 1.5),
                Self.run(.deferred, number, iops / 2, isTraced: true), Self.run(.inline, number, iops, isTraced: true),
            ]
        }
        let experiment = try #require(Experiment(runs))
        let relative = try #require(experiment.iops.relative)
        #expect(abs(relative.value - 0.5) < 1e-9)
        #expect(relative.interval?.contains(0.5) == true)
        #expect(experiment.iops.isSignificant == true)
        #expect(experiment.repeats == 3)
        #expect(abs((experiment.tracing[.deferred]?.relative?.value ?? 0) + 0.5) < 1e-9)
        // No run has a report.
        #expect(experiment.recorded == nil)
        #expect(experiment.kworkerShare(.deferred) == nil)
    }

    /// A thousand I/Os in 100 ms and in 99: what fio calls a gain of 1% may be none, or twice that.
    @Test func shortRunsAreKnownToTheMillisecond() throws {
        let runs = (0..<3).flatMap { [Self.run(.deferred, $0, 10_000), Self.run(.inline, $0, 1e6 / 99)] }
        let experiment = try #require(Experiment(runs))
        let interval = try #require(experiment.iops.relative?.interval)
        #expect(interval.contains(0.02) && interval.contains(0) && !interval.contains(0.03))
        #expect(experiment.iops.isSignificant == false)
        #expect(experiment.latency.isSignificant == true)
    }

    /// A write looks for cached pages for 900 ns; at 100,000 of them a second on one CPU that is 9% of its time.
    @Test func whatCachedPagesCostIsNotInlineCompletions() throws {
        func run(_ completion: Experiment.Completion, _ number: Int, _ nanoseconds: Double, iops: Double)
            -> [Experiment.FinishedRun]
        {
            let isTraced = Experiment.Run(completion: completion, repetition: number, isTraced: true)
            let quick = CachedPagesCost.QuickWrite(
                submission: 3000 + nanoseconds * 2 / 3, completion: 600 + nanoseconds / 3, submittedOn: [1000, 0])
            return [
                Self.run(completion, number, iops),
                Experiment.FinishedRun(run: isTraced, fio: Self.run(completion, number, iops).fio, quick: quick),
            ]
        }
        func experiment(_ inline: Double) throws -> Experiment {
            let deferred = [99_900.0, 100_000, 100_100].enumerated().flatMap { run(.deferred, $0, 900, iops: $1) }
            return try #require(
                Experiment(deferred + (0..<3).flatMap { run(.inline, $0, 0, iops: inline + Double($0)) }))
        }
        let gains = try experiment(125_000)
        let cost = try #require(gains.cachedPages)
        #expect(abs(cost.submission - 600) < 1e-6 && abs(cost.completion - 300) < 1e-6)
        let (whole, alone) = (try #require(gains.iops.relative?.interval), try #require(gains.inlineAlone))
        #expect(abs((1 + alone.lowerBound) / (1 + whole.lowerBound) - 0.91) < 1e-6)
        #expect(alone.upperBound == whole.upperBound)
        // A load that gains nothing does not wait for that either.
        #expect(try experiment(100_000).inlineAlone == nil)
    }

    /// Of several CPUs each has a part of it; but two may be of one core.
    @Test func cachedPagesCostEachCPUItsPart() throws {
        func cost(_ submittedOn: [UInt64]) throws -> Double {
            func write(_ nanoseconds: Double) -> CachedPagesCost.QuickWrite {
                CachedPagesCost.QuickWrite(submission: nanoseconds, completion: 1, submittedOn: submittedOn)
            }
            return try #require(CachedPagesCost(deferred: [write(1500)], inline: [write(500)])).share(at: 100_000)
        }
        #expect(try abs(cost([7]) - 0.1) < 1e-9)
        #expect(try abs(cost([7, 7]) - 0.1) < 1e-9)
        #expect(try abs(cost([7, 7, 7, 7]) - 0.05) < 1e-9)
        #expect(CachedPagesCost(deferred: [], inline: []) == nil)
    }

    @Test func oneSideIsNoExperiment() {
        #expect(Experiment([Self.run(.deferred, 0, 1), Self.run(.inline, 0, 1, isTraced: true)]) == nil)
    }

    @Test func severalJobsAreAddedUp() throws {
        let job = { (iops: Int) in
            """
            {"error": 0, "read": {"iops": 0, "bw_bytes": 0, "total_ios": 0, "lat_ns": {"mean": 0}},
             "write": {"iops": \(iops), "bw_bytes": 1, "total_ios": \(iops), "lat_ns": {"mean": 5}}}
            """
        }
        let output = Array("{\"jobs\": [\(job(3)), \(job(4))]}".utf8)
        #expect(try FioResult(output: output, countsJobs: true).iops == 7)
        #expect(throws: FioResult.Problem.self) { try FioResult(output: output) }
    }
}
