// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Comparison
import Rendering

/// `dioscope compare`: what changed between runs, and which changes are more than chance.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Print what changed between runs, stage by stage, and how sure that is.",
        discussion: """
            Each side is cut into blocks of a second (shorter ones when it lasts less than 20 s) or, with 3 or more \
            runs a side, taken run by run, those of one machine together when they are of 3 or more: intervals are over those. '~' marks what may be chance; a change in brackets has no interval.

            EXAMPLES
              dioscope compare before.dioscope after.dioscope
              dioscope compare base.dioscope patch1.dioscope patch2.dioscope     each against base
              dioscope compare --base b1 b2 b3 b4 b5 --new n1 n2 n3 n4 n5        five runs a side
              dioscope compare --base old/*.dioscope --new new/*.dioscope        many machines a side
              dioscope compare base.json new.json                                saved by report --json: no intervals
              dioscope compare --where op=read base.dioscope new.dioscope
              dioscope compare --fail-if 'p99 > +5%' --fail-if 'iops < -3%' base.dioscope new.dioscope
              dioscope compare --schema
              dioscope compare --folded base.dioscope new.dioscope | flamegraph.pl --countname ns > diff.svg

            \(SelectionArguments.help)

            EXIT STATUS
              0    success
              2    a capture is cut or damaged: compared is what could be read
              3    a --fail-if rule is broken
              4    a capture has no direct I/O
              5    a --fail-if rule cannot be decided: no such stage, too few I/Os for an interval
              64   usage
              65   not a capture or report, or the runs are not comparable (see --force)
              66   a file cannot be opened
              74   the output cannot be written
            """)

    @Argument(
        help: "Captures or saved reports: the base, then what is compared with it, one by one.", completion: .file())
    var files: [String] = []

    @Option(parsing: .upToNextOption, help: "Several runs of the base.")
    var base: [String] = []

    @Option(parsing: .upToNextOption, help: "Several runs of what is compared with it.")
    var new: [String] = []

    @Option(help: "How long a block is: at least 1ms. Default: 1s, or a part of it when the runs are short.")
    var block: TimeSpan?

    @Option(
        help: """
            What intervals are over: box, run or block. Default: box or run, when there are 3 or more a side, else \
            block.
            """)
    var by: Side.UnitKind?

    @OptionGroup var selection: SelectionArguments

    @Flag(help: "Print one JSON object; its form is a contract, see --schema.")
    var json = false

    @Flag(help: "Print the JSON Schema of --json, and nothing else.")
    var schema = false

    @Flag(
        help: "Print folded stacks with the nanoseconds per 1000 I/Os of base and new, for differential flame graphs.")
    var folded = false

    @Option(
        name: .customLong("fail-if"),
        help: ArgumentHelp(
            "Exit with 3 when this is so (repeatable): 'p99 > +5%', 'queue_wait > +20us', 'iops < -3%'; of iops, mean, any"
                + " percentile, as p98 or p99.9, or a stage by its name in JSON.",
            valueName: "rule"))
    var rules: [FailRule] = []

    @Flag(help: "A --fail-if rule also fails on a change that may be chance.")
    var any = false

    @Flag(help: "Compare runs that differ in op, block size, issuer, file system or queue depth.")
    var force = false

    @OptionGroup var style: StyleArguments

    private var sides: (base: [String], new: [[String]])? {
        if base.isEmpty, new.isEmpty { return files.count < 2 ? nil : ([files[0]], files.dropFirst().map { [$0] }) }
        return base.isEmpty || new.isEmpty || !files.isEmpty ? nil : (base, [new])
    }

    func validate() throws {
        if schema { return }
        guard let sides else {
            throw ValidationError("compare what? dioscope compare BASE NEW, or --base RUN ... --new RUN ...")
        }
        if let block, block.nanoseconds < 1_000_000 { throw ValidationError("--block: at least 1ms") }
        if folded, json { throw ValidationError("--folded and --json exclude each other") }
        if folded, sides.new.count > 1 { throw ValidationError("--folded takes one NEW") }
        if any, rules.isEmpty { throw ValidationError("--any says how --fail-if decides: give a rule too") }
    }

    func run() throws {
        if schema { return try Terminal.write(JSONSchema.comparison) }
        guard let sides else { return }
        let wanted = try selection.parsed()
        let needsBlocks = by == .block || (sides.new.map(\.count) + [sides.base.count]).contains { $0 < 3 }
        func read(_ files: [String]) throws -> [ComparedRun] {
            try files.map { try ComparedRun($0, blockLength: block?.nanoseconds, wanted, keepsBlocks: needsBlocks) }
        }
        let base = try read(sides.base)
        let new = try sides.new.map(read)
        var entries: [JSONComparison.Entry] = []
        for side in new { entries.append(try entry(base.map(\.run), side.map(\.run))) }
        try show(entries)
        try judge(entries)
        for run in base + new.flatMap(\.self) { try run.complainOfDamage() }
    }

    private func entry(_ base: [Run], _ new: [Run]) throws -> JSONComparison.Entry {
        let comparability = Comparability(base: base.map(\.facts), new: new.map(\.facts))
        if !force, !comparability.obstacles.isEmpty { throw Failure(comparability) }
        if folded, (base + new).contains(where: \.facts.isSavedReport) {
            throw Failure(.data, "--folded needs captures: a saved report has no stages by completion context")
        }
        let comparison = Comparison(base: base, new: new, by: by)
        return JSONComparison.Entry(
            comparison: comparison, comparability: comparability,
            rules: rules.map { ($0, $0.outcome(of: comparison)) })
    }

    private func show(_ entries: [JSONComparison.Entry]) throws {
        if json { return try Terminal.write(JSONComparison(entries).bytes) }
        for (index, entry) in entries.enumerated() {
            if folded {
                try Terminal.write(FoldedDifference(entry.comparison).text)
            } else {
                let style = style.style(for: Terminal.output)
                let page = ComparisonPage(entry.comparison, entry.comparability, style: style)
                try Terminal.write((index > 0 ? "\n" : "") + page.text)
            }
        }
    }

    /// Each broken rule is reported, and each that cannot be decided; a change that may be chance is no reason to fail.
    private func judge(_ entries: [JSONComparison.Entry]) throws {
        var (broken, undecidable) = (0, 0)
        for entry in entries {
            let name = entry.comparison.new.runs.map(\.name).joined(separator: ", ")
            for (rule, outcome) in entry.rules {
                switch outcome {
                case .holds: continue
                case .unknown(let lack):
                    Terminal.say("\(name): '\(rule.text)' cannot be decided: \(Self.words(lack, rule.metric))")
                    undecidable += 1
                case .unbounded where !any:
                    Terminal.say(
                        "\(name): '\(rule.text)' cannot be decided: it is so, but there are too few I/Os or blocks to say"
                            + " how far the change may be off; --any fails on it all the same")
                    undecidable += 1
                case .undecided where !any:
                    Terminal.say("\(name): '\(rule.text)' is so, but may be chance; --any fails on it all the same")
                case .broken, .undecided, .unbounded:
                    Terminal.say("\(name): failed: \(rule.text)")
                    broken += 1
                }
            }
        }
        if broken > 0 { throw ExitCode(ExitStatus.changed.rawValue) }
        if undecidable > 0 { throw ExitCode(ExitStatus.undecidable.rawValue) }
    }

    private static func words(_ lack: FailRule.Lack, _ metric: Metric) -> String {
        switch lack {
        case .neitherSide: "neither side has I/Os with \(metric.name)"
        case .noBase: "the base has no \(metric.name)"
        case .noNew: "the new side has no \(metric.name)"
        case .zeroBase: "the base's \(metric.name) is 0, of which nothing is a part; give an amount instead"
        }
    }
}

extension Side.UnitKind: ExpressibleByArgument {}

extension FailRule: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension Failure {
    fileprivate init(_ comparability: Comparability) {
        let found = comparability.obstacles.map { obstacle in
            "\(obstacle.what): \(obstacle.base.joined(separator: ", ")) => \(obstacle.new.joined(separator: ", "))"
        }
        self.init(
            .data, "not comparable: " + found.joined(separator: "; "), hint: "to compare them all the same: --force")
    }
}
