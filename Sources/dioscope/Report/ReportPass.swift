// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Capture
import DirectIO
import Report
import Selection
import Synchronization

/// Which I/Os a report is of.
struct IOFilter: Sendable {
    let selection: IOSelection
    let names: RecordedNames
    let rule: CompletionRule

    /// Of an I/O that is wanted.
    func life(_ io: DirectIO) -> AttributedLife? {
        let life = AttributedLife(io, rule: rule)
        return selection.contains(Subject(io, life, names)) ? life : nil
    }
}

/// One pass over a file that makes a report, by as many threads as are worth while. The report is the same however
/// many they are.
struct ReportPass: Sendable {
    let rule: CompletionRule
    let percentiles: [Double]
    let groups: ChosenGroups?
    let filter: IOFilter?
    let thinning: Thinning?
    /// The selection in words.
    let condition: String?

    func report(of reader: any IOSource) throws -> (Report, SourceSummary) {
        if let capture = reader as? CaptureIOs, case let threads = capture.threads, threads > 1,
            let made = try report(of: capture, threads: threads)
        {
            return made
        }
        var builder = builder
        let summary = try reader.read {
            builder.add($0)
        } each: {
            add($0, to: &builder)
        }
        for sums in summary.summaries { builder.add(sums) }
        return (finish(builder, summary), summary)
    }

    /// - Returns: `nil` when the I/Os have to be taken in order: there is more to tell apart than is counted.
    private func report(of capture: CaptureIOs, threads: Int) throws -> (Report, SourceSummary)? {
        let workers = (0..<threads).map { _ in Worker(builder) }
        let summary = try capture.readShared(threads) { number, share, progress in
            try workers[number].builder.withLock { builder in
                try share.read {
                    builder.add($0)
                } progress: {
                    progress($0)
                } _: {
                    add($0, to: &builder)
                }
            }
        }
        return workers[0].builder.withLock { all in
            for worker in workers.dropFirst() { worker.builder.withLock { all.add($0) } }
            for sums in summary.summaries { all.add(sums) }
            return all.isAtLimit ? nil : (finish(all, summary), summary)
        }
    }

    /// Uncontended: the lock lets threads have a builder each, and their starter have it after them.
    private final class Worker: Sendable {
        let builder: Mutex<ReportBuilder>

        init(_ builder: consuming sending ReportBuilder) {
            self.builder = Mutex(builder)
        }
    }

    private var builder: ReportBuilder { ReportBuilder(rule: rule, percentiles: percentiles, groups: groups) }

    @inline(__always)
    private func add(_ io: DirectIO, to builder: inout ReportBuilder) {
        if let thinning, !thinning.keeps(io) { return builder.thinOut() }
        if let filter {
            if let life = filter.life(io) { builder.add(io, life) }
        } else {
            builder.add(io)
        }
    }

    private func finish(_ builder: borrowing ReportBuilder, _ summary: SourceSummary) -> Report {
        let selection = condition.map { Report.Selection(condition: $0, ofIOs: summary.ios) }
        return builder.finish(source: summary.source, loss: summary.loss, selection: selection)
    }
}
