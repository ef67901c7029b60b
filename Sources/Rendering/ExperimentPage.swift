// SPDX-License-Identifier: GPL-2.0-only

import Comparison
import Sweep

/// An experiment for people: what both ways of completing reached, and what made the difference.
public struct ExperimentPage: Sendable {
    public struct File: Sendable {
        public var path: String
        public var size: UInt64
        /// Bytes of it that were cached before, and are again.
        public var cachedBytes: UInt64

        public init(path: String, size: UInt64, cachedBytes: UInt64) {
            self.path = path
            self.size = size
            self.cachedBytes = cachedBytes
        }
    }

    let experiment: Experiment
    let command: [String]
    let box: String
    let files: [File]
    let failures: [String]
    private let style: TextStyle

    /// - Parameters:
    ///   - command: as the user gave it; untrusted, as are `files` and `failures`.
    ///   - box: kernel, machine, CPUs, fio.
    public init(
        _ experiment: Experiment, command: [String], box: String, files: [File], failures: [String],
        style: TextStyle = TextStyle()
    ) {
        self.experiment = experiment
        self.command = command
        self.box = box
        self.files = files
        self.failures = failures
        self.style = style
    }

    public var text: String { lines.joined(separator: "\n") + "\n" }

    /// The writes were not completed as they were to be, so the gain is of something else.
    public var isAmiss: Bool { !amiss.isEmpty }

    public var lines: [String] {
        var lines = [style.palette.paint("dioscope whatif", .heading)]
        func add(_ label: String, _ sentence: String?) {
            guard let sentence else { return }
            lines += TextLine.labelled(label, sentence: sentence, width: style.width)
        }
        add("load", style.escaped(command.joined(separator: " ")))
        add("box", style.escaped(box))
        for file in files {
            let cached =
                file.cachedBytes == 0
                ? "none of it was cached, and none is"
                : "\(Quantity.bytes(file.cachedBytes)) of it were cached, and are again"
            add("file", "\(style.escaped(file.path)), \(Quantity.bytes(file.size)): \(cached)")
        }
        add("runs", "\(experiment.repeats) of each kind, in random order: deferred by cached pages, inline without any")
        lines += [""] + table + [""]
        add("inline", sentence)
        add("alone", alone)
        let change = ChangeText(experiment.measured)
        add("completed in", change.contexts)
        add(change.stagesLabel, change.stages(atMost: 4))
        add("tracing", tracing)
        for note in amiss + notes { add("note", note) }
        for failure in failures { add("failed", style.escaped(failure)) }
        return lines
    }

    // MARK: The table

    private var table: [String] {
        [style.palette.paint(Self.line("", "deferred", "inline", "change", "95%"), .heading)]
            + [
                row("IOPS", experiment.iops, Quantity.rate),
                row("mean latency (fio)", experiment.latency, Quantity.duration),
            ]
            + recordedRows
    }

    /// Percentiles are of the traced runs.
    private var recordedRows: [String] {
        Percentile.usual.compactMap { percentile in
            experiment.recorded?.difference(in: .percentile(percentile)).map {
                row("\(percentile.name) traced", $0, Quantity.duration)
            }
        }
    }

    private func row(_ name: String, _ difference: Difference, _ text: (Double) -> String) -> String {
        Self.line(
            name, difference.base.map(text) ?? "-", difference.new.map(text) ?? "-", ChangeText.gain(difference),
            Self.interval(difference) ?? "")
    }

    private static func line(_ name: String, _ base: String, _ new: String, _ change: String, _ interval: String)
        -> String
    {
        TextLine.trimmed(
            " " + TextLine.padded(name, to: 20) + TextLine.rightAligned(base, to: 11)
                + TextLine.rightAligned(new, to: 11)
                + TextLine.rightAligned(change, to: 10) + "  " + interval)
    }

    private static func interval(_ difference: Difference) -> String? {
        difference.relative?.interval.map(text)
    }

    private static func text(_ range: ClosedRange<Double>) -> String {
        "\(Quantity.signedPercent(range.lowerBound)) to \(Quantity.signedPercent(range.upperBound))"
    }

    // MARK: Sentences

    private var sentence: String {
        guard let relative = experiment.iops.relative else { return "fio reached nothing" }
        let gain = Quantity.signedPercent(relative.value)
        guard let interval = Self.interval(experiment.iops) else {
            return "\(gain) IOPS in \(experiment.repeats) run(s) of each kind, which may be chance"
        }
        switch experiment.iops.isSignificant {
        case true: return "\(gain) IOPS for this load on this box (95%: \(interval))"
        default: return "no change in IOPS that could not be chance (95%: \(interval))"
        }
    }

    /// What of it is not for the deferral.
    private var alone: String? {
        guard let range = experiment.inlineAlone, let cost = experiment.cachedPages,
            let share = experiment.cachedPagesShare
        else { return nil }
        let looks = (Quantity.duration(cost.submission), Quantity.duration(cost.completion))
        return "\(Self.text(range)) without what cached pages cost by themselves: with them each write also looks for"
            + " those in its way, for \(looks.0) when it is submitted and \(looks.1) when it is completed, at most"
            + " \(Quantity.percent(share)) of the time"
    }

    private var tracing: String? {
        let costs = Experiment.Completion.allCases.compactMap { experiment.tracing[$0] }
        guard !costs.isEmpty else { return nil }
        return "IOPS while traced "
            + costs.map { $0.isSignificant == false ? "~" : ChangeText.gain($0) }.joined(separator: " => ")
    }

    /// At least this part of what was to be deferred was, and at most the rest of what was not to be.
    private static let enough = 0.95

    private var amiss: [String] {
        var notes: [String] = []
        guard experiment.writeShare > 0 else { return ["fio wrote nothing, and reads are never deferred"] }
        if let share = experiment.kworkerShare(.deferred), share < Self.enough * experiment.writeShare {
            notes.append(
                "with cached pages only \(Quantity.percent(share / experiment.writeShare)) of the writes were deferred:"
                    + " some engines and file systems complete elsewhere; the gain is of these alone")
        }
        if let share = experiment.kworkerShare(.inline), share > (1 - Self.enough) * experiment.writeShare {
            notes.append(
                "without cached pages \(Quantity.percent(share / experiment.writeShare)) of the writes were deferred all"
                    + " the same\(reasons): completing those inline is not in the gain")
        }
        return notes
    }

    private var reasons: String {
        let reason = experiment.recorded?.reasons.max { ($0.difference.new ?? 0) < ($1.difference.new ?? 0) }
        guard case .reason(let name)? = reason?.metric, reason?.difference.new ?? 0 > 0 else { return "" }
        return ", mostly for \(name.rawValue)"
    }

    private var notes: [String] {
        var notes: [String] = []
        if experiment.cachedPages == nil {
            notes.append(
                "while pages are cached each write also looks for those in its way: a little of the gain is that")
        }
        if experiment.repeats < 3 {
            notes.append("fewer than 3 repeats have no interval: what is in brackets may be chance")
        }
        return notes
    }
}
