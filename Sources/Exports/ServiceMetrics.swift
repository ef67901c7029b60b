// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Rendering
import Report

/// What a service has seen since it began, for Prometheus: counters and classic histograms in seconds and bytes. How many
/// series there can be does not depend on what is seen.
public final class ServiceMetrics {
    private let rule: CompletionRule
    private let version: String
    private let kernel: String
    private var ios = [UInt64](repeating: 0, count: 2)
    private var bytes: UInt64 = 0
    private var errors: UInt64 = 0
    private var contexts: [String: UInt64] = [:]
    private var reasons: [String: UInt64] = [:]
    private var waits: [Wait: UInt64] = [:]
    private var latency = Buckets()
    private var stages: [StageKey: Buckets] = [:]
    private var fired: [String: UInt64] = [:]
    private var lastCapture: Capture?
    /// What is as it is now, by the names of gauges without their prefix.
    public var gauges: [(name: String, help: String, value: Double)] = []
    public var losses: [DataLoss] = []
    /// Intervals that were read.
    public var intervals: UInt64 = 0

    /// Stages of I/Os have so many different names and contexts at most; what comes later is in `other`.
    public static let mostStages = 48

    /// Upper ends in nanoseconds, as the labels say in seconds.
    private static let ends: [(nanoseconds: UInt64, label: String)] =
        LatencyStretch.marks(from: 1000, through: 50_000_000_000).map { ($0, seconds($0)) }

    private struct StageKey: Hashable, Comparable {
        var stage: String
        var context: String

        static func < (left: StageKey, right: StageKey) -> Bool {
            (left.stage, left.context) < (right.stage, right.context)
        }
    }

    private struct Wait: Hashable {
        var stage: Stage
        var cause: WaitCause
    }

    private struct Capture {
        var name: String
        /// Of the slowest I/O in it, nanoseconds.
        var slowest: UInt64
        /// Seconds since 1970.
        var time: Double
    }

    private struct Buckets {
        var counts = [UInt64](repeating: 0, count: ServiceMetrics.ends.count + 1)
        var total: UInt64 = 0

        mutating func add(_ nanoseconds: UInt64, _ ios: UInt64 = 1) {
            let place = ServiceMetrics.ends.firstIndex { nanoseconds <= $0.nanoseconds } ?? ServiceMetrics.ends.count
            counts[place] &+= ios
            total &+= nanoseconds &* ios
        }
    }

    /// - Parameter rules: of which it is counted how often they fired.
    public init(rule: CompletionRule, version: String, kernel: String, rules: [String]) {
        (self.rule, self.version, self.kernel) = (rule, version, kernel)
        for rule in rules { fired[rule] = 0 }
    }

    public func add(_ io: DirectIO) {
        let life = AttributedLife(io, rule: rule)
        count(io, life, ios: 1)
        bytes &+= UInt64(io.length)
        if io.error != 0 { errors &+= 1 }
        guard life.isFinished else { return }
        latency.add(life.latency)
        life.spans.forEach { stages[key(of: $0), default: Buckets()].add($0.nanoseconds) }
        for stage in Stage.waits {
            life.wait(stage, of: io)?.forEachCause { waits[Wait(stage: stage, cause: $0), default: 0] &+= $1 }
        }
    }

    public func add(_ summary: IOSummary) {
        let life = AttributedLife(summary.example, rule: rule)
        count(summary.example, life, ios: summary.ios)
        bytes &+= summary.bytes
        errors &+= summary.errors
        var spans: [Stage: StageSpan] = [:]
        life.spans.forEach { spans[$0.stage] = $0 }
        summary.forEachDuration(rule: rule) { stage, nanoseconds, ios in
            guard let stage else { return latency.add(nanoseconds, ios) }
            guard let span = spans[stage] else { return }
            stages[key(of: span), default: Buckets()].add(nanoseconds, ios)
        }
        add(summary.queueWaitOccupants, .queueWait)
        add(summary.taskWorkOccupants, .taskWorkWait)
    }

    private func add(_ occupants: SIMD8<UInt64>, _ stage: Stage) {
        for occupant in CPUOccupant.allCases where occupants[Int(occupant.rawValue)] > 0 {
            waits[Wait(stage: stage, cause: WaitCause(occupant)), default: 0] &+= occupants[Int(occupant.rawValue)]
        }
    }

    private func count(_ io: DirectIO, _ life: AttributedLife, ios count: UInt64) {
        ios[io.operation == .write ? 1 : 0] &+= count
        contexts[life.context.rawValue, default: 0] &+= count
        if let reason = life.reason { reasons[reason.rawValue, default: 0] &+= count }
    }

    /// Of a stage, or of all that there is no room for.
    private func key(of span: StageSpan) -> StageKey {
        let key = StageKey(stage: span.stage.name, context: span.context.name)
        let hasRoom = stages[key] != nil || stages.count < Self.mostStages
        return hasRoom ? key : StageKey(stage: "other", context: "unknown")
    }

    public func fired(_ rule: String) { fired[rule, default: 0] += 1 }

    /// - Parameters:
    ///   - name: of the file.
    ///   - slowest: nanoseconds of the slowest I/O in it.
    ///   - time: of the wall clock, nanoseconds since 1970.
    public func wrote(_ name: String, slowest: UInt64, time: Int64) {
        lastCapture = Capture(name: name, slowest: slowest, time: Double(time) / 1e9)
    }

    // MARK: Text

    /// - Parameter isOpen: OpenMetrics 1.0, with exemplars that name the last capture; else Prometheus' text form 0.0.4.
    public func text(isOpen: Bool) -> String {
        var page = MetricsText(isOpen: isOpen)
        page.family("dioscope_build_info", "gauge", "The program and the kernel that it runs on.")
        page.sample("dioscope_build_info", [("version", version), ("kernel", kernel)], "1")
        page.counter("dioscope_ios", "Direct I/Os seen.")
        for (place, operation) in ["read", "write"].enumerated() {
            page.sample("dioscope_ios_total", [("op", operation)], "\(ios[place])")
        }
        page.counter("dioscope_io_bytes", "Bytes of all I/Os, as asked for.")
        page.sample("dioscope_io_bytes_total", [], "\(bytes)")
        page.counter("dioscope_io_errors", "I/Os that failed.")
        page.sample("dioscope_io_errors_total", [], "\(errors)")
        page.counter("dioscope_completed_ios", "I/Os by the context in which they were completed.")
        for context in CompletionContext.allCases {
            let count = contexts[context.rawValue] ?? 0
            page.sample("dioscope_completed_ios_total", [("context", context.rawValue)], "\(count)")
        }
        page.counter("dioscope_deferred_ios", "I/Os deferred to a kworker, by reason.")
        for reason in DeferralReason.allCases {
            let count = reasons[reason.rawValue] ?? 0
            page.sample("dioscope_deferred_ios_total", [("reason", reason.rawValue)], "\(count)")
        }
        writeWaits(&page)
        page.family("dioscope_latency_seconds", "histogram", "From submission to completion, of finished I/Os.")
        write(latency, "dioscope_latency_seconds", [], &page, exemplar: isOpen ? lastCapture : nil)
        page.family("dioscope_stage_seconds", "histogram", "Parts of the latency, of the I/Os that have them.")
        for (key, buckets) in stages.sorted(by: { $0.key < $1.key }) {
            write(buckets, "dioscope_stage_seconds", [("stage", key.stage), ("context", key.context)], &page)
        }
        writeState(&page)
        return page.finished
    }

    private func writeWaits(_ page: inout MetricsText) {
        page.counter("dioscope_wait_seconds", "Sums of the waits for a CPU, by who had it.")
        for (wait, total) in waits.sorted(by: {
            ($0.key.stage, $0.key.cause.index) < ($1.key.stage, $1.key.cause.index)
        }) {
            let labels = [("stage", wait.stage.name), ("cause", wait.cause.rawValue)]
            page.sample("dioscope_wait_seconds_total", labels, Self.seconds(total))
        }
    }

    private func writeState(_ page: inout MetricsText) {
        page.counter("dioscope_intervals", "How often what was added since the last time was read.")
        page.sample("dioscope_intervals_total", [], "\(intervals)")
        page.counter("dioscope_lost", "What was lost, by the way in which it was.")
        for loss in losses where loss.severity == .loss {
            page.sample("dioscope_lost_total", [("what", loss.what)], "\(loss.count)")
        }
        page.counter("dioscope_rule_fired", "How often a rule of --trigger began to hold.")
        for (rule, count) in fired.sorted(by: { $0.key < $1.key }) {
            page.sample("dioscope_rule_fired_total", [("rule", rule)], "\(count)")
        }
        for gauge in gauges + [
            ("stages", "Stages by context that have a histogram.", Double(stages.count)),
            (
                "stages_limit", "The most that there can be; what comes later is in stage=\"other\".",
                Double(Self.mostStages + 1)
            ),
        ] {
            page.family("dioscope_" + gauge.name, "gauge", gauge.help)
            page.sample("dioscope_" + gauge.name, [], "\(gauge.value)")
        }
    }

    private func write(
        _ buckets: Buckets, _ name: String, _ labels: [(String, String)], _ page: inout MetricsText,
        exemplar: Capture? = nil
    ) {
        var below: UInt64 = 0
        let marked = exemplar.map { capture in
            Self.ends.firstIndex { capture.slowest <= $0.nanoseconds } ?? Self.ends.count
        }
        for place in buckets.counts.indices {
            below &+= buckets.counts[place]
            let end = place < Self.ends.count ? Self.ends[place].label : "+Inf"
            var value = "\(below)"
            if let exemplar, place == marked {
                value +=
                    " # {capture=\"\(MetricsText.escaped(exemplar.name))\"} \(Self.seconds(exemplar.slowest)) \(exemplar.time)"
            }
            page.sample(name + "_bucket", labels + [("le", end)], value)
        }
        page.sample(name + "_sum", labels, Self.seconds(buckets.total))
        page.sample(name + "_count", labels, "\(below)")
    }

    private static func seconds(_ nanoseconds: UInt64) -> String { "\(Double(nanoseconds) / 1e9)" }
}

extension StageContext {
    /// The label of a stage's context.
    fileprivate var name: String {
        switch self {
        case .task: "task"
        case .hardirq: "hardirq"
        case .softirq: "softirq"
        case .kworker: "kworker"
        case .taskWork: "task_work"
        case .device: "none"
        case .irqThread: "irq_thread"
        }
    }
}
