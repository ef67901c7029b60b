// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Rendering
import Report
import TestSupport

@testable import Sweep

/// Sweeps whose truth is known: every run is saved and read as a real one's.
struct SyntheticSweep: Sendable {
    var kernel = "6.12"
    var engines: [Engine] = [.libaio]
    var depths = [1, 16]
    var toggles: [Toggle] = []
    var repeats = 3
    var hasControls = true
    var fileSystem = "ext4"
    /// Nanoseconds in the queue, by the settings of the toggles; `nil`: completed in the interrupt.
    var queueWait: @Sendable ([String]) -> UInt64? = { _ in 50_000 }
    var iops: @Sendable (PlannedRun) -> Double = { _ in 1000 }
    var failure: @Sendable (PlannedRun) -> String? = { _ in nil }

    var plan: SweepPlan {
        var plan = SweepPlan(
            targets: [Target(kind: .directory, path: "/mnt/\(kernel)", fileSystem: fileSystem)], engines: engines,
            depths: depths, blockSizes: [4096], ops: [.randwrite])
        (plan.toggles, plan.repeats, plan.hasControls) = (toggles, repeats, hasControls)
        plan.versus = toggles.isEmpty ? nil : .toggle
        return plan
    }

    var header: SweepLog.Header {
        SweepLog.Header(
            recorder: "0", host: "box", kernel: kernel, machine: "x86_64", cpus: 2, fio: "3.33", started: 5, plan: plan)
    }

    /// - Parameter count: of the runs, in their order; `nil`: all.
    func content(_ count: Int? = nil) -> [UInt8] {
        plan.runs.prefix(count ?? .max).reduce(SweepLog.line(header)) { $0 + line($1) }
    }

    func line(_ run: PlannedRun) -> [UInt8] {
        var record = FinishedRun.Record(planned: run, started: 6, submitEndShare: run.isTraced ? 0.25 : nil)
        if let failure = failure(run) {
            record.failure = failure
            return SweepLog.line(record, report: nil)
        }
        let wobble = 1 + 0.001 * Double(run.repetition)
        let iops = iops(run) * wobble * (run.isTraced ? 0.9 : 1)
        record.fio = FioResult(ios: 100, iops: iops, bytesPerSecond: iops * 4096, meanLatency: 1e9 / iops)
        return SweepLog.line(record, report: run.isTraced ? report(run) : nil)
    }

    func log() throws -> SweepLog { try SweepLog(content()) }

    private func report(_ run: PlannedRun) -> [UInt8] {
        var builder = ReportBuilder(rule: .defersWrites)
        for _ in 0..<20 { builder.add(io(run)) }
        let source = ReportSource(kind: "test", isComplete: true)
        return JSONReport(builder.finish(source: source, loss: []), isPretty: false).bytes.dropLast()
    }

    private func io(_ run: PlannedRun) -> DirectIO {
        let ended = 100_000 + 10 * run.repetition
        guard let wait = queueWait(run.cell.settings) else {
            return Life.make(
                complete: .hardirq, facts: [.write, .endSeen, .endDecides],
                times: [(\.issued, 3_000), (\.interrupted, ended), (\.ended, ended), (\.completed, ended + 2_000)])
        }
        let started = ended + Int(wait)
        return Life.make(
            complete: .kworker, facts: [.write, .endSeen, .endDecides],
            times: [
                (\.issued, 3_000), (\.interrupted, ended), (\.ended, ended), (\.workQueued, ended),
                (\.workStarted, started), (\.completed, started + 2_000),
            ])
    }
}
