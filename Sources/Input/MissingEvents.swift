// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Joiner
import KernelTraces

/// What a trace lacks without which it has no I/Os, and what it has instead.
struct MissingEvents {
    let loss: [DataLoss]
    /// Should it have no I/Os.
    let absence: Absence

    private static let completions = LifePoint.completed.row.sources
    private static let remedy =
        "record all that is needed with what 'dioscope record --how trace-cmd' prints (or perf, ftrace)"

    init(_ summary: TraceContents, _ counts: JoinCounts) {
        let missing = Self.missing(summary, counts)
        loss = missing.map { [DataLoss(what: $0.what, count: $0.count, severity: .loss, help: $0.help)] } ?? []
        let begun = counts.begins - min(counts.begins, counts.fruitless)
        let found = Self.found(summary, begun: begun)
        var absence = Absence(
            reason: [found, missing?.help].compactMap(\.self).joined(separator: "; "), remedy: Self.remedy)
        if begun > 0 { absence.what = "no direct I/O that is seen to complete" }
        if summary.unreadBegins > 0 { absence.what = "no direct I/O that could be read" }
        self.absence = absence
    }

    private static func missing(
        _ summary: TraceContents, _ counts: JoinCounts
    ) -> (what: String, count: UInt64, help: String)? {
        if counts.begins == 0 {
            if summary.unreadBegins > 0 { return nil }
            if counts.namelessBegins > 0 {
                return (
                    "nameless-begins", counts.namelessBegins,
                    "begins without arguments (the function tracer's records of iomap_dio_rw) do not say of which I/O:"
                        + " iomap_dio_rw_begin does, or a probe; see dioscope record --how"
                )
            }
            return (
                "no-begins", 1,
                "no iomap_dio_rw_begin in the trace, and no probe of iomap_dio_rw; see dioscope record --how"
            )
        }
        guard summary.occurred.isDisjoint(with: completions) else { return nil }
        return (
            "no-completions", 1,
            "no iomap_dio_complete in the trace, and no probe of it: nothing completes; see dioscope record --how"
        )
    }

    /// What the trace has instead.
    /// - Parameter begun: I/Os that something should have come of.
    private static func found(_ summary: TraceContents, begun: UInt64) -> String {
        guard summary.events > 0 else {
            guard summary.otherLines > 0 else { return "there is no event in it" }
            return
                "there is no event in it: none of its \(summary.otherLines) lines is of a known form (ftrace's options"
                + " raw, hex, bin, verbose and nocontext-info print others)"
        }
        return (begun > 0 ? "\(begun) \(begun == 1 ? "begins" : "begin") in it; " : "") + names(summary)
    }

    /// Its most frequent events.
    private static func names(_ summary: TraceContents) -> String {
        let names = summary.counts.prefix(mostNames).map { "\($0.count) \($0.name)" }
        let more = summary.counts.count > mostNames ? " and \(summary.counts.count - mostNames) kinds more" : ""
        let unread = summary.unparsed + summary.foreignLines
        return (summary.events == 1 ? "its one event is " : "its \(summary.events) events are ")
            + names.joined(separator: ", ") + more
            + (unread > summary.events / 10 ? "; \(unread) lines or records could not be read" : "")
    }

    private static let mostNames = 6
}
