// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Comparison
import DirectIO
import FoundationEssentials
import Glibc
import Host
import Probes
import Recording
import Rendering
import Report
import Selection
import Sweep

/// An experiment from fio's first run to its last one, with its progress on standard error.
struct ExperimentSession {
    /// fio's words, with its output as JSON.
    let command: [String]
    /// In order.
    let runs: [Experiment.Run]
    let probes: ProbePlan
    /// Where captures stay; `nil`: each goes away with its run.
    let captures: String?

    struct Outcome {
        var runs: [Experiment.FinishedRun] = []
        var files: [ExperimentPage.File] = []
        /// Why runs failed: each reason once. Untrusted.
        var failures: [String] = []
    }

    /// The first run may lay out files; the others take about as long as it did.
    private static let firstMilliseconds: UInt64 = 86_400_000
    private static let graceMilliseconds: UInt64 = 60_000

    /// - Throws: what ends an experiment; pages are cached as they were.
    func run() throws -> Outcome {
        let guardian = try Guardian()
        let outcome: Outcome
        do {
            outcome = try run(guardian)
        } catch {
            _ = guardian.dismiss()
            throw error
        }
        guard guardian.dismiss() else {
            throw Failure(.inputOutput, "the experiment is over, and not all of what it changed could be put right")
        }
        return outcome
    }

    private func run(_ guardian: Guardian) throws -> Outcome {
        Interruption.watch()
        let fio = GuardedFio(guardian: guardian, probes: probes, countsJobs: true)
        var outcome = Outcome()
        let named = ExperimentFiles.named(in: command)
        for file in named { try ExperimentFiles.refuseUsed(file) }
        let before = try ExperimentFiles.note(named, guardian)
        let start = HostClock.monotonic
        let files = try watched(fio)
        let milliseconds = 4 * (HostClock.monotonic - start) / 1_000_000 + Self.graceMilliseconds
        try files.refuseUsed()
        outcome.files = try ExperimentFiles.note(files.files, guardian).map { file in
            before.first { $0.path == file.path } ?? file
        }
        for (index, run) in runs.enumerated() {
            say("[\(index + 1)/\(runs.count)] \(run.completion.rawValue)\(run.isTraced ? ", traced" : "")")
            guard Interruption.received == nil else { throw stopped(after: index) }
            do {
                try files.refuseUsed()
                if let problem = files.setCached(run.completion) { throw RunFailure(reason: problem) }
                outcome.runs.append(try finished(run, fio, files, milliseconds))
            } catch let failure as RunFailure {
                guard Interruption.received == nil else { throw stopped(after: index) }
                if !outcome.failures.contains(failure.reason) { outcome.failures.append(failure.reason) }
            }
        }
        guard Interruption.received == nil else { throw stopped(after: runs.count) }
        return outcome
    }

    /// fio as it is, recorded, to see what it writes to.
    private func watched(_ fio: GuardedFio) throws -> ExperimentFiles {
        say("fio as it is, to see its files")
        let watch = OpenFileWatch()
        let capture = path(of: nil)
        defer { unlink(capture) }
        do {
            _ = try fio.traced(
                command, milliseconds: Self.firstMilliseconds, into: capture, isKept: false, started: watch.start)
        } catch let failure as RunFailure {
            _ = watch.end()
            guard Interruption.received == nil else { throw stopped(after: 0) }
            throw Failure(.incomplete, failure.reason)
        }
        let paths = watch.end()
        guard Interruption.received == nil else { throw stopped(after: 0) }
        return try ExperimentFiles(paths)
    }

    private func finished(
        _ run: Experiment.Run, _ fio: GuardedFio, _ files: ExperimentFiles, _ milliseconds: UInt64
    ) throws -> Experiment.FinishedRun {
        let keeper = PageKeeper(run.completion == .deferred ? files.paths : [])
        defer { keeper.end() }
        guard run.isTraced else {
            return Experiment.FinishedRun(run: run, fio: try fio.untraced(command, milliseconds: milliseconds))
        }
        let capture = path(of: run)
        defer { if captures == nil { unlink(capture) } }
        let result = try fio.traced(command, milliseconds: milliseconds, into: capture, isKept: captures != nil)
        let report = try MadeReport(of: capture).report
        let json = Data(JSONReport(report, isPretty: false).bytes)
        let saved: SavedReport
        do {
            saved = try SavedReport(json: json, name: run.completion.rawValue)
        } catch {
            throw RunFailure(reason: error.reason)
        }
        return Experiment.FinishedRun(run: run, fio: result, report: saved, quick: try Self.quickWrite(in: capture))
    }

    /// `nil` when nothing in the capture is a write that was submitted and completed by iomap.
    private static func quickWrite(in capture: String) throws -> CachedPagesCost.QuickWrite? {
        var wishes = ReportWishes(percentiles: [25])
        wishes.selection = try IOSelection(parsing: "op=write")
        let report = try MadeReport(of: capture, wishes).report
        func quartile(_ stages: AtomicStage...) -> Double? {
            stages.compactMap { report.stage(Stage($0)) }.max { $0.durations.ios < $1.durations.ios }?
                .durations.chosen.first.map { Double($0) }
        }
        guard let submission = quartile(.submit), let completion = quartile(.completionWork, .inlineCompletion) else {
            return nil
        }
        let rows = report.placement?.rows ?? []
        let byCPU = Dictionary(rows.map { ($0.submitCPU, $0.ios) }) { $0 + $1 }
        return CachedPagesCost.QuickWrite(
            submission: submission, completion: completion, submittedOn: Array(byCPU.values))
    }

    private func path(of run: Experiment.Run?) -> String {
        let name = run.map { "\($0.completion.rawValue)-\($0.repetition + 1)" } ?? "first"
        guard let captures, run != nil else { return "/tmp/dioscope-whatif-\(getpid())-\(name).dioscope" }
        return "\(captures)/whatif-\(name).dioscope"
    }

    private func say(_ line: String) { Terminal.say(line) }

    private func stopped(after done: Int) -> any Error {
        Terminal.say("stopped after \(done) of \(runs.count) runs")
        return SweepStopped(signal: Interruption.received ?? SIGINT)
    }
}
