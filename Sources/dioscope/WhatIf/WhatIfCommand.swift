// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import DirectIO
import FoundationEssentials
import Glibc
import Host
import Probes
import Rendering
import Sweep

/// `dioscope whatif`: a load of fio with its completions deferred and inline in turn, on this kernel and device.
struct WhatIfCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "whatif",
        abstract: "Measure what inline completion is worth to a load of fio, on this machine.",
        discussion: """
            From 6.19 on the kernel completes direct overwrites inline, but for files of which pages are cached: those it \
            defers to a kworker. So the same load on the same file can be run both ways. fio runs once as it is, which \
            shows its files; then --repeat times with a few pages cached and with none, each once traced and once not, in \
            random order. The gain is of the untraced runs, what made it of the traced ones. Progress goes to standard \
            error, the result to standard output.

            The files must be closed to everybody else. Which of their pages were cached is noted, and put right at the \
            end: also after Ctrl-C, a kill, or a crash. Nothing is written but what fio writes.

            EXAMPLES
              sudo dioscope whatif -- fio job.fio
              sudo dioscope whatif --repeat 10 -- fio --name=db --filename=/data/db --rw=randwrite --direct=1 \\
                   --ioengine=libaio --iodepth=16 --bs=4k --size=1g --runtime=20 --time_based

            EXIT STATUS
              0    success
              2    a run failed, or was not completed as it was to be
              4    fio overwrites no file with direct I/O
              64   usage
              69   this kernel cannot do both, or no fio
              73   a file is in use by another process
              74   something could not be restored
              77   not permitted
              130, 143  stopped by Ctrl-C or SIGTERM
            """)

    @Option(name: .customLong("repeat"), help: "Runs of each of the four kinds; fewer than 3 have no interval.")
    var repeats = 5

    @Option(help: "Of the order of the runs.")
    var seed: UInt64 = 1

    @Option(help: "Keep the captures of the traced runs in this directory.")
    var keepCaptures: String?

    @Flag(help: "Print the result as one JSON object; its form is a contract, see --schema.")
    var json = false

    @Flag(help: "Print the JSON Schema of --json, and nothing else.")
    var schema = false

    @OptionGroup var style: StyleArguments

    @Argument(parsing: .postTerminator, help: "fio and its arguments, after '--'.")
    var command: [String] = []

    func validate() throws {
        if schema { return }
        guard let first = command.first else { throw ValidationError("what load? dioscope whatif -- fio job.fio") }
        guard first.split(separator: "/").last == "fio" else {
            throw ValidationError("\(first): the load must be fio, whose own figures are needed without a recording")
        }
        if let word = command.first(where: { $0.hasPrefix("--output") || $0.hasPrefix("--status-interval") }) {
            throw ValidationError("\(word): fio's output is read here; leave it away")
        }
        if !(1...1000).contains(repeats) { throw ValidationError("--repeat \(repeats): 1 to 1000") }
    }

    func run() throws {
        if schema { return try Terminal.write(JSONSchema.experiment) }
        let plan = try probes()
        let fio = try FioProcess.version()
        GuardState.putRightLeftovers()
        try checkCaptures()
        let session = ExperimentSession(
            command: [command[0], "--output-format=json", "--eta=never"] + command.dropFirst(),
            runs: Experiment.plan(repeats: repeats, seed: seed), probes: plan, captures: keepCaptures)
        let outcome: ExperimentSession.Outcome
        do {
            outcome = try session.run()
        } catch let stop as SweepStopped {
            throw ExitCode(stop.status)
        }
        guard let experiment = Experiment(outcome.runs) else {
            throw Failure(
                .incomplete, "nothing to compare: no untraced run succeeded",
                hint: outcome.failures.first)
        }
        let names = HostFacts.names()
        let page = ExperimentPage(
            experiment, command: command,
            box: "kernel \(names.kernel)  \(names.machine)  \(HostFacts.cpuCount) CPUs  fio \(fio.text)",
            files: outcome.files, failures: outcome.failures, style: style.style(for: Terminal.output))
        try Terminal.write(json ? JSONExperiment(page).bytes : Array(page.text.utf8))
        if !outcome.failures.isEmpty || page.isAmiss { throw ExitCode(ExitStatus.incomplete.rawValue) }
    }

    private func checkCaptures() throws {
        var isDirectory = false
        guard let keepCaptures else { return }
        guard FileManager.default.fileExists(atPath: keepCaptures, isDirectory: &isDirectory), isDirectory else {
            throw Failure(.noInput, "--keep-captures \(keepCaptures): no such directory")
        }
    }

    /// Both ways of completing are there, and dioscope may record.
    private func probes() throws -> ProbePlan {
        let access = KernelAccess()
        let plan = try ProbePlan(permittedBy: access)
        guard plan.completionRule == .flaggedWork else { throw Self.refusal(plan.completionRule) }
        guard access.isInInitialPIDNamespace else { throw Failure.inPIDNamespace() }
        return plan
    }

    /// What this kernel cannot do, and what can be measured on it instead: never the same.
    private static func refusal(_ rule: CompletionRule) -> Failure {
        let kernel = HostFacts.names().kernel
        let sweep = "dioscope sweep --directory DIR --op randwrite --versus engine --engine"
        let proxy = "; that is another way of issuing I/O with costs of its own, and no answer to what inline is worth"
        switch rule {
        case .defersWrites:
            return Failure(
                .unavailable,
                "kernel \(kernel) defers every asynchronous write: inline completion exists only from 6.19 on",
                hint: "what can be measured here: the same by synchronous writes, \(sweep) libaio,psync" + proxy)
        case .flaggedInline:
            return Failure(
                .unavailable,
                "kernel \(kernel) completes no write inline: that is to be had from 6.19 on",
                hint: "what can be measured here: io_uring, where it still completes its writes itself (6.6 to 6.11),"
                    + " \(sweep) libaio,io_uring, and synchronous writes, --engine libaio,psync" + proxy)
        case .flaggedWork, .unknown:
            return Failure(.unavailable, "kernel \(kernel) has no iomap direct I/O: nothing is deferred by its rules")
        }
    }
}
