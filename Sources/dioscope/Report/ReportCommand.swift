// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Rendering
import Report

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
              dioscope report --by op run1.dioscope
              dioscope report --by file --top 3 --percentile 50,99.9 run1.dioscope
              dioscope report --where 'length>=64k and not context=hardirq' run1.dioscope
              dioscope report --over-time 1s --from 10s --to 20s run1.dioscope
              dioscope report --json run1.dioscope | jq .queue_wait
              dioscope report --schema

            \(SelectionArguments.help)

            EXIT STATUS
              0   2 the capture is cut or damaged: the report is of what could be read
              4 there is no direct I/O in it: the report is empty, and standard error says why
              64 usage   65 no capture or trace   66 the file cannot be opened   74 the output cannot be written
            """)

    @Argument(help: "The capture or trace; - is standard input.", completion: .file())
    var file: String?

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
            "One flame for each: device, file, op, size, cpu, issuer, context, thread, machine or layer.",
            discussion: "cpu is where an I/O was submitted, file its inode: a capture has no paths. layer is the"
                + " devices that it came through, e.g. dm-crypt on nvme0n1. A trace that merges several machines has one"
                + " for each of them by itself."))
    var by: Grouping?

    @Option(help: "With --by: so many, those with the most I/Os.")
    var top = 8

    @Option(
        help: ArgumentHelp(
            "Percentiles to show instead of p50 and p99, e.g. 99.9 or 50,99.99 (repeatable).",
            discussion: "Text is as wide as it takes."))
    var percentile: [PercentileList] = []

    @Flag(help: "Show the table of CPUs even if all I/Os took the same ones.")
    var cpus = false

    @Flag(help: "Print the report as one JSON object; its form is a contract, see --schema.")
    var json = false

    @Flag(help: "Print the JSON Schema of --json, and nothing else.")
    var schema = false

    @OptionGroup var style: StyleArguments

    func validate() throws {
        guard schema || path != nil else { throw ValidationError("which capture? dioscope report FILE") }
        if overTime != nil, by != nil { throw ValidationError("--over-time and --by exclude each other") }
        if case .fitting(let word?) = overTime, file != nil {
            throw ValidationError("--over-time \(word): an interval is written like 1s or 100ms")
        }
        if let interval, interval < 1_000_000 { throw ValidationError("--over-time: at least 1ms") }
        guard (1...256).contains(top) else { throw ValidationError("--top \(top): 1 to 256") }
        guard percentiles.count <= 8 else {
            throw ValidationError("--percentile: \(percentiles.count) percentiles are too many, 8 fit beside the bars")
        }
    }

    /// `--over-time FILE` takes the file for its interval.
    private var path: String? {
        guard case .fitting(let word?) = overTime, file == nil else { return file }
        return word
    }

    private var interval: UInt64? {
        guard case .interval(let nanoseconds) = overTime else { return nil }
        return nanoseconds
    }

    private var percentiles: [Double] { percentile.flatMap(\.percentiles) }

    func run() throws {
        guard !schema, let path else { return try Terminal.write(JSONSchema.text) }
        let made = try MadeReport(
            of: path,
            ReportWishes(
                selection: try selection.parsed(), grouping: by, groups: top, percentiles: percentiles,
                window: window.window, interval: interval))
        let style = style.style(for: Terminal.output)
        let text =
            json
            ? made.json
            : overTime != nil ? made.textOverTime(style, file: path) : made.text(style, showsCPUs: cpus)
        try Terminal.write(text)
        try made.complainOfDamage()
    }
}

extension Grouping: ExpressibleByArgument {}
