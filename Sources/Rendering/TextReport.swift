// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Report

/// The report for people: what it is of, the flame, the slowest I/Os, why, how good the data is, and the verdict.
public struct TextReport: Sendable {
    public let lines: [String]

    /// - Parameters:
    ///   - showsCPUs: the table of CPUs also when there is but one combination of them.
    ///   - showsHistogram: how the latencies are spread.
    ///   - isVerbose: rows of next to nothing, caches and long command lines are shown too.
    public init(
        _ report: Report, style: TextStyle = TextStyle(), showsCPUs: Bool = false, showsHistogram: Bool = false,
        isVerbose: Bool = false
    ) {
        let page = ReportPage(report: report, style: style, isVerbose: isVerbose)
        var lines = page.header
        if let groups = report.groups {
            lines += page.groups(groups)
        } else {
            lines += Flame(report, style: style, isVerbose: isVerbose)?.lines ?? []
            lines += page.completions + page.overTime
        }
        if showsHistogram { lines += HistogramText(report: report, style: style).lines }
        // CPUs of one number on several machines are not one.
        if let table = report.placement, report.source.machines.count < 2, showsCPUs || isVerbose || table.isTelling {
            lines += PlacementText(table: table, style: style, isVerbose: isVerbose).lines
            if let places = report.source.places {
                lines +=
                    PlacesText(
                        places: places, interruptCounts: report.interrupts, style: style,
                        showsCaches: showsCPUs || isVerbose
                    ).lines
            }
        }
        lines += page.quality + page.unseen + page.verdict
        if report.latency != nil { lines += page.footer }
        self.lines = lines
    }

    /// The report with a row for each interval of time instead of the flame.
    /// - Parameter file: as the user called it.
    public init(overTime report: Report, file: String, style: TextStyle = TextStyle()) {
        let page = ReportPage(report: report, style: style)
        lines = page.header + page.timeTable(file: file) + page.quality
    }

    public var text: String { lines.joined(separator: "\n") + "\n" }
}

extension PlacementTable {
    /// There is a choice of CPUs to see: not where only the submitter's is known.
    fileprivate var isTelling: Bool { rows.count > 1 && kinds.contains { $0.kind != .unknown } }
}
