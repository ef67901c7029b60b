// SPDX-License-Identifier: GPL-2.0-only

import Comparison
import Input
import Page
import Report
import Selection

/// The page of one recording, or of two and what differs between them.
struct MadePage {
    let document: PageDocument
    private let summaries: [SourceSummary]

    /// Each has tables of its own: so many are 64 MB at most.
    private static let mostThreads = 2

    init(of paths: [String], _ wishes: ReportWishes) throws(Failure) {
        var runs: [PageDocument.Run] = []
        var summaries: [SourceSummary] = []
        for path in paths {
            let (run, summary) = try reading { try Self.run(path, wishes) }
            runs.append(run)
            summaries.append(summary)
        }
        document = PageDocument(runs, paths.count > 1 ? try Self.comparison(paths, wishes.selection) : nil)
        self.summaries = summaries
    }

    private static func run(_ path: String, _ wishes: ReportWishes) throws -> (PageDocument.Run, SourceSummary) {
        let ios = try ChosenIOs(path, wishes.ofIOs, ReadingProgress(endsEarly: true))
        let pass = ReportPass(ios, wishes, mostThreads: mostThreads) { PageBuilder(wishes.builder(of: ios, nil)) }
        let (made, summary) = try pass.made()
        let run = PageDocument.Run(
            name: path, report: made.report.placed(by: summary), pictures: made.pictures, began: summary.began)
        return (run, summary)
    }

    private static func comparison(
        _ paths: [String], _ selection: IOSelection?
    ) throws(Failure) -> (Comparison, Comparability) {
        var runs: [Run] = []
        for path in paths { runs.append(try ComparedRun(path, blockLength: nil, selection).run) }
        let comparability = Comparability(base: [runs[0].facts], new: [runs[1].facts])
        return (Comparison(base: [runs[0]], new: [runs[1]]), comparability)
    }

    /// Cut or damaged files are reported on standard error too, and by the exit status.
    func complainOfDamage() throws(Failure) {
        for summary in summaries { try summary.complain() }
    }
}
