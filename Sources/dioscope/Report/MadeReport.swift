// SPDX-License-Identifier: GPL-2.0-only

import Input
import Rendering
import Report
import Selection

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
    /// What else of single I/Os is to be shown, in the user's words.
    var shown: String?
    /// I/Os of whose latency the recorder itself took a large part are left out.
    var isWithoutSelf = false

    /// What single I/Os are needed for.
    private var needsIOs: String? {
        selection != nil
            ? "--where"
            : window != nil
                ? "--from and --to"
                : isWithoutSelf
                    ? "--without-self" : Grouper.ofSummaries.isSuperset(of: groupings) ? shown : "--by \(words)"
    }

    func builder(of ios: ChosenIOs, _ groups: ChosenGroups?) -> ReportBuilder {
        ReportBuilder(
            rule: ios.rule, percentiles: percentiles, groups: groups,
            axis: TimelineAxis(origin: ios.origin, interval: interval), bursts: ios.bursts,
            leavesOutRecorders: isWithoutSelf)
    }

    private var words: String { groupings.map(\.rawValue).joined(separator: ",") }

    /// Which I/Os, in words; `nil`: all of them.
    var condition: String? {
        let parts = [selection?.text, window?.text, isWithoutSelf ? "--without-self" : nil].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    var ofIOs: IOWish {
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
            let (report, summary) = try ReportPass(ios, wishes) { wishes.builder(of: ios, groups) }.made()
            return (report.placed(by: summary), summary)
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

    /// I/Os of which not every point was seen that a probe could see.
    var incompleteIOs: UInt64 { report.ios.total - min(report.ios.total, report.quality.completeIOs) }

    /// A cut or damaged file is reported on standard error too, and by the exit status.
    func complainOfDamage() throws(Failure) { try summary.complain(given: report) }

    /// What was there and is not followed: the first that is known.
    var absence: Absence? { SourceSummary.absence(given: report) }
}

extension SourceSummary {
    /// - Parameter report: of its I/Os: it says more than what no probe could have seen.
    func complain(given report: Report) throws(Failure) {
        var summary = self
        if let absence = Self.absence(given: report) { summary.absence = absence }
        try summary.complain()
    }

    static func absence(given report: Report) -> Absence? {
        report.unseen.first.map {
            Absence(
                reason: UnseenText.text(of: $0, in: report.source), remedy: UnseenText.remedy(for: $0))
        }
    }
}
