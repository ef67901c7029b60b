// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Comparison

/// A comparison for people: what was compared, what else differs, the numbers, how far they go, and what changed.
public struct ComparisonPage: Sendable {
    public let lines: [String]

    public init(_ comparison: Comparison, _ comparability: Comparability, style: TextStyle = TextStyle()) {
        let page = Content(comparison: comparison, comparability: comparability, style: style)
        lines =
            page.sides + page.differences + [""] + ComparisonTable(comparison: comparison, style: style).lines
            + [""] + page.remarks + page.verdict
    }

    public var text: String { lines.joined(separator: "\n") + "\n" }

    private struct Content {
        let comparison: Comparison
        let comparability: Comparability
        let style: TextStyle

        var sides: [String] { what + side("base", comparison.base) + side("new", comparison.new) }

        /// What the base is: what differs on the other side is below.
        private var what: [String] {
            guard let facts = comparison.base.runs.first, let operation = facts.operation else { return [] }
            let length = facts.length.flatMap { UInt64($0.value) }.map(Quantity.bytes) ?? ""
            var items = ["DIO \(operation.value) \(length)"]
            items += [facts.fileSystem, facts.issuer?.value].compactMap { $0 }.map(style.escaped)
            if let peak = facts.peakInFlight { items.append("up to \(peak) in flight") }
            if let selection = facts.selection { items.append("where " + style.escaped(selection)) }
            return TextLine.flow(items, separator: "  ", head: "", indent: 1, width: style.width)
                .map { style.palette.paint($0, .heading) }
        }

        private func side(_ name: String, _ side: Side) -> [String] {
            let names = Self.first(of: side.runs.map { style.escaped($0.name) })
            let items = names + ["\(Quantity.ios(side.ios))", units(of: side)]
            return TextLine.labelled(name, items, width: style.width).map { style.palette.paint($0, .heading) }
        }

        private func units(of side: Side) -> String {
            func count(_ number: Int, _ one: String, _ more: String) -> String {
                "\(number) \(number == 1 ? one : more)"
            }
            if side.unitKind == .box {
                return "\(count(side.runs.count, "run", "runs")) on \(count(side.unitCount, "box", "boxes"))"
            }
            if side.unitKind == .run { return count(side.unitCount, "run", "runs") }
            guard let length = side.blockLength else { return "saved report" }
            let runs = side.runs.count == 1 ? "" : " of \(side.runs.count) runs"
            let blocks = count(side.unitCount, "block", "blocks")
            let span = length % 1_000_000_000 == 0 ? "\(length / 1_000_000_000)s" : Quantity.milliseconds(length)
            return "\(blocks) of \(span)" + runs
        }

        /// Of hundreds, the first ones.
        private static func first(of names: [String]) -> [String] {
            names.count <= 12 ? names : names.prefix(10) + ["and \(names.count - 10) more"]
        }

        var differences: [String] {
            let obstacles = comparability.obstacles.flatMap { line("not alike", $0) }
                .map { style.palette.paint($0, .warning) }
            return obstacles + comparability.differences.flatMap { line("differs", $0) }
        }

        private func line(_ label: String, _ found: Comparability.Discrepancy) -> [String] {
            let values = [found.base, found.new].map { values in
                values.isEmpty ? "-" : Self.first(of: values.map(style.escaped)).joined(separator: ", ")
            }
            let shown =
                found.what == "command" ? WordDifference.shortened(values[0], values[1]) : (values[0], values[1])
            let sentence = "\(found.what): \(shown.0) => \(shown.1)"
            return TextLine.labelled(label, sentence: sentence, width: style.width)
        }

        var remarks: [String] {
            comparison.remarks.flatMap { remark in
                let isWarning = RemarkText.isWarning(remark)
                let lines = TextLine.labelled(
                    isWarning ? "!!!" : "note", sentence: style.escaped(RemarkText.text(of: remark)),
                    width: style.width)
                return isWarning ? lines.map { style.palette.paint($0, .warning) } : lines
            }
        }

        var verdict: [String] {
            guard let mean = comparison.difference(in: .mean), let delta = mean.delta else {
                return TextLine.labelled("no verdict:", sentence: "a side has no finished I/O", width: style.width)
            }
            let sentence: String
            switch mean.isSignificant {
            case nil:
                let note = "which changes are more than chance is unknown; they are in brackets"
                return TextLine.labelled("no verdict:", sentence: note, width: style.width)
            case false:
                sentence = "no evidence (~) that the mean latency changed: it changed by " + Self.bounds(of: mean)
            case true:
                let percent = mean.relative.map { " (\(Quantity.signedPercent($0.value)))" } ?? ""
                sentence = "the mean latency changed by \(Quantity.signedDuration(delta.value))\(percent)" + parts
            }
            return TextLine.labelled("VERDICT", sentence: sentence, width: style.width)
                .map { style.palette.paint($0, .heading) }
        }

        /// Relative to the base where that can be given: a base that may be next to nothing has no such interval.
        private static func bounds(of mean: Difference) -> String {
            func between(_ interval: ClosedRange<Double>, _ format: (Double) -> String) -> String {
                "between \(format(interval.lowerBound)) and \(format(interval.upperBound))"
            }
            if let interval = mean.relative?.interval { return between(interval, Quantity.signedPercent) }
            if let interval = mean.delta?.interval { return between(interval, Quantity.signedDuration) }
            return "an amount that is not known"
        }

        /// The stages that make most of the change, and whose own change is more than chance.
        private var parts: String {
            let parts = comparison.stages
                .filter { $0.difference.isSignificant == true && abs($0.shareOfChange ?? 0) >= 0.05 }
                .sorted { abs($0.shareOfChange ?? 0) > abs($1.shareOfChange ?? 0) }
                .prefix(3)
                .map { "\($0.stage.label) \(Quantity.signedDuration($0.difference.delta?.value ?? 0))" }
            return parts.isEmpty ? "" : ": " + parts.joined(separator: ", ")
        }
    }
}
