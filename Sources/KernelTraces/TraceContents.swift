// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// What reading a trace came to, besides its events.
public struct TraceContents: Sendable {
    /// Events of any kind, also those that are not about direct I/O.
    public internal(set) var events: UInt64 = 0
    /// Lines, or records, that are no event of any known form.
    public internal(set) var unparsed: UInt64 = 0
    /// Places where the tracer says that it lost events.
    public internal(set) var lostMarkers: UInt64 = 0
    /// Events that it says it lost there; a marker without a number counts none.
    public internal(set) var lostEvents: UInt64 = 0
    /// Events with a time before that of the event before, of the same CPU.
    public internal(set) var backwardTimes: UInt64 = 0
    /// How often a text goes back to an earlier time: several CPUs or traces, one after the other.
    public internal(set) var returns: UInt64 = 0
    /// Events of functions that have no name in the trace: the addresses could not be resolved.
    public internal(set) var unnamedFunctions: UInt64 = 0
    /// Some functions do have names: those without are none of ours.
    public internal(set) var hasSymbols = false
    /// Lines between the events that are none: prose, other messages.
    public internal(set) var otherLines: UInt64 = 0
    /// Events that several buffers of the trace have, or that a text has twice, and that were read once.
    public internal(set) var repeatedEvents: UInt64 = 0
    /// Events without a CPU.
    public internal(set) var withoutCPU: UInt64 = 0
    /// Begins of I/Os that could not be read.
    public internal(set) var unreadBegins: UInt64 = 0
    /// Why, of the last one.
    var unreadBeginCause = ""
    public internal(set) var times = TraceDescription.Times.clock
    /// Events of another program's text.
    public internal(set) var foreignLines: UInt64 = 0
    /// Names of the files, and so of the machines, whose traces a text merges; empty of one alone.
    public internal(set) var machines: [String] = []
    /// How often each event occurred, whether it is read or not; the most frequent first.
    public internal(set) var counts: [(name: String, count: UInt64)] = []
    /// Times are whole microseconds.
    public internal(set) var isMicroseconds = false
    /// Where it is damaged; the first 256 places.
    public internal(set) var damage: [TraceDamage] = []
    public internal(set) var damageCount = 0
    /// Names of events that occurred.
    public internal(set) var occurred: Set<String> = []

    /// Nothing is cut off, and nothing is damaged.
    public var isComplete: Bool { damageCount == 0 }

    private var isInterrupted: Bool { damage.contains { $0.problem == ReadingStop.reason } }

    mutating func take(_ damages: TraceDamages) {
        damage = damages.findings
        damageCount = damages.count
    }

    public var loss: [DataLoss] {
        [
            loss("reading-interrupted", isInterrupted ? 1 : 0, .loss, "the trace was not read any further"),
            loss(
                "trace-damaged", UInt64(damageCount - (isInterrupted ? 1 : 0)), .loss,
                "places where the trace is cut or damaged"),
            loss("trace-lost-events", lostEvents, .loss, "events that the tracer lost: give it larger buffers"),
            loss("trace-lost-markers", lostMarkers, .loss, "places where the tracer lost events"),
            loss("trace-unparsed", unparsed, .loss, "lines or records of no known form"),
            loss("begins-unread", unreadBegins, .loss, "begins of I/Os that could not be read: \(unreadBeginCause)"),
            loss(
                "trace-repeated-events", repeatedEvents, .info,
                "events that are in the trace more than once, e.g. in several buffers: read once"),
            loss(
                "clock-counts-no-time", times == .counts ? 1 : 0, .loss,
                "the clock of the trace counts no time: only the order of events is known; record it by the clock mono"),
            loss(
                "times-are-differences", times == .differences ? 1 : 0, .loss,
                "times since the line before, of perf script --deltatime, do not add up to when events were: only"
                    + " their order is known; make the text with perf script --ns"),
            loss(
                "trace-foreign-lines", foreignLines, .loss,
                "events as another program prints them: two texts were put together; report each by itself"),
            loss("trace-other-lines", otherLines, .info, "lines between the events that are no events"),
            loss(
                "machines", machines.count > 1 ? UInt64(machines.count) : 0, .loss,
                "machines whose traces are merged here: \(machines.joined(separator: ", ")); report each by itself"),
            loss(
                "trace-backward-times", backwardTimes, .loss, "events that are earlier than the one before on their CPU"
            ),
            loss(
                "trace-returns", returns, .loss,
                "places where the text goes back to an earlier time, e.g. from one CPU's part to the next: give it in"
                    + " the order of time, e.g. trace rather than per_cpu/*/trace"),
            loss(
                "trace-unnamed-functions", hasSymbols ? 0 : unnamedFunctions, .loss,
                "works or probes at addresses without a name: record with kernel symbols readable (kptr_restrict)"
            ),
            loss(
                "trace-microseconds", isMicroseconds ? 1 : 0, .info,
                "times are whole microseconds: use trace-cmd report -t, or perf script --ns"),
        ].compactMap(\.self)
    }

    private func loss(_ what: String, _ count: UInt64, _ severity: DataLoss.Severity, _ help: String) -> DataLoss? {
        count == 0 ? nil : DataLoss(what: what, count: count, severity: severity, help: help)
    }
}
