// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Rendering
import Report

/// The I/Os of a capture as rows that can be added up with those of others: by what they are, for the latency and each
/// stage, how many took how long. Durations fall in the buckets of a report, so its percentiles come of them exactly.
public final class FleetSummary: IOExport {
    public var output: [UInt8] = []
    private let rule: CompletionRule
    private let devices: [DeviceNumber: DeviceName]
    private var groups: [Kind: Group] = [:]

    static let columns = [
        FleetCapture.Column(name: "device", type: "VARCHAR"), .init(name: "file_system", type: "VARCHAR"),
        .init(name: "op", type: "VARCHAR"), .init(name: "issuer", type: "VARCHAR"),
        .init(name: "context", type: "VARCHAR"), .init(name: "reason", type: "VARCHAR"),
        .init(name: "cpu_sharing", type: "VARCHAR"), .init(name: "stage", type: "VARCHAR"),
        .init(name: "cause", type: "VARCHAR"), .init(name: "upto_ns", type: "UBIGINT"),
        .init(name: "ios", type: "UBIGINT"), .init(name: "total_ns", type: "UBIGINT"),
        .init(name: "bytes", type: "UBIGINT"), .init(name: "errors", type: "UBIGINT"),
    ]

    /// What I/Os of one row have in common.
    private struct Kind: Hashable {
        /// `nil`: it was not seen.
        var device: DeviceNumber?
        var operation: DirectIO.Operation?
        var issuer: Issuer
        var context: CompletionContext
        var reason: DeferralReason?
        var placement: CPUPlacement?
    }

    private struct Sum {
        var ios: UInt64 = 0
        var nanoseconds: UInt64 = 0

        mutating func add(_ count: UInt64, _ total: UInt64) {
            ios &+= count
            nanoseconds &+= total
        }
    }

    /// Durations of one stage, or the latencies.
    private struct Spread {
        var buckets: [Int: Sum] = [:]
        private(set) var longest: UInt64 = 0

        mutating func add(_ nanoseconds: UInt64, ios: UInt64 = 1, total: UInt64? = nil) {
            longest = max(longest, nanoseconds)
            buckets[DurationBucket.number(of: nanoseconds), default: Sum()].add(ios, total ?? nanoseconds)
        }
    }

    private struct CauseKey: Hashable {
        var stage: Stage
        var cause: WaitCause
    }

    private final class Group {
        var ios: UInt64 = 0
        /// `nil` where the length of any was not seen.
        var bytes: UInt64? = 0
        var errors: UInt64 = 0
        var latency = Spread()
        var stages: [Stage: Spread] = [:]
        var causes: [CauseKey: Sum] = [:]
    }

    /// - Parameters:
    ///   - rule: by which the recorded kernel decides how to complete.
    ///   - source: what is known of the recording: what its devices are called.
    public init(rule: CompletionRule, source: ReportSource) {
        self.rule = rule
        devices = Dictionary(source.devices.map { ($0.device, $0) }) { first, _ in first }
    }

    public func add(_ listed: ListedIO) {
        let (io, life) = (listed.io, listed.life)
        let group = group(of: io, life)
        group.ios &+= 1
        group.bytes = io.knowsLength ? group.bytes.map { $0 &+ UInt64(io.length) } : nil
        if io.error != 0 { group.errors &+= 1 }
        guard life.isFinished else { return }
        group.latency.add(life.latency)
        var hole: UInt64?
        life.spans.forEach { span in
            // Several holes in one I/O are one unattributed duration.
            if span.stage == .unattributed {
                hole = (hole ?? 0) &+ span.nanoseconds
            } else {
                group.stages[span.stage, default: Spread()].add(span.nanoseconds)
            }
        }
        if let hole { group.stages[.unattributed, default: Spread()].add(hole) }
        for stage in Stage.waits {
            listed.wait(stage)?.forEachCause { cause, nanoseconds in
                group.causes[CauseKey(stage: stage, cause: cause), default: Sum()].add(1, nanoseconds)
            }
        }
    }

    /// Its durations are the middles of the kernel's buckets, which are wider.
    public func add(_ summary: IOSummary) {
        let group = group(of: summary.example, AttributedLife(summary.example, rule: rule))
        group.ios &+= summary.ios
        group.bytes = group.bytes.map { $0 &+ summary.bytes }
        group.errors &+= summary.errors
        summary.forEachDuration(rule: rule) { stage, nanoseconds, ios in
            let total = nanoseconds &* ios
            if let stage {
                group.stages[stage, default: Spread()].add(nanoseconds, ios: ios, total: total)
            } else {
                group.latency.add(nanoseconds, ios: ios, total: total)
            }
        }
        add(summary.queueWaitOccupants, of: .queueWait, to: group)
        add(summary.taskWorkOccupants, of: .taskWorkWait, to: group)
    }

    private func add(_ occupants: SIMD8<UInt64>, of stage: Stage, to group: Group) {
        for occupant in CPUOccupant.allCases where occupants[Int(occupant.rawValue)] > 0 {
            let key = CauseKey(stage: stage, cause: WaitCause(occupant))
            group.causes[key, default: Sum()].add(0, occupants[Int(occupant.rawValue)])
        }
    }

    private func group(of io: DirectIO, _ life: AttributedLife) -> Group {
        let kind = Kind(
            device: io.knowsDevice ? io.device : nil, operation: io.operation, issuer: io.issuer, context: life.context,
            reason: life.reason,
            placement: life.placement)
        if let group = groups[kind] { return group }
        let group = Group()
        groups[kind] = group
        return group
    }

    public func finish() {
        line(Self.columns.map(\.name))
        let rows = groups.map { (words: words(of: $0), group: $1) }
        let longest = longest
        for row in rows.sorted(by: { $0.words.lexicographicallyPrecedes($1.words) }) {
            write(row.group, row.words, longest)
        }
    }

    /// Of the latency (`nil`) and each stage, over all kinds of I/Os: no percentile is beyond it.
    private var longest: [Stage?: UInt64] {
        var longest: [Stage?: UInt64] = [:]
        for group in groups.values {
            longest[nil] = max(longest[nil] ?? 0, group.latency.longest)
            for (stage, spread) in group.stages { longest[stage] = max(longest[stage] ?? 0, spread.longest) }
        }
        return longest
    }

    private func words(of kind: Kind) -> [String] {
        let name = kind.device.flatMap { devices[$0] }
        return [
            quoted(name?.name ?? kind.device?.description ?? ""), quoted(name?.fileSystem ?? ""),
            kind.operation?.rawValue ?? "", kind.issuer.rawValue, kind.context.rawValue, kind.reason?.rawValue ?? "",
            kind.placement?.name ?? "",
        ]
    }

    private func write(_ group: Group, _ words: [String], _ longest: [Stage?: UInt64]) {
        line(words + ["all", "", "", "\(group.ios)", "", group.bytes.map { "\($0)" } ?? "", "\(group.errors)"])
        write(group.latency, words, "latency", longest[nil])
        for (stage, spread) in group.stages.sorted(by: { $0.key < $1.key }) {
            write(spread, words, stage.name, longest[stage])
        }
        let causes = group.causes.sorted {
            ($0.key.stage, $0.key.cause.index) < ($1.key.stage, $1.key.cause.index)
        }
        for (key, sum) in causes {
            line(words + [key.stage.name, key.cause.rawValue, "", "\(sum.ios)", "\(sum.nanoseconds)", "", ""])
        }
    }

    private func write(_ spread: Spread, _ words: [String], _ stage: String, _ longest: UInt64?) {
        for (bucket, sum) in spread.buckets.sorted(by: { $0.key < $1.key }) {
            let end = min(DurationBucket.lowest(of: bucket + 1) &- 1, longest ?? .max)
            line(words + [stage, "", "\(end)", "\(sum.ios)", "\(sum.nanoseconds)", "", ""])
        }
    }

    private func line(_ fields: [String]) {
        output.append(contentsOf: (fields.joined(separator: ",") + "\r\n").utf8)
    }

    private func quoted(_ text: String) -> String { CSVExport.quoted(EscapedText(text).description) }
}

extension CPUPlacement {
    /// As in the report's JSON.
    fileprivate var name: String {
        switch self {
        case .submitIRQWorker: "submit_irq_worker"
        case .irqWorker: "irq_worker"
        case .none: "none"
        case .unknown: "unknown"
        }
    }
}
