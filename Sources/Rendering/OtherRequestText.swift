// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Report

/// Requests of a trace without direct I/Os that move no data.
public struct OtherRequestText {
    let report: Report
    let style: TextStyle

    /// Of the whole trace alone: they are no I/Os that could be selected.
    var lines: [String] {
        guard report.selection == nil else { return [] }
        return report.source.otherRequests.flatMap {
            TextLine.labelled(Self.label($0.kind), Self.items($0), width: style.width)
        } + followUps
    }

    private static let mostFollowUps = 4

    /// What came of requests whose purpose is not known.
    private var followUps: [String] {
        let all = report.source.followUps
        guard !all.isEmpty else { return [] }
        var items = all.prefix(Self.mostFollowUps).map {
            "\(style.escaped($0.name)) \(Quantity.count($0.times.count)), begun \(Quantity.duration($0.times.mean)) after"
                + " the device was done, at most \(Quantity.duration($0.times.longest))"
        }
        if all.count > items.count { items.append("\(all.count - items.count) more") }
        return TextLine.labelled("followed by", items, width: style.width)
    }

    /// In one sentence; `nil` when there are none.
    public static func sentence(_ requests: [OtherRequests]) -> String? {
        requests.isEmpty
            ? nil : requests.map { ([label($0.kind) + ":"] + items($0)).joined(separator: " ") }.joined(separator: "; ")
    }

    private static func label(_ kind: RequestKind) -> String {
        switch kind {
        case .flush: "flushes"
        case .discard: "discards"
        case .writeZeroes: "write zeroes"
        case .zone: "zone commands"
        case .read, .write, .append, .other: "other requests"
        }
    }

    private static func items(_ requests: OtherRequests) -> [String] {
        var items = [Quantity.count(requests.count)]
        if requests.errors > 0 { items[0] += ", \(Quantity.count(requests.errors)) failed" }
        let times = requests.times
        if times.count > 0 {
            let part = times.count < requests.count ? " of \(Quantity.count(times.count)) of them" : ""
            items.append(
                "device time\(part) mean \(Quantity.duration(times.mean)), max \(Quantity.duration(times.longest))")
        }
        return items
    }
}
