// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Rendering
import Report
import Selection
import SystemPackage

/// `dioscope report`: where the time of a capture's I/Os went.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Print where the latency of a capture's I/Os went.",
        discussion: """
            Takes captures of dioscope, trace.dat files, and the text of ftrace, trace-cmd report and perf script, plain \
            or packed by gzip or zstd, and recognises them by their content. 'record --how' prints how to record them.

            EXAMPLES
              dioscope report run1.dioscope
              dioscope report trace.dat
              perf script --ns | dioscope report -
              dioscope report --width 120 run1.dioscope
              dioscope report before.dioscope after.dioscope
              dioscope report --by op,size run1.dioscope
              dioscope report --by file --top 3 --percentile 50,99.9 run1.dioscope
              dioscope report --where 'length>=64k and not context=hardirq' run1.dioscope
              dioscope report --over-time 1s --from 10s --to 20s run1.dioscope
              dioscope report --json run1.dioscope | jq .queue_wait
              dioscope report --html -o page.html run1.dioscope
              dioscope report --html -o page.html before.dioscope after.dioscope
              dioscope report --schema

            \(SelectionArguments.help)

            EXIT STATUS
              0    success
              2    the capture is cut or damaged: the report is of what could be read
              4    no direct I/O in it: the report is empty, or of block requests
              64   usage
              65   no capture or trace
              66   the file cannot be opened
              74   the output cannot be written
            """)

    @Argument(
        help: "Captures or traces; - is standard input, which is taken without it too where it is no terminal.",
        completion: .file())
    var files: [String] = []

    @OptionGroup var selection: SelectionArguments
    @OptionGroup var window: WindowArguments

    @Option(
        name: .customLong("over-time"), defaultAsFlag: .fitting(file: nil),
        help: ArgumentHelp(
            "A row for each interval of time instead of the flame, and what each spike was made of.",
            discussion: "1s, 100ms; without an interval: as fits the recording.", valueName: "interval"))
    var overTime: IntervalWish?

    @Option(
        help: ArgumentHelp(
            "One flame for each: device, file, op, size, cpu, issuer, context, thread, comm, machine or layer.",
            discussion: "Several at once with commas: op,size. cpu is where an I/O was submitted, comm the name of its"
                + " thread, layer the devices that it came through, e.g. dm-crypt on nvme0n1. A trace that merges several"
                + " machines has one for each of them by itself."))
    var by: [GroupList] = []

    @Option(help: "With --by: so many, those with the most I/Os.")
    var top = 8

    @Option(
        help: ArgumentHelp(
            "Percentiles to show instead of p50 and p99, 0 to 100, e.g. 99.9 or 50,99.99 (repeatable).",
            discussion: "Text is as wide as it takes."))
    var percentile: [PercentileList] = []

    @Flag(help: "Show the table of CPUs even if all I/Os took the same ones.")
    var cpus = false

    @Flag(
        name: .customLong("without-self"),
        help: "Leave out I/Os that waited for the recorder itself for a tenth of their latency or more.")
    var isWithoutSelf = false

    @Flag(help: "Show how the latencies are spread.")
    var histogram = false

    @Flag(name: .shortAndLong, help: "Show rows of next to nothing, caches of CPUs and long command lines too.")
    var verbose = false

    @Flag(help: "Print the report as one JSON object; its form is a contract, see --schema.")
    var json = false

    @Flag(help: "Print the JSON Schema of --json, and nothing else.")
    var schema = false

    @Flag(
        help: ArgumentHelp(
            "A self-contained page with pictures: latency over time, its distribution, the slowest I/Os.",
            discussion: "Two files side by side, with what changed between them."))
    var html = false

    @Option(
        name: .shortAndLong, help: "With --html: the file to write; it appears when it is complete.",
        completion: .file())
    var output: String?

    @OptionGroup var style: StyleArguments

    func validate() throws {
        guard schema || !InputArguments.named(inputs).isEmpty else {
            throw ValidationError("which capture? dioscope report FILE")
        }
        try validatePage()
        if overTime != nil, !by.isEmpty { throw ValidationError("--over-time and --by exclude each other") }
        if case .fitting(let word?) = overTime, !files.isEmpty {
            throw ValidationError("--over-time \(word): an interval is written like 1s or 100ms")
        }
        if let interval, interval < 1_000_000 { throw ValidationError("--over-time: at least 1ms") }
        guard (1...256).contains(top) else { throw ValidationError("--top \(top): 1 to 256") }
        guard percentiles.count <= 8 else {
            throw ValidationError("--percentile: \(percentiles.count) percentiles are too many, 8 fit beside the bars")
        }
    }

    private func validatePage() throws {
        guard html else {
            if output != nil { throw ValidationError("-o is where --html goes; other reports go to standard output") }
            return
        }
        if json || overTime != nil || !by.isEmpty {
            throw ValidationError("--html has no --json, --over-time or --by: the page has it all")
        }
        if files.count > 2 { throw ValidationError("--html takes one file, or two side by side") }
        if output == nil, Terminal.isTerminal(Terminal.output) {
            throw ValidationError("a page is nothing for a terminal: --html -o page.html")
        }
    }

    /// `--over-time FILE` takes the file for its interval.
    private var inputs: [String] {
        guard case .fitting(let word?) = overTime, files.isEmpty else { return files }
        return [word]
    }

    private var interval: UInt64? {
        guard case .interval(let nanoseconds) = overTime else { return nil }
        return nanoseconds
    }

    /// Twice the same column says nothing more.
    private var percentiles: [Double] {
        percentile.flatMap(\.percentiles).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    func run() throws {
        guard !schema else { return try Terminal.write(JSONSchema.text) }
        let files = InputArguments.named(inputs)
        var wishes = ReportWishes(
            selection: try selection.parsed(), groupings: by.flatMap(\.groupings), groups: top,
            percentiles: percentiles, window: window.window, interval: interval)
        wishes.isWithoutSelf = isWithoutSelf
        wishes.shown = overTime != nil ? "--over-time" : cpus ? "--cpus" : nil
        if html { return try writePage(of: files, wishes) }
        // What is wrong with one of several is said after all of them.
        var problem: Failure?
        for (place, file) in files.enumerated() {
            if !json, files.count > 1 {
                try Terminal.write((place > 0 ? "\n" : "") + "==> \(EscapedText(file)) <==\n")
            }
            do throws(Failure) {
                try report(on: file, wishes)
            } catch {
                guard files.count > 1 else { throw error }
                error.say()
                problem = problem ?? error
            }
        }
        if files.count > 1, Terminal.isTerminal(Terminal.output) {
            Terminal.advise("what differs between them: dioscope compare \(files.joined(separator: " "))")
        }
        if let problem { throw ExitCode(problem.status.rawValue) }
    }

    private func writePage(of files: [String], _ wishes: ReportWishes) throws(Failure) {
        let page = try MadePage(of: files, wishes)
        let sink = try ExportSink(output.map { FilePath($0) })
        do throws(Failure) {
            var bytes = page.document.bytes
            try sink.write(&bytes)
            try sink.finish()
        } catch {
            sink.discard()
            throw error
        }
        try page.complainOfDamage()
    }

    private func report(on file: String, _ wishes: ReportWishes) throws(Failure) {
        let made = try MadeReport(of: file, wishes)
        let style = style.style(for: Terminal.output)
        let text =
            json
            ? made.json
            : overTime != nil
                ? made.textOverTime(style, file: file)
                : made.text(style, showsCPUs: cpus, showsHistogram: histogram, isVerbose: verbose)
        try Terminal.write(text)
        try made.complainOfDamage()
    }
}

/// By what to group, as users write it: `op`, or several at once: `op,size`.
struct GroupList: ExpressibleByArgument {
    let groupings: [Grouping]

    /// What they are called as fields of an I/O.
    private static let fields: [Substring: Grouping] = [
        "dev": .device, "length": .size, "submit_cpu": .cpu, "submitter": .thread,
    ]

    init?(argument: String) {
        var groupings: [Grouping] = []
        for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let grouping = Grouping(rawValue: String(word)) ?? Self.fields[word] else {
                let names = Grouping.allCases.map(\.rawValue)
                ValueRefusal.note(
                    argument,
                    "'\(word)' is none of \(names.joined(separator: ", "))"
                        + Spelling.hint(for: String(word), among: names))
                return nil
            }
            if !groupings.contains(grouping) { groupings.append(grouping) }
        }
        self.groupings = groupings
    }

    static var defaultCompletionKind: CompletionKind { .list(Grouping.allCases.map(\.rawValue)) }
}
