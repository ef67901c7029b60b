// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import FoundationEssentials
import Glibc
import Host
import Probes
import Rendering
import Sweep

/// `dioscope sweep`: fio over a matrix, every cell traced, and the table for a patch's cover letter out of it.
struct SweepCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Run fio over a matrix, trace every cell, and print what made the differences.",
        discussion: """
            Every cell of engines x queue depths x block sizes x ops x targets x CPUs x toggles is run --repeat times, \
            in random order, each time once traced and once not. The table has what fio reached untraced, and what it \
            lost while traced; the causes are of the traced runs. Results are saved run by run. Progress goes to \
            standard error, the table to standard output.

            The file it sweeps is made in the directory you name, and removed; switches are set back: also after \
            Ctrl-C, a kill, or a crash. Block devices are only written with --destroy-data.

            EXAMPLES
              sudo dioscope sweep --directory /mnt --preset low-depth -o new.sweep
              sudo dioscope sweep --directory /mnt --preset low-depth -o new.sweep --base old.sweep
              dioscope sweep --show new.sweep --base old.sweep --markdown     two kernels, side by side
              sudo dioscope sweep --directory /mnt/ext4 --directory /mnt/xfs --preset read-depth \\
                   --toggle /sys/kernel/iomap/simple_read=0,1
              sudo dioscope sweep --directory /mnt --preset one-cpu
              sudo dioscope sweep --directory /mnt --engine libaio,io_uring --versus engine --depth 1,16
              sudo dioscope sweep --device /dev/nvme1n1 --op randwrite --destroy-data --cpus 1:1 --cpus 0:1
              sudo dioscope sweep --resume new.sweep                          after Ctrl-C
              dioscope sweep --directory /mnt --preset block-sizes --dry-run

            EXIT STATUS
              0    success
              2    some runs failed: the table is of the others
              64   usage
              65   not a saved sweep, or of another machine
              66   a file or target cannot be opened
              69   no fio, a fio too old, or not available on this kernel
              73   the result cannot be created, or a device is in use
              74   it cannot be written (disk full), or something could not be restored
              77   not permitted
              130, 143  stopped by Ctrl-C or SIGTERM: see --resume
            """)

    @OptionGroup(title: "What is swept") var matrix: SweepArguments

    @Option(name: .shortAndLong, help: "File for the results; never overwrites. Default: a name from the time.")
    var output: String?

    @Option(help: "Go on with a sweep that was stopped; all that is swept is in its file.")
    var resume: String?

    @Option(help: "Print the table of a saved sweep, and run nothing.")
    var show: String?

    @Option(help: "A saved sweep, e.g. of another kernel, to lay beside this one.")
    var base: String?

    @Option(
        help: "What base and new are: toggle, cpus, engine, depth, size, op or target. Default: toggle, if there is.")
    var versus: Axis?

    @Option(help: "Keep the captures of the traced runs in this directory.")
    var keepCaptures: String?

    @Flag(help: "Print the runs in their order, and run nothing.")
    var dryRun = false

    @Flag(help: "Print the table as Markdown.")
    var markdown = false

    @Flag(help: "Print the table as one JSON object; its form is a contract, see --schema.")
    var json = false

    @Flag(help: "Print the JSON Schema of --json, and nothing else.")
    var schema = false

    @OptionGroup var style: StyleArguments

    func validate() throws {
        if schema { return }
        let sources = [resume != nil, show != nil, matrix.areGiven].filter { $0 }.count
        guard sources > 0 else {
            throw ValidationError("sweep what? dioscope sweep --directory DIR, or --resume FILE, or --show FILE")
        }
        if sources > 1 { throw ValidationError("--resume and --show take what is swept from their file") }
        if matrix.areGiven, matrix.directory.isEmpty, matrix.device.isEmpty {
            throw ValidationError("where? --directory DIR or --device DEVICE")
        }
        if markdown, json { throw ValidationError("--markdown and --json exclude each other") }
        if base != nil, versus != nil { throw ValidationError("--base and --versus exclude each other") }
        if output != nil, !matrix.areGiven { throw ValidationError("-o is for a new sweep") }
    }

    func run() throws {
        if schema { return try Terminal.write(JSONSchema.sweep) }
        let baseLog = try base.map { path throws(Failure) in try SweepLogFile.read(path) }
        if let show { return try print(try SweepLogFile.read(show), baseLog) }
        let (path, failed) = try swept()
        guard let path else { return }
        try print(try SweepLogFile.read(path), baseLog)
        Terminal.say("saved in \(path)")
        if failed > 0 {
            Terminal.say("\(failed) runs failed")
            Terminal.advise("to make them again: dioscope sweep --resume \(path)")
            throw ExitCode(ExitStatus.incomplete.rawValue)
        }
    }

    private func print(_ log: SweepLog, _ base: SweepLog?) throws {
        let table = base.map { SweepTable(base: $0, new: log) } ?? SweepTable(log, versus: versus)
        if json { return try Terminal.write(JSONSweep(table).bytes) }
        if markdown { return try Terminal.write(SweepMarkdown(table).text) }
        try Terminal.write(SweepPage(table, style: style.style(for: Terminal.output)).text)
    }

    /// - Returns: the file with the results, `nil` when nothing was to be run; and how many runs failed.
    private func swept() throws -> (path: String?, failed: Int) {
        let log = try resume.map { path throws(Failure) in try SweepLogFile.read(path) }
        let plan = try log?.header.plan ?? matrix.plan(versus: versus)
        let runs = log?.remaining ?? plan.runs
        try claimDevices(of: plan)
        try checkToggles(of: plan)
        try checkCaptures()
        try checkOutput()
        if dryRun {
            try Terminal.write(SweepProgress(plan, total: runs.count).listing(of: runs))
            return (nil, 0)
        }
        let probes = try self.probes()
        let fio = try FioProcess.version()
        GuardState.putRightLeftovers()
        let header = header(plan, fio: fio)
        if let log { try check(log.header, against: header) }
        let path = resume ?? output ?? HostClock.nameFromTime + ".sweep"
        let file =
            try log.map { log throws(Failure) in try SweepLogFile(resuming: path, log) }
            ?? SweepLogFile(creating: path, header)
        do {
            let session = SweepSession(
                header: log?.header ?? header, file: file, runs: runs, probes: probes, captures: keepCaptures)
            return (path, try session.run())
        } catch let stop as SweepStopped {
            throw ExitCode(stop.status)
        }
    }

    // MARK: Before anything is changed

    private func claimDevices(of plan: SweepPlan) throws {
        guard plan.ops.contains(where: \.writes) else { return }
        for target in plan.targets where target.kind == .device {
            guard matrix.destroyData else {
                throw Failure(
                    .usage, "\(target.path) would be written, and what is on it lost",
                    hint: "if that is meant: --destroy-data")
            }
            try SweptTarget(target, size: plan.size).claim()
        }
    }

    private func probes() throws -> ProbePlan {
        let access = KernelAccess()
        let plan = try ProbePlan(permittedBy: access)
        guard access.isInInitialPIDNamespace else { throw Failure.inPIDNamespace() }
        return plan
    }

    private func checkToggles(of plan: SweepPlan) throws {
        for toggle in plan.toggles where SwitchFile.read(toggle.path) == nil {
            throw Failure(.noInput, "--toggle \(toggle.path): it cannot be read: \(errorText())")
        }
    }

    private func checkCaptures() throws {
        var isDirectory = false
        guard let keepCaptures else { return }
        guard FileManager.default.fileExists(atPath: keepCaptures, isDirectory: &isDirectory), isDirectory else {
            throw Failure(.noInput, "--keep-captures \(keepCaptures): no such directory")
        }
    }

    /// Also for a dry run, which creates nothing.
    private func checkOutput() throws {
        guard let output else { return }
        guard !FileManager.default.fileExists(atPath: output) else { throw SweepLogFile.isThere(output) }
        let directory = output.lastIndex(of: "/").map { String(output[...$0]) } ?? "."
        guard access(directory, W_OK) == 0 else { throw SweepLogFile.cannotCreate(output) }
    }

    /// Results of two boxes in one table would compare what must not be compared.
    private func check(_ saved: SweepLog.Header, against present: SweepLog.Header) throws {
        let pairs = [
            ("kernel", saved.kernel, present.kernel), ("host", saved.host, present.host),
            ("fio", saved.fio, present.fio),
        ]
        for (what, old, new) in pairs where old != new {
            throw Failure(
                .data, "cannot go on: \(what) was \(old) and is \(new)",
                hint: "sweep anew, and compare: dioscope sweep --base \(resume ?? "FILE") ...")
        }
    }

    private func header(_ plan: SweepPlan, fio: FioVersion) -> SweepLog.Header {
        let names = HostFacts.names()
        return SweepLog.Header(
            recorder: Dioscope.version, host: names.host, kernel: names.kernel, machine: names.machine,
            cpus: HostFacts.cpuCount, fio: fio.text, started: HostClock.wall, plan: plan)
    }
}
