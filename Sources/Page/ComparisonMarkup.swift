// SPDX-License-Identifier: GPL-2.0-only

import Comparison
import Rendering

/// What changed between the two recordings of a page, with the intervals that say what may be chance.
struct ComparisonMarkup {
    let comparison: Comparison
    let comparability: Comparability

    func write(to markup: inout Markup) {
        markup.element("section", ["class": "comparison", "aria-labelledby": "comparison"]) { markup in
            markup.element("h2", ["id": "comparison"], "What changed")
            for obstacle in comparability.obstacles {
                markup.element(
                    "p", ["class": "warning"],
                    "Not alike: \(obstacle.what): \(obstacle.base.joined(separator: ", "))"
                        + " and \(obstacle.new.joined(separator: ", "))")
            }
            markup.element("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": "What changed"])
            {
                markup in
                markup.element("table", ["class": "changes"]) { markup in
                    writeRows(to: &markup)
                }
            }
            markup.element("p", ["class": "note"], "~ may be chance. Intervals are of 95%.")
            for remark in comparison.remarks {
                markup.element("p", ["class": "note"], ReportWords.text(of: remark))
            }
        }
    }

    private func writeRows(to markup: inout Markup) {
        markup.element("caption", "Base and new: the difference, and where it lies with 95% confidence")
        markup.element("thead") { markup in
            markup.element("tr") { markup in
                for head in ["", "base", "new", "change", "interval", ""] {
                    markup.element("th", ["scope": "col"], head)
                }
            }
        }
        let stages = comparison.stages.map { ($0.stage.label, $0.difference) }
        let largest =
            stages.flatMap { _, difference in
                [
                    difference.delta?.interval?.lowerBound, difference.delta?.interval?.upperBound,
                    difference.delta?.value,
                ]
            }.compactMap { $0.map(abs) }.max() ?? 0
        markup.element("tbody") { markup in
            for row in comparison.headline {
                let isRate = row.metric == .iops
                write(row.metric.name, row.difference, isRate: isRate, largest: nil, to: &markup)
            }
        }
        markup.element("tbody") { markup in
            for (label, difference) in stages {
                write(label, difference, isRate: false, largest: largest, to: &markup)
            }
        }
    }

    private func write(
        _ label: String, _ difference: Difference, isRate: Bool, largest: Double?, to markup: inout Markup
    ) {
        guard difference.base != nil || difference.new != nil else { return }
        func value(_ number: Double?) -> String {
            number.map { isRate ? Quantity.rate($0) : Quantity.duration($0) } ?? "-"
        }
        func signed(_ number: Double) -> String {
            isRate ? Quantity.signedRate(number) : Quantity.signedDuration(number)
        }
        let delta = difference.delta
        let change =
            delta.map { difference.marked(signed($0.value)) } ?? (difference.isSignificant == false ? "~" : "-")
        let isBetter = delta.map { ($0.value > 0) == isRate }
        let kind = difference.isSignificant == true ? (isBetter == true ? "better" : "worse") : "chance"
        markup.element("tr", ["class": kind]) { markup in
            markup.element("th", ["scope": "row"], label)
            markup.element("td", value(difference.base))
            markup.element("td", value(difference.new))
            markup.element("td", change)
            markup.element("td", delta?.interval.map { "\(signed($0.lowerBound)) .. \(signed($0.upperBound))" } ?? "")
            markup.element("td", ["class": "bar"]) { markup in
                if let largest, largest > 0, let delta { whisker(delta, largest, to: &markup) }
            }
        }
    }

    /// The change as a point, its interval as a line, 0 in the middle.
    private func whisker(_ delta: Estimate, _ largest: Double, to markup: inout Markup) {
        func x(_ value: Double) -> String { Quantity.fixed(100 + 95 * value / largest, 1) }
        markup.element("svg", ["viewBox": "0 0 200 12", "aria-hidden": "true"]) { markup in
            markup.path("zero", "M100 0v12")
            if let interval = delta.interval {
                markup.path("interval", "M\(x(interval.lowerBound)) 6H\(x(interval.upperBound))")
            }
            markup.void("circle", ["class": "point", "cx": x(delta.value), "cy": "6", "r": "3"])
        }
    }
}
