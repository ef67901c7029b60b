// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Capture
import DirectIO
import KernelTraces
import Rendering
import Report
import Selection

/// What a report is to tell of.
struct ReportWishes {
    var selection: IOSelection?
    var grouping: Grouping?
    /// How many groups at most.
    var groups = 8
    var percentiles: [Double] = []

    /// What single I/Os are needed for.
    var needsIOs: String? { selection != nil ? "--where" : grouping != nil ? "--by" : nil }

    /// The file has to be read more than once.
    var needPasses: Bool { grouping != nil || selection?.needsNames ?? false }
}

/// The report of a capture or trace, and what was wrong with the file.
struct MadeReport {
    let report: Report
    private let summary: SourceSummary

    init(of path: String, _ wishes: ReportWishes = ReportWishes()) throws(Failure) {
        let reader = try IOSources.open(path, again: wishes.needPasses, wanting: wishes.needsIOs)
        let (report, summary) = try reading { () throws -> (Report, SourceSummary) in
            let filter = try Self.filter(of: reader, wishes)
            let groups = try Self.groups(of: reader, wishes, filter)
            let pass = ReportPass(
                rule: reader.rule, percentiles: wishes.percentiles, groups: groups, filter: filter,
                thinning: reader.thinning,
                condition: wishes.selection?.text)
            return try pass.report(of: reader)
        }
        self.report = report
        self.summary = summary
    }

    /// A pass of its own when names are asked for: they may come after their I/Os.
    private static func filter(of reader: any IOSource, _ wishes: ReportWishes) throws -> IOFilter? {
        guard let selection = wishes.selection else { return nil }
        var names = RecordedNames()
        if selection.needsNames {
            let summary = try reader.read { _ in }
            names = RecordedNames(threads: summary.threads, devices: summary.source.devices)
        }
        return IOFilter(selection: selection, names: names, rule: reader.rule)
    }

    /// A pass of its own: which groups are the largest.
    private static func groups(
        of reader: any IOSource, _ wishes: ReportWishes, _ filter: IOFilter?
    ) throws -> ChosenGroups? {
        guard let grouping = wishes.grouping else { return nil }
        var counts = GroupCounts(by: grouping)
        _ = try reader.read { io in
            guard reader.thinning?.keeps(io) ?? true else { return }
            if filter == nil || filter?.life(io) != nil { counts.add(io) }
        }
        return counts.largest(wishes.groups)
    }

    func text(_ style: TextStyle, showsCPUs: Bool = false) -> String {
        TextReport(report, style: style, showsCPUs: showsCPUs).text
    }

    var json: String { JSONReport(report).text }

    /// A cut or damaged file is told on standard error too, and by the exit status.
    func complainOfDamage() throws(Failure) { try summary.complain() }
}

/// Runs what reads a capture or trace; its errors become failures as the user sees them.
func reading<Result>(_ body: () throws -> Result) throws(Failure) -> Result {
    do {
        return try body()
    } catch let error as CaptureError {
        throw Failure(error)
    } catch let error as TraceError {
        throw Failure(error)
    } catch let failure as Failure {
        throw failure
    } catch {
        throw Failure(.data, "\(error)")
    }
}
