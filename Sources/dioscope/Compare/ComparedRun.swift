// SPDX-License-Identifier: GPL-2.0-only

import Comparison
import FoundationEssentials
import Input
import Selection

/// A file as one run of a comparison, and what was wrong with it: a capture or trace, or a report that `report --json`
/// saved.
struct ComparedRun {
    let run: Run
    /// `nil` for a saved report.
    private let summary: SourceSummary?

    /// - Parameters:
    ///   - selection: which of its I/Os; `nil`: all.
    ///   - keepsBlocks: statistics may be over blocks of it.
    init(_ path: String, blockLength: UInt64?, _ selection: IOSelection?, keepsBlocks: Bool = true) throws(Failure) {
        var wish = IOWish(selection: selection, purpose: selection == nil ? nil : "--where")
        wish.timed = "compare"
        let input = try reading { try RunInput(path, wish, ReadingProgress()) }
        switch input {
        case .savedReport(let json):
            guard selection == nil else {
                throw Failure(.data, "\(path): --where needs captures: a saved report has no single I/Os")
            }
            do {
                (run, summary) = (try SavedReport(json: Data(json), name: path).run, nil)
            } catch {
                throw Failure(.data, "\(path) is no report: \(error.reason)")
            }
        case .ios(let ios) where ios.isSummary:
            // Totals without single I/Os, as a saved report has them.
            let made = try MadeReport(of: path)
            do {
                (run, summary) = (try SavedReport(json: Data(made.json.utf8), name: path).run, made.summary)
            } catch {
                throw Failure(.data, "\(path): \(error.reason)")
            }
        case .ios(let ios):
            (run, summary) = try reading {
                var builder = RunBuilder(rule: ios.rule, blockLength: blockLength, bursts: ios.bursts)
                let summary = try ios.read { builder.add($0, $1) }
                let run = builder.finish(
                    name: path, source: summary.source, loss: summary.loss,
                    selection: selection.map { .init(condition: $0.text, ofIOs: summary.ios) },
                    thinnedOut: summary.thinnedOut, clocks: summary.clocks)
                return (keepsBlocks ? run : run.withoutBlocks, summary)
            }
        }
    }

    /// A cut or damaged capture is reported on standard error, and by the exit status.
    func complainOfDamage() throws(Failure) { try summary?.complain() }
}
