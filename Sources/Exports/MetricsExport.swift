// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Rendering
import Report

/// The recording's totals in the text form of OpenMetrics, for the textfile collector of node_exporter: gauges and
/// summaries only, which Prometheus' older text form has in the same words. Seconds and bytes.
public final class MetricsExport: TotalsExport {
    public var output: [UInt8] = []
    public var sample: Sample?
    private var builder: ReportBuilder?
    private let source: ReportSource
    private let loss: [DataLoss]
    private let condition: String?

    /// - Parameters:
    ///   - rule: by which the recorded kernel decides how to complete.
    ///   - loss: what the recording lacks.
    ///   - condition: which I/Os are added; `nil`: all.
    public init(rule: CompletionRule, source: ReportSource, loss: [DataLoss], condition: String? = nil) {
        builder = ReportBuilder(rule: rule)
        self.condition = condition
        self.source = source
        self.loss = loss
    }

    public func add(_ io: ListedIO) { builder?.add(io.io, io.life) }

    public func add(_ summary: IOSummary) { builder?.add(summary) }

    public func finish() {
        guard let finished = builder.take() else { return }
        write(finished.finish(source: source, loss: loss))
    }

    private func write(_ report: Report) {
        family("dioscope_recording_info", "gauge", "What was recorded.")
        let labels = [
            ("kernel", report.source.kernel), ("host", report.source.host), ("machine", report.source.machine),
            ("complete", report.source.isComplete ? "true" : "false"), ("where", condition),
        ]
        point("dioscope_recording_info", labels.compactMap { name, value in value.map { (name, $0) } }, "1")
        writeSample()
        family("dioscope_ios", "gauge", "Direct I/Os in the recording.")
        point("dioscope_ios", [("op", "read")], "\(report.ios.read)")
        point("dioscope_ios", [("op", "write")], "\(report.ios.write)")
        let unknown = report.ios.total - report.ios.read - report.ios.write
        if unknown > 0 { point("dioscope_ios", [("op", "unknown")], "\(unknown)") }
        if report.ios.unknownLengths == 0 {
            single("dioscope_io_bytes", "Bytes of all I/Os, as asked for.", "\(report.ios.bytes)")
        }
        single("dioscope_io_errors", "I/Os that failed.", "\(report.ios.errors)")
        if let share = report.quality.completeShare {
            single("dioscope_complete_ratio", "Part of the I/Os of which everything expected was seen.", "\(share)")
        }
        writeCounts(report)
        writeDurations(report)
        output.append(contentsOf: "# EOF\n".utf8)
    }

    /// Nothing is scaled: counts stay what was counted.
    private func writeSample() {
        single(
            "dioscope_sample_ratio",
            "Part of the I/Os that was recorded, at random: divide counts, bytes and sums by it. 1: all were.",
            "\(sample?.ratio ?? 1)")
        guard let sample else { return }
        single(
            "dioscope_sampled_ios", "I/Os that passed the filters, recorded or left out at random: counted.",
            "\(sample.ofIOs)")
    }

    private func writeCounts(_ report: Report) {
        family("dioscope_completed_ios", "gauge", "I/Os by the context in which they were completed.")
        for context in CompletionContext.allCases {
            point("dioscope_completed_ios", [("context", context.rawValue)], "\(report.count(in: context))")
        }
        if !report.reasons.isEmpty {
            family("dioscope_deferred_ios", "gauge", "I/Os deferred to a kworker, by reason.")
        }
        for reason in report.reasons {
            point("dioscope_deferred_ios", [("reason", reason.reason.rawValue)], "\(reason.ios)")
        }
        let losses = report.loss.filter { $0.severity == .loss }
        if !losses.isEmpty {
            family("dioscope_lost", "gauge", "What the recording lacks, by the way in which it was lost.")
        }
        for loss in losses {
            point("dioscope_lost", [("what", loss.what)], "\(loss.count)")
        }
    }

    private func writeDurations(_ report: Report) {
        if let latency = report.latency {
            let name = "dioscope_latency_seconds"
            family(name, "summary", "From submission to completion, of finished I/Os.")
            summary(
                name, [], latency,
                [("0.5", latency.p50), ("0.9", latency.p90), ("0.99", latency.p99), ("0.999", latency.p999)])
        }
        if !report.stages.isEmpty {
            family("dioscope_stage_seconds", "summary", "Parts of the latency, of the I/Os that have them.")
        }
        for stage in report.stages {
            let durations = stage.durations
            summary(
                "dioscope_stage_seconds", [("stage", stage.stage.name)], durations,
                [("0.5", durations.p50), ("0.99", durations.p99)])
        }
        let waits = [(Stage.queueWait, report.queueWait), (.taskWorkWait, report.taskWorkWait)]
        if waits.contains(where: { $0.1?.causes.isEmpty == false }) {
            family("dioscope_wait_seconds", "gauge", "Sums of the waits for a CPU, by who had it.")
        }
        for (stage, wait) in waits {
            for cause in wait?.causes ?? [] {
                let labels = [("stage", stage.name), ("cause", cause.cause.rawValue)]
                point("dioscope_wait_seconds", labels, Self.seconds(Double(cause.total)))
            }
        }
    }

    private func family(_ name: String, _ type: String, _ help: String) {
        output.append(contentsOf: MetricsText.family(name, type, help).utf8)
    }

    private func single(_ name: String, _ help: String, _ value: String) {
        family(name, "gauge", help)
        point(name, [], value)
    }

    private func summary(
        _ name: String, _ labels: [(String, String)], _ durations: DurationStatistics,
        _ quantiles: [(String, UInt64)]
    ) {
        for (quantile, value) in quantiles {
            point(name, labels + [("quantile", quantile)], Self.seconds(Double(value)))
        }
        point(name + "_sum", labels, Self.seconds(Double(durations.total)))
        point(name + "_count", labels, "\(durations.ios)")
    }

    private func point(_ name: String, _ labels: [(String, String)], _ value: String) {
        output.append(contentsOf: MetricsText.sample(name, labels, value).utf8)
    }

    private static func seconds(_ nanoseconds: Double) -> String { "\(nanoseconds / 1e9)" }
}
