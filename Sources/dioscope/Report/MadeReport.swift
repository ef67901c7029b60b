// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Input
import Rendering
import Report
import Selection
import Synchronization

/// What a report is to show.
struct ReportWishes {
    var selection: IOSelection?
    /// By all of these at once; none: not grouped.
    var groupings: [Grouping] = []
    /// How many groups at most.
    var groups = 8
    var percentiles: [Double] = []
    var window: TimeWindow?
    /// Nanoseconds of an interval of the time axis; `nil`: what fits.
    var interval: UInt64?

    /// What single I/Os are needed for.
    private var needsIOs: String? {
        selection != nil
            ? "--where"
            : window != nil
                ? "--from and --to" : Grouper.ofSummaries.isSuperset(of: groupings) ? nil : "--by \(words)"
    }

    private var words: String { groupings.map(\.rawValue).joined(separator: ",") }

    /// Which I/Os, in words; `nil`: all of them.
    fileprivate var condition: String? {
        let parts = [selection?.text, window?.text].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    fileprivate var ofIOs: IOWish {
        var wish = IOWish(selection: selection, purpose: needsIOs)
        wish.isReadAgain = !groupings.isEmpty
        wish.needsNames = groupings.contains(.comm)
        wish.window = window
        return wish
    }
}

/// The report of a capture or trace, and what was wrong with the file.
struct MadeReport {
    let report: Report
    let summary: SourceSummary

    init(of path: String, _ wishes: ReportWishes = ReportWishes()) throws(Failure) {
        (report, summary) = try reading {
            let ios = try ChosenIOs(path, wishes.ofIOs, ReadingProgress(endsEarly: true))
            let groups = try Self.groups(of: ios, wishes)
            return try ReportPass(ios, wishes, groups: groups).report()
        }
    }

    /// A pass of its own: which groups are the largest.
    private static func groups(of ios: ChosenIOs, _ wishes: ReportWishes) throws -> ChosenGroups? {
        guard !wishes.groupings.isEmpty else { return machines(of: ios) }
        var counts = GroupCounts(by: Grouper(by: wishes.groupings, threads: ios.names.threads))
        let summary = try ios.read(occupancies: { _ in }) { io, _ in counts.add(io) }
        for sums in summary.summaries { counts.add(sums.example, ios: sums.ios) }
        return counts.largest(wishes.groups)
    }

    /// Several machines have nothing in common but the trace.
    private static func machines(of ios: ChosenIOs) -> ChosenGroups? {
        ios.machines.count > 1 ? ChosenGroups(machines: ios.machines.count) : nil
    }

    func text(
        _ style: TextStyle, showsCPUs: Bool = false, showsHistogram: Bool = false, isVerbose: Bool = false
    ) -> String {
        TextReport(
            report, style: style, showsCPUs: showsCPUs, showsHistogram: showsHistogram, isVerbose: isVerbose
        ).text
    }

    func textOverTime(_ style: TextStyle, file: String) -> String {
        TextReport(overTime: report, file: file, style: style).text
    }

    var json: String { JSONReport(report).text }

    /// A cut or damaged file is reported on standard error too, and by the exit status.
    func complainOfDamage() throws(Failure) {
        var summary = summary
        // It says more than what no probe could have seen.
        if let unseen = report.unseen.first {
            summary.absence = Absence(
                reason: UnseenText.text(of: unseen, command: report.source.commandName),
                remedy: UnseenText.remedy(for: unseen))
        }
        try summary.complain()
    }
}

/// One pass over I/Os that makes a report, by as many threads as are worth while. The report is the same however many
/// they are.
private struct ReportPass {
    private let ios: ChosenIOs
    private let wishes: ReportWishes
    private let groups: ChosenGroups?

    init(_ ios: ChosenIOs, _ wishes: ReportWishes, groups: ChosenGroups?) {
        self.ios = ios
        self.wishes = wishes
        self.groups = groups
    }

    func report() throws -> (Report, SourceSummary) {
        if case let threads = ios.threads, threads > 1, let made = try report(threads: threads) { return made }
        var builder = builder
        let summary = try ios.read {
            builder.add($0)
        } each: {
            builder.add($0, $1)
        }
        for sums in summary.summaries { builder.add(sums) }
        return (finish(builder, summary), summary)
    }

    /// - Returns: `nil` when the I/Os have to be taken in order: there are more values than are counted.
    private func report(threads: Int) throws -> (Report, SourceSummary)? {
        let workers = (0..<threads).map { _ in Worker(builder) }
        let summary = try ios.read(threads: threads) { number, part in
            try workers[number].builder.withLock { builder in
                try part.read {
                    builder.add($0)
                } each: {
                    builder.add($0, $1)
                }
            }
        }
        guard let summary else { return nil }
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

    private var builder: ReportBuilder {
        ReportBuilder(
            rule: ios.rule, percentiles: wishes.percentiles, groups: groups,
            axis: TimelineAxis(origin: ios.origin, interval: wishes.interval))
    }

    private func finish(_ builder: borrowing ReportBuilder, _ summary: SourceSummary) -> Report {
        let selection = wishes.condition.map { Report.Selection(condition: $0, ofIOs: summary.ios) }
        var report = builder.finish(
            source: summary.source, loss: summary.loss, selection: selection, thinnedOut: summary.thinnedOut,
            clocks: summary.clocks)
        if let timeline = report.timeline, let began = summary.began, began < timeline.origin {
            report.timeline?.offset = timeline.origin - began
        }
        return report
    }
}
