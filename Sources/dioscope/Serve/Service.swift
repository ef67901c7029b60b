// SPDX-License-Identifier: GPL-2.0-only

import Comparison
import Exports
import Glibc
import Host
import Recording
import Rendering
import Report
import SystemPackage

/// The loop of `dioscope serve`: takes in, answers, and once an interval counts, decides and writes.
final class Service {
    private let recorder: ServiceRecorder
    private let rules: [TriggerRule]
    private let kept: KeptCaptures?
    private let server: MetricsServer?
    private let textfile: String?
    private let metrics: ServiceMetrics
    /// Nanoseconds without a further capture after one.
    var pause: UInt64 = 0

    /// Since when each rule holds without a break, CLOCK_MONOTONIC; `nil`: it does not.
    private var holdingSince: [UInt64?]
    private var hasFired: [Bool]
    private var lastCapture: UInt64?
    private var hasComplained = false
    private var written: UInt64 = 0
    private var nextTidying: UInt64 = 0

    private static let turnMilliseconds: UInt64 = 100
    private static let tidyingNanoseconds: UInt64 = 60_000_000_000

    init(
        _ recorder: ServiceRecorder, rules: [TriggerRule], kept: KeptCaptures?, server: MetricsServer?,
        textfile: String?
    ) {
        (self.recorder, self.rules, self.kept) = (recorder, rules, kept)
        (self.server, self.textfile) = (server, textfile)
        metrics = ServiceMetrics(
            rule: recorder.rule, version: Dioscope.version, kernel: HostFacts.names().kernel, rules: rules.map(\.text))
        holdingSince = rules.map { _ in nil }
        hasFired = rules.map { _ in false }
    }

    func run(interval: UInt64) throws(Failure) {
        var next = HostClock.monotonic + interval
        try writeTextfile()
        while Interruption.received == nil {
            let now = HostClock.monotonic
            let left = next > now ? (next - now) / 1_000_000 : 0
            recorder.turn(timeoutMilliseconds: Int32(min(Self.turnMilliseconds, left)))
            server?.answer(metrics.text)
            guard HostClock.monotonic >= next else { continue }
            next = max(next + interval, HostClock.monotonic)
            try take(recorder.cut())
        }
        recorder.stop()
        try take(recorder.cut())
        Terminal.say("stopped")
    }

    private func take(_ interval: ServiceInterval) throws(Failure) {
        for io in interval.ios { metrics.add(io) }
        for summary in interval.summaries { metrics.add(summary) }
        metrics.losses = interval.losses
        metrics.intervals += 1
        if !rules.isEmpty { decide(on: interval) }
        metrics.gauges = gauges(interval)
        try writeTextfile()
    }

    private func gauges(_ interval: ServiceInterval) -> [(name: String, help: String, value: Double)] {
        let now = HostClock.monotonic
        if let kept, now >= nextTidying {
            nextTidying = now + Self.tidyingNanoseconds
            onDisk = kept.tidy()
        }
        return [
            ("in_flight_ios", "I/Os begun and not completed.", Double(interval.inFlight)),
            ("summed_kinds", "Kinds of I/Os that are summed up in the kernel.", Double(recorder.kinds)),
            ("window_bytes", "Records of the window that are kept in memory.", Double(recorder.keptBytes)),
            ("captures", "Captures in the directory.", Double(onDisk.count)),
            ("captures_bytes", "Their size.", Double(onDisk.bytes)),
            ("captures_written", "Captures written since the start.", Double(written)),
            ("cpu_seconds", "CPU time of this process.", Double(HostClock.now(CLOCK_PROCESS_CPUTIME_ID)) / 1e9),
        ]
    }

    private var onDisk: (count: Int, bytes: UInt64) = (0, 0)

    // MARK: Rules

    private func decide(on interval: ServiceInterval) {
        var builder = ReportBuilder(rule: recorder.rule, percentiles: Set(rules.flatMap(\.percentiles)).sorted())
        for io in interval.ios { builder.add(io) }
        for summary in interval.summaries { builder.add(summary) }
        let report = builder.finish(source: ReportSource(kind: "live", isComplete: true), loss: [])
        let now = HostClock.monotonic
        for (place, rule) in rules.enumerated() {
            guard rule.holds(in: report, seconds: Double(interval.nanoseconds) / 1e9) == true else {
                (holdingSince[place], hasFired[place]) = (nil, false)
                continue
            }
            let since = holdingSince[place] ?? now - interval.nanoseconds
            holdingSince[place] = since
            guard !hasFired[place], now - since >= rule.time else { continue }
            hasFired[place] = true
            metrics.fired(rule.text)
            capture(because: rule, slowest: report.latency?.max ?? 0, now)
        }
    }

    private func capture(because rule: TriggerRule, slowest: UInt64, _ now: UInt64) {
        guard let kept else { return }
        if let lastCapture, now - lastCapture < pause {
            return Terminal.say(
                "\(rule.text): holds; no further capture within \(pause / 1_000_000_000) s of the last one")
        }
        let path = kept.newPath
        do {
            let ios = try recorder.write(to: path, recorder: Dioscope.version)
            lastCapture = now
            written += 1
            metrics.wrote(path.lastComponent?.string ?? "", slowest: slowest, time: HostClock.wall)
            Terminal.say("\(rule.text): holds; wrote \(path.string) (\(Quantity.ios(ios)))")
        } catch {
            // The service goes on: the disk may have room tomorrow.
            Terminal.say("\(rule.text): holds; cannot write \(path.string): \(error)")
        }
        onDisk = kept.tidy()
    }

    // MARK: Textfile

    private func writeTextfile() throws(Failure) {
        guard let textfile else { return }
        let sink = try ExportSink(FilePath(textfile))
        do {
            var bytes = Array(metrics.text(isOpen: false).utf8)
            try sink.write(&bytes)
            try sink.finish()
        } catch {
            sink.discard()
            // Once: a full disk is no reason to stop.
            if !hasComplained { error.say() }
            hasComplained = true
        }
    }
}
