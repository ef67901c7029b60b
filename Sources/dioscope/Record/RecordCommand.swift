// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Capture
import DirectIO
import FoundationEssentials
import Glibc
import Host
import Probes
import Recording
import Report
import SystemPackage

/// `dioscope record`: follow direct I/Os live into a capture file, then print the report.
struct RecordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Record the life of every direct I/O into a capture, then report where the time went.",
        discussion: """
            With COMMAND it records the I/Os of COMMAND and its children until COMMAND ends; its output is left \
            alone, the report goes to standard error, and dioscope exits as COMMAND did. Without, it records \
            everything until Ctrl-C or --duration, and the report goes to standard output. A second Ctrl-C aborts.

            EXAMPLES
              sudo dioscope record -- fio job.fio
              sudo dioscope record -o run1.dioscope --duration 10s
              sudo dioscope record --pid 4711 --device nvme0n1
              sudo dioscope record --file /data/db/wal
              sudo dioscope record --no-occupants --sample 1/100 --duration 1h
              sudo dioscope record --summary --duration 1h
              sudo dioscope record --slower 10ms --duration 1h
              sudo dioscope record -- fio --output-format=json job.fio
              sudo dioscope record --max-overhead 2% -- fio job.fio
              dioscope record --how trace-cmd --kernel 5.10

            EXIT STATUS
              that of COMMAND; where that is 0, or without COMMAND:
              0    I/Os were recorded
              4    no direct I/O was recorded
              126  COMMAND cannot be run
              127  there is no such COMMAND
              64   usage
              69   not available on this kernel
              73   the capture cannot be created
              74   it cannot be written (disk full)
              77   not permitted
            """)

    @Option(name: .shortAndLong, help: "Capture file to create; never overwrites. Default: a name from the time.")
    var output: String?

    @Option(help: "Stop after this long: 10s, 500ms, 1h30m.")
    var duration: TimeSpan?

    @OptionGroup(title: "Filters (all must hold)") var filters: FilterArguments

    @OptionGroup var sampling: SampleArguments

    @Option(help: "Memory for records on their way to the file: 512K, 32M, 1G.")
    var buffer = ByteSize(bytes: 32 << 20)

    @Option(help: "I/Os in flight that can be followed; a power of two.")
    var slots = 65536

    @Flag(
        inversion: .prefixedNo,
        help: "Pack the capture: about 1/7 of the size, for less CPU time than writing it unpacked.")
    var pack = true

    @Flag(
        // "holders" is what it was called in earlier versions.
        name: [.long, .customLong("holders")], inversion: .prefixedNo,
        help: "Trace which task or interrupt is on each CPU, to show what deferred completions waited for.")
    var occupants = true

    @Flag(
        help: ArgumentHelp(
            "Keep histograms in the kernel instead of a record of every I/O.",
            discussion: "Small whatever the rate, and next to nothing to read. Lacks single I/Os and CPU numbers."))
    var summary = false

    @Option(
        help: ArgumentHelp(
            "Record in bursts, when to record everything takes more of the CPU time than this: 2%.",
            discussion: """
                An estimate, measured again and again; the first 20,000 I/Os are always recorded, and more than the limit \
                lets as long as they are few. What it chooses is reported. (default: 3%)
                """,
            valueName: "P%"))
    var maxOverhead: Percentage?

    @Flag(help: "Record everything all the time, whatever it costs.")
    var full = false

    @Option(
        help: ArgumentHelp(
            "Record everything for LENGTH of every PERIOD: 100ms/1s. All I/Os are counted.",
            discussion: "In each period at a time of its own, chosen at random.", valueName: "LENGTH/PERIOD"))
    var burst: BurstArgument?

    @OptionGroup(title: "Without BPF") var how: HowArguments

    @Flag(help: "Have the kernel measure what each probe costs, and print it; that costs about as much again.")
    var probeCost = false

    @Option(
        help: ArgumentHelp(
            "Print each I/O that takes at least so long, as it completes: 10ms, 500us.",
            discussion: "A line each, at most 50 a second."))
    var slower: TimeSpan?

    @Flag(name: .shortAndLong, help: "Do not print the report.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Print libbpf's messages too.")
    var verbose = false

    @Argument(parsing: .postTerminator, help: "Command to run and trace, after '--'.")
    var command: [String] = []

    func validate() throws {
        guard slots.nonzeroBitCount == 1, (64...1 << 22).contains(slots) else {
            throw ValidationError("--slots must be a power of two from 64 to 4194304")
        }
        if maxOverhead != nil && summary {
            throw ValidationError("--max-overhead and --summary exclude each other: sums cannot be evened out later")
        }
        if slower != nil && (burst != nil || maxOverhead != nil) {
            throw ValidationError("--slower needs every I/O: it excludes --burst and --max-overhead")
        }
        if slower != nil && summary {
            throw ValidationError("--slower and --summary exclude each other: most I/Os have no record then")
        }
        if full && (maxOverhead != nil || burst != nil || sampling.sample.every > 1 || summary) {
            throw ValidationError(
                "--full records everything: it excludes --max-overhead, --burst, --sample and --summary")
        }
        if burst != nil && (maxOverhead != nil || summary) {
            throw ValidationError("--burst excludes --max-overhead, which chooses bursts itself, and --summary")
        }
        if maxOverhead != nil && sampling.sample.every > 1 {
            throw ValidationError("--max-overhead and --sample exclude each other: the limit chooses what is recorded")
        }
        if maxOverhead != nil && probeCost {
            throw ValidationError("--max-overhead and --probe-cost exclude each other: measuring costs, too")
        }
    }

    /// Who chose a sample, or sums, has chosen; and who wants each slow I/O wants them all.
    private var limit: Double? {
        if let maxOverhead { return maxOverhead.part }
        let isChosen =
            full || burst != nil || summary || probeCost || slower != nil || sampling.sample.every > 1
        return isChosen || !OverheadMeter.isPossible ? nil : Self.defaultLimit
    }

    private static let defaultLimit = 0.03

    func run() throws {
        if try how.answer() { return }
        let access = KernelAccess()
        var filter = try filters.filter(tracesCommand: !command.isEmpty, access: access)
        var paths = try outputPaths()
        var plan = try ProbePlan(permittedBy: access)
        if !occupants { plan.leaveOutOccupants(because: "not asked for: --no-occupants") }
        CommandFiles(command).warn()

        filter.sampleEvery = sampling.sample.every
        filter.mayPause = limit != nil || burst != nil

        var sizes = LiveProbes.Sizes()
        sizes.ringBytes = buffer.bytes
        sizes.slots = slots
        sizes.keepsSummaries = summary
        let end = duration == nil ? "; Ctrl-C ends it" : ""
        let messages = RecordingMessages(
            announcement: command.isEmpty ? end : nil, slowOutput: command.isEmpty ? Terminal.output : Terminal.messages
        )
        let account = FioAccount.destination(in: command)
        let held = account == .standardOutput ? HeldOutput() : nil
        let recorder = Recorder(command: command, duration: duration?.nanoseconds, listener: messages) { words in
            try TracedCommand(words, outputs: held.map { ($0.descriptor, Terminal.messages) })
        }
        recorder.maxOverhead = limit
        recorder.burstPlan = burst?.plan
        recorder.slowFrom = slower?.nanoseconds
        switch account {
        case .file(let json):
            let started = HostClock.wall
            recorder.account = { FioAccount.read(json, since: started) }
        case .standardOutput: recorder.account = { held.flatMap { FioAccount.account(from: $0.content) } }
        case nil: break
        }
        let outcome = try recording { () throws(RecordingError) in
            try recorder.prepare(plan: plan, filter: filter, sizes: sizes, isVerbose: verbose)
            Interruption.watch()
            try create(&paths, recorder)
            if probeCost { try recorder.measureCost() }
            return try recorder.run()
        }
        try held?.passOn()

        let path = paths[0]
        // What it cannot say is said below, when it is printed.
        let made = quiet && outcome.ios > 0 ? nil : try? MadeReport(of: path.string)
        // Before all numbers, which are of the part that was written.
        let failure = outcome.failure.map { Failure($0) }
        failure?.say()
        Terminal.say(outcome.summary(path: path.string, incomplete: made?.incompleteIOs))
        if probeCost {
            try Terminal.write(ProbeCostTable.text(recorder.costs, ios: outcome.ios) + "\n", to: Terminal.messages)
        }
        sayWhoRunsOn(outcome.outliving)
        if outcome.ios == 0, failure == nil { sayWhy(outcome, made) }
        if !quiet { try printReport(made, of: path) }
        let status = outcome.commandStatus ?? 0
        let own = failure?.status ?? (outcome.ios == 0 ? .nothing : .ok)
        throw ExitCode(status != 0 ? status : own.rawValue)
    }

    /// A recording ends with its command, not with what that has started.
    private func sayWhoRunsOn(_ processes: [String]) {
        guard let last = processes.last else { return }
        let which =
            processes.count == 1
            ? "\(last), which it started, runs on"
            : "\(processes.count) processes that it started, such as \(last), run on"
        Terminal.say("the command has ended, and \(which): what comes from there now is not recorded")
        Terminal.advise("let the command wait for them, as with 'wait' in a shell, or record with --pid or --cgroup")
    }

    /// Nothing was seen: of what is known to have been there, why, or else what could not be seen.
    private func sayWhy(_ outcome: Outcome, _ made: MadeReport?) {
        if outcome.counters.restarted > 0, outcome.counters.lost == 0 {
            return Terminal.say(
                "\(outcome.counters.restarted) direct I/Os came to nothing: they read behind the end of a file, or"
                    + " would have had to wait and may not")
        }
        if let absence = made?.absence {
            Terminal.say(absence.reason)
            if let remedy = absence.remedy { Terminal.advise(remedy) }
            return
        }
        if outcome.counters.lost > 0 {
            return Terminal.say("there was direct I/O, and all of it was lost: the report says how")
        }
        if outcome.counters.inFlight > 0 {
            return Terminal.say("there was direct I/O, and none of it was complete when the recording ended")
        }
        let unseen = ReportSource.kinds(in: outcome.blindTo)
        guard !unseen.isEmpty else {
            let which = filters.words.isEmpty ? "" : " that passes the filters"
            return Terminal.say("there was no direct I/O meanwhile" + which)
        }
        Terminal.say(
            "there was no direct I/O, or only of kinds that this kernel lets no probe see: "
                + unseen.joined(separator: "; "))
        Terminal.advise("'dioscope check' says why they are blind")
    }

    /// Standard output belongs to the traced command, if there is one.
    private func printReport(_ made: MadeReport?, of path: FilePath) throws {
        let descriptor = command.isEmpty ? Terminal.output : Terminal.messages
        let text = try (made ?? MadeReport(of: path.string)).text(StyleArguments.style(for: descriptor))
        try Terminal.write("\n" + text, to: descriptor)
    }

    /// Somebody else may have taken a name since it was found free: then the next one, and it is the first afterwards.
    private func create(_ paths: inout [FilePath], _ recorder: Recorder) throws(RecordingError) {
        while true {
            do throws(RecordingError) {
                return try recorder.create(
                    paths[0], filters: filters.words + sampling.words, packing: pack ? .columns : .off,
                    recorder: Dioscope.version)
            } catch {
                guard case .capture(.exists) = error, paths.count > 1 else { throw error }
                paths.removeFirst()
            }
        }
    }

    private func outputPaths() throws -> [FilePath] {
        guard let output else { return Self.freeNames() }
        guard output != "-" else {
            throw Failure(.usage, "-o -: a capture is a file, and is not written to standard output")
        }
        guard !FileManager.default.fileExists(atPath: output) else {
            throw Failure(
                .cannotCreate, "\(output) exists: a capture is never overwritten",
                hint: "give another name with -o, or none")
        }
        return [FilePath(output)]
    }

    /// `dioscope-20260131-235959.dioscope`, with a number when that second has one already.
    private static func freeNames() -> [FilePath] {
        CaptureNames.numbered(HostClock.nameFromTime).map { FilePath($0) }
    }
}
