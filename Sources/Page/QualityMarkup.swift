// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Rendering
import Report

/// How far the data can be trusted: what was seen of every I/O, and what was lost.
struct QualityMarkup {
    let report: Report
    let words: ReportWords
    let grid: LatencyGrid

    private var all: UInt64 { report.ios.total }

    private func part(_ ios: UInt64) -> String {
        "\(Quantity.count(ios)) (\(all == 0 ? "-" : Quantity.percent(Double(ios) / Double(all))))"
    }

    private var rows: [[String]] {
        let quality = report.quality
        var rows = [
            ["complete I/Os", quality.completeShare.map(Quantity.percent) ?? "-", "every expected point was seen"]
        ]
        if quality.lostIOs > 0 {
            rows.append(["lost I/Os", Quantity.count(quality.lostIOs), "counted, and in no picture"])
        }
        if quality.withoutBioIOs > 0 {
            rows.append(["came to no device", part(quality.withoutBioIOs), "they read holes, or failed before"])
        }
        rows += quality.missing.map {
            ["without \($0.point.name)", part($0.ios), "its stages are part of a coarser one"]
        }
        rows += quality.notFollowed.map {
            ["not followed through \(words.name(of: $0.device))", part($0.ios), "what is below it is one span"]
        }
        if quality.disorderedIOs > 0 {
            rows.append(["disordered", part(quality.disorderedIOs), "times that contradict each other were dropped"])
        }
        if quality.unfinishedIOs > 0 {
            rows.append(["unfinished", part(quality.unfinishedIOs), "their end was not seen: in no duration"])
        }
        if grid.outside > 0 {
            rows.append(["at impossible times", Quantity.count(grid.outside), "in no picture over time"])
        }
        if grid.leftOut > 0 {
            rows.append([
                "times in rare stages", Quantity.count(grid.leftOut), "in the table of stages, and in no picture",
            ])
        }
        if !quality.blind.isEmpty {
            rows.append(["not probed", quality.blind.map(\.name).joined(separator: ", "), "dioscope check says why"])
        }
        return rows
            + report.loss.filter { $0.severity == .loss || $0.count > 0 }.map {
                [$0.what, Quantity.count($0.count), $0.count > 0 ? $0.help : ""]
            }
    }

    func write(to markup: inout Markup) {
        markup.table("What was seen, and what was lost", ["", "I/Os", ""], rows)
    }
}
