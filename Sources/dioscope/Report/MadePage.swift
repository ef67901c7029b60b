// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Comparison
import Input
import Page
import Report

/// The page of one recording, or of two and what differs between them.
struct MadePage {
    let document: PageDocument
    /// The reports, and what was wrong with the files.
    private let made: [(report: Report, summary: SourceSummary)]

    /// Each has tables of its own: so many are 64 MB at most.
    private static let mostThreads = 2

    init(of paths: [String], _ wishes: ReportWishes) throws(Failure) {
        var parts: [Part] = []
        for path in paths {
            parts.append(try reading { try Self.part(path, wishes, isCompared: paths.count > 1) })
        }
        document = PageDocument(parts.map(\.page), Self.comparison(parts.compactMap(\.compared)))
        made = parts.map { ($0.report, $0.summary) }
    }

    /// What is made of one file.
    private struct Part {
        var page: PageDocument.Run
        var report: Report
        var summary: SourceSummary
        /// For a comparison with another one.
        var compared: Run?
    }

    private static func part(_ path: String, _ wishes: ReportWishes, isCompared: Bool) throws -> Part {
        let ios = try ChosenIOs(path, wishes.ofIOs, ReadingProgress(endsEarly: true))
        let pass = ReportPass(ios, wishes, mostThreads: mostThreads) { PageBuilder(wishes.builder(of: ios, nil)) }
        // Sums are compared as a saved report is.
        guard isCompared, !ios.isSummary else {
            return part(path, try pass.made(), isCompared ? try ComparedRun(path, blockLength: nil, nil).run : nil)
        }
        var compared = RunBuilder(rule: ios.rule, blockLength: nil, bursts: ios.bursts)
        let made = try pass.made { io, known in
            if let known { compared.add(io, known.life) } else { compared.add(io) }
        }
        let run = compared.finish(
            name: path, source: made.1.source, loss: made.1.loss,
            selection: wishes.condition.map { .init(condition: $0, ofIOs: made.1.ios) },
            thinnedOut: made.1.thinnedOut, clocks: made.1.clocks)
        return part(path, made, run)
    }

    private static func part(_ path: String, _ made: (PageBuilder.Made, SourceSummary), _ compared: Run?) -> Part {
        let report = made.0.report.placed(by: made.1)
        let page = PageDocument.Run(name: path, report: report, pictures: made.0.pictures, began: made.1.began)
        return Part(page: page, report: report, summary: made.1, compared: compared)
    }

    private static func comparison(_ runs: [Run]) -> (Comparison, Comparability)? {
        guard runs.count == 2 else { return nil }
        let comparability = Comparability(base: [runs[0].facts], new: [runs[1].facts])
        return (Comparison(base: [runs[0]], new: [runs[1]]), comparability)
    }

    /// Cut or damaged files are reported on standard error too, and by the exit status.
    func complainOfDamage() throws(Failure) {
        for (report, summary) in made { try summary.complain(given: report) }
    }
}
