// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Exports
import Input
import SystemPackage

/// `dioscope export`: single I/Os and totals in the forms of other tools.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print a capture in the form of another tool.",
        discussion: """
            FORMATS
              perfetto      a trace for ui.perfetto.dev: CPUs, threads, I/Os, and arrows between them
              folded        'context;stage;cause nanoseconds' for flame graph tools
              csv, jsonl    one I/O a line
              hlog          HdrHistogram log: latency and every stage
              openmetrics   totals for the textfile collector of node_exporter
              parquet       tables of I/Os and of summaries, for captures of many machines; duckdb writes them

            EXAMPLES
              dioscope export --format perfetto -o run1.pftrace run1.dioscope
              dioscope export --format folded run1.dioscope | flamegraph.pl --countname ns > run1.svg
              dioscope export --format csv --where 'context=kworker' run1.dioscope > run1.csv
              dioscope export --format csv --schema | duckdb runs.db
              dioscope export --format openmetrics -o /var/lib/node_exporter/dioscope.prom run1.dioscope
              dioscope export --format parquet -o /data/fleet --box db17 run1.dioscope

            \(SelectionArguments.help)

            EXIT STATUS
              as of report; 69 no duckdb in PATH; 73 the output file cannot be created
            """)

    @Argument(
        help: ArgumentHelp(
            "The capture or trace, of any kind that report takes; - is standard input, as is none where it is a pipe.",
            valueName: "file"),
        completion: .file())
    var named: String?

    private var file: String { named ?? "-" }

    @Option(help: "perfetto, folded, csv, jsonl, hlog, openmetrics or parquet.")
    var format: ExportFormat

    @Option(
        name: .shortAndLong,
        help: """
            Where to, instead of standard output. Replaced at once, when all is written. parquet: the directory of the \
            tables.
            """)
    var output: String?

    @Option(help: ArgumentHelp("parquet: what the machine is called. Default: its host name.", valueName: "name"))
    var box: String?

    @Option(help: "perfetto: how many I/Os at most, the first of the capture. Default: 100000.")
    var limit: Int?

    @Flag(
        help: """
            Leave out what identifies the machine and its users, as 'pack --redact' does; of captures only.
            """)
    var redact = false

    @Flag(help: "csv: print the types of its columns as CREATE TABLE, and nothing else.")
    var schema = false

    @OptionGroup var selection: SelectionArguments

    func validate() throws {
        if schema {
            guard format == .csv else { throw ValidationError("--schema is for --format csv") }
            return
        }
        guard named != nil || Terminal.isPipedInto else {
            throw ValidationError("which capture? dioscope export --format FORMAT FILE")
        }
        if format == .parquet, output == nil { throw ValidationError("--format parquet needs the directory: -o DIR") }
        if box != nil, format != .parquet { throw ValidationError("--box is for --format parquet") }
        if redact, file == "-" { throw ValidationError("--redact needs a file, not standard input") }
        if let limit, format != .perfetto || !(1...10_000_000).contains(limit) {
            throw ValidationError("--limit is for --format perfetto, 1 to 10000000")
        }
    }

    func run() throws {
        guard !schema else { return try Terminal.write(CSVExport.schema) }
        let wanted = try selection.parsed()
        if output == nil, format.isBinary, Terminal.isTerminal(Terminal.output) {
            throw Failure(.usage, "\(format.rawValue) is not for a terminal", hint: "give a file: -o run1.pftrace")
        }
        var wish = IOWish(
            selection: wanted,
            purpose: wanted != nil ? "--where" : format.takesSums ? nil : "export --format \(format.rawValue)")
        wish.needsNames = true
        wish.needsCauses = true
        wish.isEvenSample = format.isOfTotals
        let copy = redact ? try RedactedCopy(of: file) : nil
        defer { copy?.remove() }
        let ios = try reading { try ChosenIOs(copy?.path ?? file, wish, ReadingProgress()) }
        let first = try reading { try ios.summary() }
        if format == .parquet, let output {
            return try FleetTables(of: file, box: box, directory: output).write(ios, first)
        }
        let sink = try ExportSink(output.map { FilePath($0) })
        let export = makeExport(ios, first)
        let summary = try feed(export, from: ios, to: sink)
        try sink.finish()
        if let perfetto = export as? PerfettoExport, perfetto.left > 0 {
            Terminal.say(
                "\(perfetto.left) more \(perfetto.left == 1 ? "I/O was" : "I/Os were") left out: choose by --where, or raise --limit"
            )
        }
        try summary.complain()
    }

    private func feed(
        _ export: any IOExport, from ios: ChosenIOs, to sink: ExportSink
    ) throws(Failure) -> SourceSummary {
        do {
            let summary = try reading {
                try ios.readWithCauses { _, _, listed in
                    export.add(listed())
                    if export.output.count >= 1 << 16 { try sink.write(&export.output) }
                }
            }
            for sums in summary.summaries { export.add(sums) }
            (export as? any TotalsExport)?.sample = summary.sample
            export.finish()
            try sink.write(&export.output)
            return summary
        } catch {
            sink.discard()
            throw error
        }
    }

    private func makeExport(_ ios: ChosenIOs, _ summary: SourceSummary) -> any IOExport {
        let threads = ios.names.threads
        switch format {
        case .perfetto: return PerfettoExport(threads: threads, limit: limit ?? 100_000)
        case .folded: return FoldedExport()
        case .csv, .parquet: return CSVExport(threads: threads, source: summary.source)
        case .jsonl: return JSONLinesExport(threads: threads, source: summary.source)
        case .hlog: return HistogramLogExport(startedWall: summary.source.started, rule: ios.rule)
        case .openmetrics:
            return MetricsExport(
                rule: ios.rule, source: summary.source, loss: summary.loss, condition: selection.expression)
        }
    }
}

extension ExportFormat: ExpressibleByArgument {}
