// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Comparison
import DirectIO
import Report

/// What a report says in words, for another form than text. Control characters in names are escaped; what else its form
/// asks for is the caller's.
package struct ReportWords {
    private let report: Report
    private let style = TextStyle(width: 100, characters: .utf8)

    package init(_ report: Report) {
        self.report = report
    }

    private var header: ReportHeader { ReportHeader(report: report, style: style) }

    /// What was recorded.
    package var heading: [String] { header.what }
    /// How much, how fast, where: a list for each.
    package var facts: [[String]] { header.facts }

    package var command: String? {
        report.source.command.isEmpty ? nil : escaped(report.source.command.joined(separator: " "))
    }

    /// Sentences, or why there are none.
    package var verdict: (isGiven: Bool, sentences: [String]) {
        let verdict = report.verdict
        return verdict.sentences.isEmpty
            ? (false, verdict.refusals.map { escaped(VerdictText.text(of: $0)) })
            : (true, verdict.sentences.map { escaped(VerdictText.text(of: $0)) })
    }

    /// Intervals that stand out.
    /// - Parameter file: as the user called it.
    package func spikes(file: String) -> [SpikeWords] {
        guard let timeline = report.timeline else { return [] }
        let words = TimelineText(timeline: timeline, style: style, submitter: report.source.submitterName)
        return words.spikes(file: file)
    }

    /// The whole report as text.
    package var text: String { TextReport(report, style: style).text }

    package func escaped(_ text: String) -> String { EscapedText(text).description }

    package func label(of cause: WaitCause, name: String?) -> String {
        CauseText.label(of: cause, name: name, submitter: report.source.submitterName, room: 40, style)
    }

    package func label(of part: LayerPart) -> String {
        escaped(LayerText.name(of: part.device, report.source)) + LayerText.suffix(of: part.phase)
    }

    package func name(of device: DeviceNumber) -> String { escaped(LayerText.name(of: device, report.source)) }

    package func label(of group: GroupKey) -> String { escaped(GroupText.label(of: group, report.source)) }

    package static func label(of kind: PlacementTable.Kind) -> String { PlacementText.label(of: kind) }
    package static func text(of remark: Remark) -> String { RemarkText.text(of: remark) }
}
