// SPDX-License-Identifier: GPL-2.0-only

import Rendering
import Report

/// One recording in a page: what it is of, the verdict, and the pictures.
struct PageSection {
    let name: String
    let report: Report
    let pictures: PagePictures
    let map: LatencyMap?
    let frame: PageFrame

    private var words: ReportWords { ReportWords(report) }

    /// Columns of few I/Os are noise.
    private static let iosOfAColumn = 16
    private static let fewestColumns = 48

    /// - Parameter columns: of pictures over time, at most.
    init(_ run: PageDocument.Run, prefix: String, width: Int, columns: Int) {
        (name, report, pictures) = (run.name, run.report, run.pictures)
        let ios = Int(clamping: report.latency?.ios ?? 0)
        // The few I/Os of a summary that have records are not like the others.
        let isOfAll = report.summedUp == nil
        map =
            isOfAll
            ? run.pictures.grid.map(columns: min(columns, max(Self.fewestColumns, ios / Self.iosOfAColumn))) : nil
        frame = PageFrame(prefix: prefix, width: width, began: run.began)
    }

    func write(to markup: inout Markup) {
        markup.element("section", ["class": "run", "id": frame.id("run"), "aria-labelledby": frame.id("head")]) {
            markup in
            writeHeader(to: &markup)
            writeVerdict(to: &markup)
            if map != nil { writeControls(to: &markup) }
            FlameTable(report: report, words: words, map: map).write(to: &markup)
            if let map {
                writePictures(map, to: &markup)
            } else {
                let why = report.summedUp == nil ? "no I/O finished" : "a summary has no times of single I/Os"
                markup.element("p", ["class": "note"], "No pictures over time: \(why).")
            }
            figure("Placement", "Which CPU submitted an I/O and which completed it.", to: &markup) {
                PlacementMarkup(report: report, map: map, frame: frame).write(to: &$0)
            }
            figure("Data quality", "Judge by this how far the rest goes.", to: &markup) {
                QualityMarkup(report: report, words: words, grid: pictures.grid).write(to: &$0)
            }
            markup.element("details") { markup in
                markup.element("summary", "The report as text")
                markup.element("pre", ["tabindex": "0"], words.text)
            }
            if let map {
                let data = PageData(report: report, map: map, pictures: pictures, frame: frame)
                markup.raw("<script type=\"application/json\" id=\"\(frame.id("data"))\">\(data.json)</script>\n")
            }
        }
    }

    private func writeHeader(to markup: inout Markup) {
        markup.element("h2", ["id": frame.id("head")], words.heading.joined(separator: "  \u{b7}  "))
        markup.element("p", ["class": "file"], name)
        markup.element("ul", ["class": "facts"]) { markup in
            for fact in words.facts { markup.element("li", fact.joined(separator: "  \u{b7}  ")) }
        }
        if let command = words.command { markup.element("p", ["class": "command"], "$ " + command) }
    }

    private func writeVerdict(to markup: inout Markup) {
        let verdict = words.verdict
        markup.element("div", ["class": verdict.isGiven ? "verdict" : "verdict refused"]) { markup in
            markup.element("h3", verdict.isGiven ? "Verdict" : "No verdict")
            for sentence in verdict.sentences { markup.element("p", sentence + ".") }
        }
    }

    private func writePictures(_ map: LatencyMap, to markup: inout Markup) {
        figure(
            "Latency over time", "Bands are ways that I/Os take; what rises from them is a spike.", to: &markup,
            { HeatmapPicture(map: map, frame: frame, spikes: words.spikes(file: name)).write(to: &$0) })
        figure(
            "Percentiles over time", "Within 4% of the value, for each \(Quantity.duration(map.interval)).",
            to: &markup,
            { PercentilePicture(map: map, report: report, frame: frame).write(to: &$0) })
        figure(
            "Distribution by stage", "How many I/Os took at most how long, as a whole and in each stage.", to: &markup,
            { DistributionPicture(map: map, report: report, frame: frame).write(to: &$0) })
        if !pictures.slowest.isEmpty {
            figure(
                "The slowest I/Os", "Each from its begin on; what follows the device is the completion.", to: &markup,
                { LanesPicture(pictures, map, report, frame).write(to: &$0) })
        }
    }

    private func figure(
        _ title: String, _ explanation: String, to markup: inout Markup, _ body: (inout Markup) -> Void
    ) {
        markup.element("figure") { markup in
            markup.element("figcaption") { markup in
                markup.element("h3", title)
                markup.element("p", explanation)
            }
            body(&markup)
        }
    }

    /// Hidden until the script takes them over.
    private func writeControls(to markup: inout Markup) {
        guard let map else { return }
        markup.element("form", ["class": "controls", "hidden": "", "aria-label": "Filters"]) { markup in
            select(
                "stage", "Stage",
                [("-1", "whole latency")]
                    + map.stages.enumerated().map {
                        ("\($0.offset)", $0.element.label)
                    }, to: &markup)
            select(
                "context", "Completed in",
                [("-1", "all contexts")]
                    + map.contexts.enumerated().map {
                        ("\($0.offset)", $0.element.rawValue)
                    }, to: &markup)
            for (kind, label, value) in [("from", "From", 0), ("to", "To", map.columns)] {
                markup.element("label") { markup in
                    markup.words(label + " ")
                    markup.void(
                        "input",
                        [
                            "type": "range", "name": kind, "min": "0", "max": "\(map.columns)", "value": "\(value)",
                        ])
                    markup.element("output", ["name": "\(kind)-time"], "")
                }
            }
            markup.element("button", ["type": "reset"], "Show all")
            markup.element("p", ["class": "selected", "role": "status", "aria-live": "polite"], "")
        }
    }

    private func select(
        _ name: String, _ label: String, _ options: [(value: String, label: String)], to markup: inout Markup
    ) {
        markup.element("label") { markup in
            markup.words(label + " ")
            markup.element("select", ["name": name]) { markup in
                for option in options { markup.element("option", ["value": option.value], option.label) }
            }
        }
    }
}
