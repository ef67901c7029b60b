// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Attribution
import Capture
import DirectIO
import Rendering
import SystemPackage

/// `dioscope list`: single I/Os with their stages.
struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Print single I/Os with their stages.",
        discussion: """
            EXAMPLES
              dioscope list run1.dioscope
              dioscope list --slowest 50 run1.dioscope
              dioscope list --json run1.dioscope | jq 'select(.context == "kworker")'

            EXIT STATUS
              as of report
            """)

    @Argument(help: "The capture.")
    var file: String

    @Option(help: "Only so many, the slowest first. Default: 10; all of them, in file order, with --json.")
    var slowest: Int?

    @Flag(help: "One JSON object a line; what was not seen has no key.")
    var json = false

    @OptionGroup var style: StyleArguments

    func validate() throws {
        if let slowest, !(1...1_000_000).contains(slowest) {
            throw ValidationError("--slowest \(slowest): 1 to 1000000")
        }
    }

    func run() throws {
        let path = FilePath(file)
        let reader = try reading { try CaptureReader(path: path) }
        // A first pass for the names of the threads, which may come after their I/Os.
        var chosen = SlowestIOs(limit: slowest ?? (json ? 0 : 10), rule: reader.session.completionRule)
        let summary = try reading { try reader.read { chosen.add($0) } }
        let list = IOList(rule: reader.session.completionRule, threads: summary.threads)
        let text = style.style(for: Terminal.output)
        var buffer: [UInt8] = []
        func show(_ io: DirectIO) throws {
            if json { list.appendJSON(io, to: &buffer) } else { list.appendText(io, style: text, to: &buffer) }
            guard buffer.count >= 1 << 16 else { return }
            try Terminal.write(buffer)
            buffer.removeAll(keepingCapacity: true)
        }
        if json && slowest == nil {
            _ = try reading { try reader.read(show) }
        } else {
            for io in chosen.slowestFirst { try show(io) }
        }
        try Terminal.write(buffer)
        try summary.complain(of: path)
    }
}

/// The slowest so many of a stream of I/Os.
private struct SlowestIOs {
    private let limit: Int
    private let rule: CompletionRule
    private var kept: [(latency: UInt64, io: DirectIO)] = []

    init(limit: Int, rule: CompletionRule) {
        self.limit = limit
        self.rule = rule
    }

    /// Keeps up to twice the limit, then drops the faster half: linear in all, whatever the limit.
    mutating func add(_ io: DirectIO) {
        guard limit > 0 else { return }
        kept.append((AttributedLife(io, rule: rule).latency, io))
        if kept.count >= 2 * limit { shrink() }
    }

    private mutating func shrink() {
        kept.sort { ($0.latency, $1.io.submitted) > ($1.latency, $0.io.submitted) }
        kept.removeLast(max(0, kept.count - limit))
    }

    var slowestFirst: [DirectIO] {
        var all = self
        all.shrink()
        return all.kept.map(\.io)
    }
}
