// SPDX-License-Identifier: GPL-2.0-only

import Rendering
import Report

/// Latency over time: a column for each interval, the latest at the right, a row for each stretch of latency.
struct LiveHeatmap {
    private let columns: [LiveInterval]
    private let marks: [UInt64]
    private static let shades: [Character] = [" ", ".", ":", "-", "=", "+", "*", "#", "@"]
    private static let labelWidth = 8

    init(_ intervals: [LiveInterval], width: Int) {
        columns = Array(intervals.suffix(max(1, width - Self.labelWidth - 2)))
        marks = Self.marks(of: columns)
    }

    /// As many as it takes for each stretch of latency to have one.
    var rows: Int { marks.count }

    /// With a heading, at most so many; none where nothing was completed.
    func lines(rows most: Int) -> [[LiveScreen.Span]] {
        guard !marks.isEmpty, most > 1 else { return [] }
        // Where there are more stretches of the scale 1, 2, 5, 10 than rows, a row has several.
        let together = (marks.count + most - 2) / (most - 1)
        let rows = stride(from: 0, to: marks.count, by: together).map {
            Array(marks[$0..<min(marks.count, $0 + together)])
        }
        let cells = rows.map { row in columns.map { Self.ios(of: $0, from: row) } }
        let densest = cells.lazy.flatMap { $0 }.max() ?? 0
        let heading = " latency, \(columns.count) intervals, @ \(Quantity.count(densest)) I/Os, each shade half of that"
        return [[LiveScreen.Span(heading, .soft)]]
            + zip(rows, cells).reversed().map { row, cells in line(from: row[0], cells, densest) }
    }

    private func line(from: UInt64, _ cells: [UInt64], _ densest: UInt64) -> [LiveScreen.Span] {
        let label = Quantity.duration(from)
        let blank = String(repeating: " ", count: max(0, Self.labelWidth - label.count))
        return cells.reduce(into: [LiveScreen.Span("\(blank)\(label) ", .soft)]) { spans, ios in
            let level = Self.level(ios, densest)
            let shade = String(Self.shades[level])
            if spans[spans.count - 1].look == .density(level) {
                spans[spans.count - 1].text += shade
            } else {
                spans.append(LiveScreen.Span(shade, .density(level)))
            }
        }
    }

    /// All marks of the scale from the shortest to the longest latency, ascending.
    private static func marks(of columns: [LiveInterval]) -> [UInt64] {
        let seen = columns.flatMap { $0.report.histogram.filter { $0.ios > 0 }.map(\.from) }
        guard let first = seen.min(), let last = seen.max() else { return [] }
        return LatencyStretch.marks(from: first, through: last)
    }

    private static func ios(of column: LiveInterval, from row: [UInt64]) -> UInt64 {
        column.report.histogram.reduce(0) { row.contains($1.from) ? $0 + $1.ios : $0 }
    }

    /// Octaves below the densest: each is a level.
    private static func level(_ ios: UInt64, _ densest: UInt64) -> Int {
        guard ios > 0 else { return 0 }
        let octave = UInt64.bitWidth - 1 - max(1, densest / ios).leadingZeroBitCount
        return max(1, 8 - octave)
    }
}
