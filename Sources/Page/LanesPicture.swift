// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Rendering
import Report

/// The slowest I/Os, one above the other from where each began: whose time every stage was, and who had the CPU meanwhile.
struct LanesPicture {
    let lanes: [ListedIO]
    let map: LatencyMap
    let report: Report
    let clocks: SeenClocks
    let frame: PageFrame

    private static let rowHeight = 16
    /// Units of the plot for each lane.
    private static let unit = 10

    private var list: IOList { IOList(threads: report.source.threads, source: report.source) }
    private let style = TextStyle(width: 200, characters: .utf8)

    init(_ pictures: PagePictures, _ map: LatencyMap, _ report: Report, _ frame: PageFrame) {
        lanes = pictures.slowest
        clocks = pictures.clocks
        (self.map, self.report, self.frame) = (map, report, frame)
    }

    func write(to markup: inout Markup) {
        let longest = lanes.first?.life.latency ?? 1
        var chart = Chart(
            id: frame.id("lanes"), title: "The slowest \(lanes.count) I/Os",
            description:
                "A lane for each, from its begin to its end: the stages by whose time they are, and below a wait who"
                + " had the CPU. The list below has the same in words.",
            size: (frame.width, lanes.count * Self.rowHeight + 42),
            horizontal: Scale.times(from: 0, to: Double(longest), most: frame.width / 110), vertical: [],
            horizontalTitle: "since it began", units: (Int(clamping: longest), lanes.count * Self.unit))
        chart.margin.left = 8
        chart.margin.right = frame.width > 700 ? 280 : 220
        let right = chart.size.width - chart.margin.right
        markup.element(
            "div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": "Lanes of the slowest I/Os"]
        ) { markup in
            chart.write(
                to: &markup,
                beside: { writeLabels(at: right + 8, chart.margin.top, to: &$0) },
                { markup in
                    for (place, lane) in lanes.enumerated() { write(lane, place, to: &markup) }
                })
        }
        writeKey(to: &markup)
        writeList(to: &markup)
    }

    private func write(_ lane: ListedIO, _ place: Int, to markup: inout Markup) {
        markup.element("g", ["class": "lane", "data-lane": "\(place)"]) { markup in
            var start: UInt64 = 0
            let top = place * Self.unit
            lane.life.spans.forEach { span in
                let label = "\(span.stage.label) \(Quantity.duration(span.nanoseconds))"
                rect("c\(span.context.rawValue)", start, span.nanoseconds, top + 1, 5, label, to: &markup)
                // A clock knows how long each occupied the CPU, not in which order.
                var within = start
                for share in shares(lane, span.stage) {
                    let label = "\(list.label(of: share, lane.io, style)) \(Quantity.duration(share.nanoseconds))"
                    rect("w\(share.cause.index)", within, share.nanoseconds, top + 6, 3, label, to: &markup)
                    within += share.nanoseconds
                }
                start += span.nanoseconds
            }
        }
    }

    private func shares(_ lane: ListedIO, _ stage: Stage) -> [WaitShare] {
        clocks.has(stage) ? lane.shares(of: stage) : []
    }

    private func rect(
        _ kind: String, _ x: UInt64, _ width: UInt64, _ y: Int, _ height: Int, _ label: String, to markup: inout Markup
    ) {
        guard width > 0 else { return }
        markup.element(
            "rect", ["class": kind, "x": "\(x)", "y": "\(y)", "width": "\(width)", "height": "\(height)"]
        ) { $0.element("title", label) }
    }

    /// Beside each lane what most of it was.
    private func writeLabels(at left: Int, _ top: Int, to markup: inout Markup) {
        markup.element("g", ["class": "labels", "aria-hidden": "true"]) { markup in
            for (place, lane) in lanes.enumerated() {
                markup.element(
                    "text", ["x": "\(left)", "y": "\(top + place * Self.rowHeight + 11)", "data-lane": "\(place)"],
                    String(label(lane).prefix(frame.width > 700 ? 45 : 36)))
            }
        }
    }

    private func label(_ lane: ListedIO) -> String {
        var most: StageSpan?
        lane.life.spans.forEach { if $0.nanoseconds > most?.nanoseconds ?? 0 { most = $0 } }
        let latency = Quantity.duration(lane.life.latency)
        guard let most else { return latency }
        let share = shares(lane, most.stage).first.map { ": " + list.label(of: $0, lane.io, style) } ?? ""
        return "\(latency)  \(most.stage.label)\(share)"
    }

    private func writeKey(to markup: inout Markup) {
        var contexts: Set<StageContext> = []
        var causes: Set<Int> = []
        for lane in lanes {
            lane.life.spans.forEach { span in
                contexts.insert(span.context)
                for share in shares(lane, span.stage) { causes.insert(share.cause.index) }
            }
        }
        markup.element("p", ["class": "key"]) { markup in
            markup.words("Whose time: ")
            for context in StageContext.allCases where contexts.contains(context) {
                swatch("c\(context.rawValue)", " \(context.letter) \(Self.name(of: context))", to: &markup)
            }
        }
        guard !causes.isEmpty else { return }
        markup.element("p", ["class": "key"]) { markup in
            markup.words("On the CPU meanwhile: ")
            for cause in WaitCause.allCases where causes.contains(cause.index) {
                swatch("w\(cause.index)", " \(cause.label)", to: &markup)
            }
        }
    }

    private func swatch(_ kind: String, _ words: String, to markup: inout Markup) {
        markup.element("span", ["class": "item"]) { markup in
            markup.element("svg", ["viewBox": "0 0 12 10", "class": "swatch", "aria-hidden": "true"]) {
                $0.void("rect", ["class": kind, "width": "12", "height": "10"])
            }
            markup.words(words)
        }
    }

    static func name(of context: StageContext) -> String {
        switch context {
        case .task: "submitting task"
        case .hardirq: "hard interrupt"
        case .softirq: "softirq"
        case .kworker: "kworker"
        case .taskWork: "task_work"
        case .device: "device, or nobody's"
        case .irqThread: "interrupt's thread"
        }
    }

    private func writeList(to markup: inout Markup) {
        markup.element("details") { markup in
            markup.element("summary", "The same in words")
            markup.element("ol", ["class": "slowest"]) { markup in
                for (place, lane) in lanes.enumerated() {
                    markup.element("li", ["data-words": "\(place)"]) { markup in
                        markup.words(list.facts(lane, style).joined(separator: ", ") + ": " + stages(lane))
                    }
                }
            }
        }
    }

    private func stages(_ lane: ListedIO) -> String {
        var parts: [String] = []
        lane.life.spans.forEach { span in
            let shares = shares(lane, span.stage).map {
                "\(list.label(of: $0, lane.io, style)) \(Quantity.duration($0.nanoseconds))"
            }
            parts.append(
                "\(span.stage.label) \(Quantity.duration(span.nanoseconds))"
                    + (shares.isEmpty ? "" : " (\(shares.joined(separator: ", ")))"))
        }
        return parts.joined(separator: ", ")
    }
}
