// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Attribution
import DirectIO
import Exports
import Rendering
import Report
import Selection
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

            EXAMPLES
              dioscope export --format perfetto -o run1.pftrace run1.dioscope
              dioscope export --format folded run1.dioscope | flamegraph.pl --countname ns > run1.svg
              dioscope export --format csv --where 'context=kworker' run1.dioscope > run1.csv
              dioscope export --format openmetrics -o /var/lib/node_exporter/dioscope.prom run1.dioscope

            \(SelectionArguments.help)

            EXIT STATUS
              as of report; 73 the output file cannot be created
            """)

    @Argument(help: "The capture or trace, of any kind that report takes; - is standard input.")
    var file: String

    @Option(help: "perfetto, folded, csv, jsonl, hlog or openmetrics.")
    var format: ExportFormat

    @Option(
        name: .shortAndLong,
        help: "Where to, instead of standard output. Replaced at once, when all is written.")
    var output: String?

    @Option(help: "perfetto: how many I/Os at most, the first of the capture. Default: 100000.")
    var limit: Int?

    @OptionGroup var selection: SelectionArguments

    func validate() throws {
        if let limit, format != .perfetto || !(1...10_000_000).contains(limit) {
            throw ValidationError("--limit is for --format perfetto, 1 to 10000000")
        }
    }

    func run() throws {
        let wanted = try selection.parsed()
        if output == nil, format.isBinary, Terminal.isTerminal(Terminal.output) {
            throw Failure(.usage, "\(format.rawValue) is not for a terminal", hint: "give a file: -o run1.pftrace")
        }
        let reader = try IOSources.open(file, again: true, wanting: "export")
        // A first pass for the names of the threads, which may come after their I/Os, and for what there are clocks of.
        var clocks = SeenClocks()
        let summary = try reading { try reader.read { clocks.add($0) } }
        let sink = try ExportSink(output.map { FilePath($0) })
        let export = makeExport(reader, summary)
        try feed(export, from: reader, ExportChoice(wanted, reader, summary, clocks), to: sink)
        try sink.finish()
        if let perfetto = export as? PerfettoExport, perfetto.left > 0 {
            Terminal.say("\(perfetto.left) more I/Os were left out: choose by --where, or raise --limit")
        }
        try summary.complain()
    }

    private func feed(
        _ export: any IOExport, from reader: any IOSource, _ choice: ExportChoice, to sink: ExportSink
    ) throws(Failure) {
        var choice = choice
        do {
            _ = try reading {
                try reader.read(holds: { choice.add($0) }) { io in
                    if format.isOfTotals, let thinning = reader.thinning, !thinning.keeps(io) { return }
                    guard let listed = choice.listed(io) else { return }
                    export.add(listed)
                    if export.output.count >= 1 << 16 { try sink.write(&export.output) }
                }
            }
            export.finish()
            try sink.write(&export.output)
        } catch {
            sink.discard()
            throw error
        }
    }

    private func makeExport(_ reader: any IOSource, _ summary: SourceSummary) -> any IOExport {
        switch format {
        case .perfetto: return PerfettoExport(threads: summary.threads, limit: limit ?? 100_000)
        case .folded: return FoldedExport()
        case .csv: return CSVExport(threads: summary.threads)
        case .jsonl: return JSONLinesExport(threads: summary.threads)
        case .hlog: return HistogramLogExport(startedWall: summary.source.started)
        case .openmetrics: return MetricsExport(rule: reader.rule, source: summary.source, loss: summary.loss)
        }
    }
}

extension ExportFormat: ExpressibleByArgument {}

/// The I/Os that are wanted, with what only the stream around them could tell.
private struct ExportChoice {
    private let selection: IOSelection?
    private let names: RecordedNames
    private let rule: CompletionRule
    private let clocks: SeenClocks
    private var holds = HoldLog()

    init(_ selection: IOSelection?, _ reader: any IOSource, _ summary: SourceSummary, _ clocks: SeenClocks) {
        self.clocks = clocks
        self.selection = selection
        names = RecordedNames(threads: summary.threads, devices: summary.source.devices)
        rule = reader.rule
    }

    mutating func add(_ hold: CPUHold) { holds.add(hold) }

    mutating func listed(_ io: DirectIO) -> ListedIO? {
        let life = AttributedLife(io, rule: rule)
        guard selection?.contains(Subject(io, life, names)) ?? true else { return nil }
        return ListedIO(io, life, &holds, clocks)
    }
}
