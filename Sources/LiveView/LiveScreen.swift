// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Rendering
import Report

/// The lines of a live view, for a terminal of any size.
public struct LiveScreen {
    /// A part of a line that looks the same.
    public struct Span: Equatable, Sendable {
        public var text: String
        public var look: Look

        init(_ text: String, _ look: Look = .plain) { (self.text, self.look) = (text, look) }
    }

    public enum Look: Equatable, Sendable {
        case plain, heading, soft, warning, keys
        /// How many I/Os a cell of the heatmap has: 0 to 8.
        case density(Int)
    }

    private let state: LiveState
    private let width: Int
    private let height: Int
    private let what: String
    private var latest: LiveInterval? { state.shown.last }

    /// With its heading. Where there is no room for so many, there is no heatmap.
    private static let leastHeatmapRows = 3
    /// The flame leaves so many rows to it, as far as there are more rows than it takes to be one.
    private static let usualHeatmapRows = 7
    private static let leastFlameRows = 6

    /// - Parameter what: which I/Os, in the user's words.
    public init(_ state: LiveState, what: String, width: Int, height: Int) {
        (self.state, self.what, self.width, self.height) = (state, what, max(20, width), max(4, height))
    }

    /// As many as there are rows, none longer than the columns.
    public var lines: [[Span]] {
        var lines = [title]
        if state.showsHelp {
            lines += LiveHelp(state).lines.map { [Span($0)] }
        } else if let latest {
            lines += content(of: latest)
        } else {
            lines.append([Span(" waiting for the first interval", .soft)])
        }
        lines = Array(lines.prefix(height - 1))
        lines += [[Span]](repeating: [], count: height - 1 - lines.count)
        lines.append([lastLine])
        return lines.map(cut)
    }

    /// Text of the whole screen, as a terminal without colours shows it.
    public var text: String {
        lines.map { line in
            var text = line.map(\.text).joined()
            while text.last == " " { text.removeLast() }
            return text
        }.joined(separator: "\n") + "\n"
    }

    /// What is least is shown whatever room there is; the heatmap takes what is left.
    private func content(of latest: LiveInterval) -> [[Span]] {
        let numbers = numbers(latest)
        let groups = groups(latest)
        let room = max(0, height - 2 - numbers.count)
        let map = LiveHeatmap(state.shown, width: width)
        let wanted = min(map.rows + 1, Self.usualHeatmapRows)
        let flame = flame(latest, rows: max(Self.leastFlameRows, room - groups.count - wanted))
        let left = room - flame.count - groups.count
        return numbers + flame + (left >= Self.leastHeatmapRows ? map.lines(rows: left) : []) + groups
    }

    private func cut(_ line: [Span]) -> [Span] {
        var room = width
        return line.compactMap { span in
            let text = String(span.text.prefix(room))
            room -= text.count
            return text.isEmpty ? nil : Span(text, span.look)
        }
    }

    private var title: [Span] {
        let time = latest.map { WallClock(nanoseconds: $0.wall).time } ?? ""
        let which = state.filter.isEmpty ? what : "\(what), \(EscapedText(state.filter, asciiOnly: true))"
        let cost = latest.map { "  dioscope \(Quantity.percent($0.ownShare)) of a CPU" } ?? ""
        let state = "  every \(state.seconds)s" + (state.isPaused ? "  PAUSED" : cost)
        // The time and what is stopped are seen, however long the filters are.
        let room = max(0, width - " dioscope live  ".count - state.count - time.count - 2)
        let left = " dioscope live  \(Self.shortened(which, to: room))\(state)"
        let gap = max(1, width - left.count - time.count - 1)
        return [Span(left + String(repeating: " ", count: gap) + time, .heading)]
    }

    /// The keys, or what came of the last one.
    private var lastLine: Span {
        if let typed = state.typed {
            let room = max(8, width - 40)
            return Span(" filter: \(typed.suffix(room))_  (Enter: show these, Esc: as before)", .keys)
        }
        if let message = state.message { return Span(" \(EscapedText(message, asciiOnly: true))", .keys) }
        return Span(" q quit p pause +- interval g group s sort f filter r reset w save h help", .keys)
    }

    private func numbers(_ interval: LiveInterval) -> [[Span]] {
        let report = interval.report
        let rate = Quantity.count(UInt64(interval.iops.rounded()))
        var first = [
            " \(rate) IOPS", Quantity.bytesPerSecond(interval.bytesPerSecond), "\(interval.inFlight) in flight",
        ]
        var second: [String] = []
        if let latency = report.latency {
            first += [
                "mean \(Quantity.duration(latency.mean))", "p50 \(Quantity.duration(latency.p50))",
                "p99 \(Quantity.duration(latency.p99))",
            ]
            second += ["p99.9 \(Quantity.duration(latency.p999))", "max \(Quantity.duration(latency.max))"]
        }
        let all = max(1, report.ios.total)
        let contexts = CompletionContext.allCases.filter { report.count(in: $0) > 0 }
            .map { "\($0.rawValue) \(Quantity.wholePercent(Double(report.count(in: $0)) / Double(all)))" }
        if !contexts.isEmpty { second.append("in " + contexts.joined(separator: ", ")) }
        let lost = Span(" lost \(Quantity.count(interval.lost))", interval.lost > 0 ? .warning : .plain)
        return [
            [Span(first.joined(separator: "  "))],
            [
                lost,
                Span("  " + second.joined(separator: "  ")),
            ],
        ]
    }

    private func flame(_ interval: LiveInterval, rows: Int) -> [[Span]] {
        guard let flame = Flame(interval.report, style: TextStyle(width: width)) else {
            return [[Span(" no I/O was completed in this interval", .soft)]]
        }
        var lines = flame.lines
        if lines.count > rows {
            let hidden = lines.count - rows + 1
            lines = lines.prefix(rows - 1) + ["   ... \(hidden) more rows in a higher terminal"]
        }
        return lines.enumerated().map { [Span($1, $0 == 0 ? .soft : .plain)] }
    }

    private func groups(_ interval: LiveInterval) -> [[Span]] {
        let groups = interval.groups
        guard !groups.largest.isEmpty else { return [] }
        let words = ReportWords(interval.report)
        let sorted = groups.largest.sorted { left, right in
            switch state.order {
            case .ios: left.ios > right.ios
            case .mean: left.latency?.mean ?? 0 > right.latency?.mean ?? 0
            case .p99: left.latency?.p99 ?? 0 > right.latency?.p99 ?? 0
            }
        }
        var heading = " by \(groups.grouper.words), most \(state.order.rawValue) first"
        if let sample = groups.sample { heading += " (estimated from \(Quantity.count(sample)) I/Os)" }
        let rows = sorted.prefix(height >= 24 ? 3 : 1).map { group in
            let iops = Double(group.ios) * 1e9 / Double(interval.nanoseconds)
            let sign = groups.sample == nil ? "" : "~"
            var numbers = "  \(sign)\(Quantity.count(UInt64(iops.rounded()))) IOPS"
            if let latency = group.latency {
                numbers += "  mean \(Quantity.duration(latency.mean))  p99 \(Quantity.duration(latency.p99))"
            }
            return [Span("   " + Self.shortened(words.label(of: group.key), to: width - 3 - numbers.count) + numbers)]
        }
        return [[Span(heading, .soft)]] + rows
    }

    /// The end of a path or a filter says more than its beginning.
    private static func shortened(_ label: String, to room: Int) -> String {
        let room = max(8, room)
        return label.count <= room ? label : "..." + label.suffix(room - 3)
    }
}
