// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Capture
import DirectIO
import Rendering
import Report
import Selection
import SystemPackage

/// What a report is to tell of.
struct ReportWishes {
    var selection: IOSelection?
    var grouping: Grouping?
    /// How many groups at most.
    var groups = 8
    var percentiles: [Double] = []
}

/// The report of a capture file, and what was wrong with the file.
struct MadeReport {
    private let report: Report
    private let summary: CaptureSummary
    private let path: FilePath

    init(of path: FilePath, _ wishes: ReportWishes = ReportWishes()) throws(Failure) {
        let (report, summary) = try reading { () throws -> (Report, CaptureSummary) in
            let reader = try CaptureReader(path: path)
            let filter = try Self.filter(of: reader, wishes)
            let groups = try Self.groups(of: reader, wishes, filter)
            var builder = ReportBuilder(
                rule: reader.session.completionRule, percentiles: wishes.percentiles, groups: groups)
            let summary = try reader.read {
                builder.add($0)
            } _: { io in
                if let filter {
                    if let life = filter.life(io) { builder.add(io, life) }
                } else {
                    builder.add(io)
                }
            }
            let source = ReportSource(
                session: reader.session, end: summary.end, devices: summary.devices,
                threads: summary.threads, cpus: summary.cpus, isComplete: summary.isComplete)
            let selection = wishes.selection.map { Report.Selection(condition: $0.text, ofIOs: summary.ios) }
            return (builder.finish(source: source, loss: summary.loss, selection: selection), summary)
        }
        self.report = report
        self.summary = summary
        self.path = path
    }

    /// Which I/Os the report is of.
    private struct Filter {
        let selection: IOSelection
        let names: RecordedNames
        let rule: CompletionRule

        /// Of an I/O that is wanted.
        func life(_ io: DirectIO) -> AttributedLife? {
            let life = AttributedLife(io, rule: rule)
            return selection.contains(Subject(io, life, names)) ? life : nil
        }
    }

    /// A pass of its own when names are asked for: they may come after their I/Os.
    private static func filter(of reader: CaptureReader, _ wishes: ReportWishes) throws -> Filter? {
        guard let selection = wishes.selection else { return nil }
        var names = RecordedNames()
        if selection.needsNames {
            let summary = try reader.read { _ in }
            names = RecordedNames(threads: summary.threads, devices: summary.devices)
        }
        return Filter(selection: selection, names: names, rule: reader.session.completionRule)
    }

    /// A pass of its own: which groups are the largest.
    private static func groups(
        of reader: CaptureReader, _ wishes: ReportWishes, _ filter: Filter?
    ) throws -> ChosenGroups? {
        guard let grouping = wishes.grouping else { return nil }
        var counts = GroupCounts(by: grouping)
        _ = try reader.read { io in
            if filter == nil || filter?.life(io) != nil { counts.add(io) }
        }
        return counts.largest(wishes.groups)
    }

    func text(_ style: TextStyle, showsCPUs: Bool = false) -> String {
        TextReport(report, style: style, showsCPUs: showsCPUs).text
    }

    var json: String { JSONReport(report).text }

    /// A cut or damaged capture is told on standard error too, and by the exit status.
    func complainOfDamage() throws(Failure) { try summary.complain(of: path) }
}

extension CaptureSummary {
    /// - Throws: when the capture is cut or damaged.
    func complain(of path: FilePath) throws(Failure) {
        guard !isComplete else { return }
        for finding in damage.prefix(3) { Terminal.say("\(path.string): \(finding)") }
        if damageCount > 3 { Terminal.say("and \(damageCount - 3) more damaged places") }
        throw Failure(.incomplete, "\(path.string) is incomplete: \(ios) I/Os could be read")
    }
}

/// Runs what reads a capture; its errors become failures as the user sees them.
func reading<Result>(_ body: () throws -> Result) throws(Failure) -> Result {
    do {
        return try body()
    } catch let error as CaptureError {
        throw Failure(error)
    } catch let failure as Failure {
        throw failure
    } catch {
        throw Failure(.data, "\(error)")
    }
}
