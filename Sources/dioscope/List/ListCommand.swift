// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Attribution
import Input
import Rendering
import Selection

/// `dioscope list`: single I/Os.
struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Print single I/Os: a line each, or their stages as a time line.",
        discussion: """
            EXAMPLES
              dioscope list run1.dioscope
              dioscope list --slowest 3 --waterfall run1.dioscope
              dioscope list --where 'queue_wait>1ms and not comm=fio' run1.dioscope
              dioscope list --sort -submitted --limit 100 run1.dioscope
              dioscope list --json run1.dioscope | jq 'select(.context == "kworker")'

            \(SelectionArguments.help)

            A line has as many of its columns as fit: all of them from 128 columns on, and where it is no terminal.
            Times are seconds since the recording began, of a trace its own.

            EXIT STATUS
              as of report
            """)

    @Argument(
        help: ArgumentHelp(
            "The capture or trace, of any kind that report takes; - is standard input, as is none where it is a pipe.",
            valueName: "file"),
        completion: .file())
    var named: String?

    private var file: String { named ?? "-" }

    @OptionGroup var selection: SelectionArguments
    @OptionGroup var window: WindowArguments

    @Option(help: "Only so many, the slowest first: --sort latency --limit N.")
    var slowest: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The field to sort by: durations and numbers from the largest down, -FIELD the other way round.",
            discussion: "Default: latency; with --json the order of the file."))
    var sort: String?

    @Option(help: "Only so many. Default: 10; all of them with --json and without --sort.")
    var limit: Int?

    @Flag(help: "Each as a time line with its stages and, as far as it was recorded, what it waited for.")
    var waterfall = false

    @Flag(help: "One JSON object a line; what was not seen has no key.")
    var json = false

    @OptionGroup var style: StyleArguments

    func validate() throws {
        guard named != nil || Terminal.isPipedInto else {
            throw ValidationError("which capture? dioscope list FILE")
        }
        for (name, number) in [("slowest", slowest), ("limit", limit)] {
            if let number, !(1...1_000_000).contains(number) {
                throw ValidationError("--\(name) \(number): 1 to 1000000")
            }
        }
        if slowest != nil && (sort != nil || limit != nil) {
            throw ValidationError("--slowest is --sort latency --limit N: give one or the other")
        }
        if json && waterfall { throw ValidationError("--json and --waterfall exclude each other") }
    }

    func run() throws {
        let wanted = try selection.parsed()
        let order = try sort.map { try SelectionArguments.order($0) }
        var wish = IOWish(selection: wanted, purpose: "list")
        wish.window = window.window
        wish.needsNames = true
        wish.needsCauses = true
        wish.isEvenSample = false
        let ios = try reading { try ChosenIOs(file, wish, ReadingProgress()) }
        let printer = IOPrinter(
            IOList(threads: ios.names.threads, source: try reading { try ios.summary().source }),
            style: style.style(for: Terminal.output, elsewhere: waterfall ? 80 : 132),
            form: json ? .json : waterfall ? .waterfall : .table)
        let streams = json && slowest == nil && sort == nil
        let (found, summary) =
            try streams ? stream(ios, printer) : printFirst(ios, printer, order: order ?? .slowestFirst)
        let words = [wanted?.text, window.window?.text].compactMap(\.self)
        try printer.finish(words.isEmpty ? nil : (found, summary.ios, words.joined(separator: ", ")))
        try summary.complain()
    }

    private func printFirst(
        _ ios: ChosenIOs, _ printer: IOPrinter, order: IOOrder
    ) throws -> (found: UInt64, summary: SourceSummary) {
        var first = FirstIOs(slowest ?? limit ?? 10, order: order)
        let summary = try reading {
            try ios.readWithCauses { io, life, listed in first.add(Subject(io, life, ios.names), listed) }
        }
        for listed in first.inOrder { try printer.print(listed) }
        return (first.count, summary)
    }

    /// In file order: nothing but the line that is written is kept.
    private func stream(_ ios: ChosenIOs, _ printer: IOPrinter) throws -> (found: UInt64, summary: SourceSummary) {
        let most = UInt64(limit ?? .max)
        var count: UInt64 = 0
        let summary = try reading {
            try ios.readWithCauses { _, _, listed in
                count += 1
                if count <= most { try printer.print(listed()) }
            }
        }
        return (count, summary)
    }
}
