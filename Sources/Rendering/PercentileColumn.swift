// SPDX-License-Identifier: GPL-2.0-only

import Report

/// A percentile that text shows: of those that were asked for, or else the median and the 99th.
enum PercentileColumn {
    case median, ninetyNinth
    /// The one at this place of `Report.percentiles`.
    case chosen(Int, percent: Double)

    static func columns(of report: Report) -> [PercentileColumn] {
        guard !report.percentiles.isEmpty else { return [.median, .ninetyNinth] }
        return report.percentiles.enumerated().map { .chosen($0.offset, percent: $0.element) }
    }

    var title: String {
        switch self {
        case .median: "p50"
        case .ninetyNinth: "p99"
        case .chosen(_, let percent): "p" + (percent.rounded() == percent ? "\(Int(percent))" : "\(percent)")
        }
    }

    var width: Int { max(7, title.count + 1) }

    func value(of durations: DurationStatistics) -> UInt64 {
        switch self {
        case .median: durations.p50
        case .ninetyNinth: durations.p99
        case .chosen(let place, _): durations.chosen.indices.contains(place) ? durations.chosen[place] : 0
        }
    }
}
