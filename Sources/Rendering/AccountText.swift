// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Report

/// The application's own latency beside the recorded one, and where the difference lies.
struct AccountText {
    let report: Report
    let style: TextStyle

    var lines: [String] {
        guard let account = report.source.account, let latency = report.latency, report.selection == nil else {
            return []
        }
        let name = style.escaped(account.name)
        var items: [String] = []
        if let submission = account.submission { items.append("slat \(Quantity.duration(submission))") }
        if let completion = account.completion { items.append("clat \(Quantity.duration(completion))") }
        items.append("lat \(Quantity.duration(account.total)) of \(Quantity.ios(account.ios))")
        if !account.jobs.isEmpty {
            items.append("jobs " + account.jobs.prefix(4).map(style.escaped).joined(separator: ", "))
        }
        return TextLine.labelled(String(name.prefix(columns: 14)), items, width: style.width)
            + TextLine.labelled("", sentence: difference(account, latency), width: style.width)
            + percentiles(account, latency)
    }

    /// Its own beside the recorded ones.
    private func percentiles(_ account: ApplicationAccount, _ latency: DurationStatistics) -> [String] {
        let recorded = [(50.0, latency.p50), (90.0, latency.p90), (99.0, latency.p99), (99.9, latency.p999)]
        let items = recorded.compactMap { percent, nanoseconds -> String? in
            guard let own = account.percentiles?.first(where: { $0.percent == percent }) else { return nil }
            let name = percent == 99.9 ? "p99.9" : "p\(Int(percent))"
            return "\(name) \(Quantity.duration(own.nanoseconds)) (recorded \(Quantity.duration(nanoseconds)))"
        }
        return items.isEmpty ? [] : TextLine.labelled("", ["clat"] + items, width: style.width)
    }

    /// What is on both sides of the recorded latency: the way down to `iomap_dio_rw`, and the way back from the completion.
    private func difference(_ account: ApplicationAccount, _ latency: DurationStatistics) -> String {
        let rest = account.total - latency.mean
        if account.ios > latency.ios + latency.ios / 50 || latency.ios > account.ios + account.ios / 50 {
            return "not of the same I/Os: \(Quantity.count(latency.ios)) \(latency.ios == 1 ? "was" : "were") recorded"
        }
        guard rest >= 0 else {
            return "less than the \(Quantity.duration(latency.mean)) recorded: not of the same times"
        }
        let recorded = "\(Quantity.duration(account.total)) = \(Quantity.duration(latency.mean)) recorded"
        guard let reap = reap, reap <= rest else {
            return recorded + " + \(Quantity.duration(rest)) before the kernel's direct I/O and after its completion"
        }
        return recorded + " + \(Quantity.duration(reap)) until its thread had the CPU again to reap it"
            + " + \(Quantity.duration(rest - reap)) in the system calls and the application, before and after"
    }

    /// Mean nanoseconds of all I/Os from the completion to when the submitter had the CPU again; 0 of those that it had.
    private var reap: Double? {
        guard let reaping = report.scheduling?.reaping, report.ios.total > 0 else { return nil }
        return Double(reaping.time) / Double(report.ios.total)
    }
}
