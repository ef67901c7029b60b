// SPDX-License-Identifier: GPL-2.0-only

import Glibc
import Host
import Probes
import Recording
import Rendering
import Sweep

/// A sweep from its first run to its last one, with its progress on standard error.
struct SweepSession {
    let header: SweepLog.Header
    let file: SweepLogFile
    /// In order.
    let runs: [PlannedRun]
    let probes: ProbePlan
    /// Where captures stay; `nil`: each goes away with its run.
    let captures: String?

    /// How many runs failed.
    ///
    /// - Throws: what ends a sweep; the toggles are as they were, and the file is there to go on with.
    func run() throws -> Int {
        let guardian = try Guardian()
        let failed: Int
        do {
            failed = try run(guardian)
        } catch {
            _ = guardian.dismiss()
            throw error
        }
        guard guardian.dismiss() else {
            throw Failure(.inputOutput, "the sweep is over, and not all of what it changed could be put right")
        }
        return failed
    }

    private func run(_ guardian: Guardian) throws -> Int {
        Interruption.watch()
        let runner = SweepRunner(plan: header.plan, probes: probes, guardian: guardian, capture: capture)
        let progress = SweepProgress(header.plan, total: runs.count)
        let start = HostClock.monotonic
        var failed = 0
        for (index, planned) in runs.enumerated() {
            show(progress.line(planned, number: index + 1, left: left(after: index, since: start)), stays: false)
            guard Interruption.received == nil, let result = try runner.run(planned) else {
                throw stopped(after: index)
            }
            try file.append(SweepLog.line(result.record, report: result.report))
            if result.record.failure != nil { failed += 1 }
            let left = left(after: index + 1, since: start)
            show(progress.line(result.record, number: index + 1, left: left), stays: true)
        }
        return failed
    }

    /// From the duration of the runs so far; before the first, from fio's run time.
    private func left(after done: Int, since start: UInt64) -> UInt64 {
        let each = header.plan.ramp + header.plan.runtime + 1_000_000_000
        let known = done == 0 ? each : (HostClock.monotonic - start) / UInt64(done)
        return known.multipliedReportingOverflow(by: UInt64(runs.count - done)).partialValue
    }

    /// What is only for now is shown on a terminal alone.
    private func show(_ line: String, stays: Bool) {
        let isTerminal = Terminal.isTerminal(Terminal.messages)
        guard stays || isTerminal else { return }
        let text = line + (stays ? "\n" : "")
        if isTerminal { Terminal.replaceLine(with: text) } else { try? Terminal.write(text, to: Terminal.messages) }
    }

    private func stopped(after done: Int) -> any Error {
        show("", stays: false)
        Terminal.say("stopped after \(done) of \(runs.count) runs")
        Terminal.advise("to go on: dioscope sweep --resume \(file.path)")
        return SweepStopped(signal: Interruption.received ?? SIGINT)
    }

    private func capture(of run: PlannedRun) -> (path: String, isKept: Bool) {
        guard let captures else { return ("\(file.path).capture-\(getpid())", false) }
        let cell = run.cell
        let words =
            [cell.target.label, cell.engine.rawValue, "qd\(cell.depth)", "\(cell.blockSize)", cell.op.rawValue]
            + (cell.placement.map { ["cpus" + $0.label] } ?? []) + cell.settings + ["\(run.repetition + 1)"]
        let name = String(
            words.joined(separator: "-").map { $0.isLetter || $0.isNumber || "-_.".contains($0) ? $0 : "_" })
        return ("\(captures)/\(name).dioscope", true)
    }
}

/// The user has ended the sweep.
struct SweepStopped: Error {
    let signal: Int32
    var status: Int32 { 128 + signal }
}
