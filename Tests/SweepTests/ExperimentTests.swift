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
