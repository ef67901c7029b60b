// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// I/Os that were aggregated by kind, attributed as one life of that kind.
struct AttributedSummary {
    let summary: IOSummary
    /// The life of the example.
    let life: AttributedLife
    /// Each stage with the steps that are in it.
    let stages: [Part]

    struct Part {
        var stage: Stage
        var context: StageContext
        /// Numbers of the steps; several where a stage is their sum.
        var steps: [Int]
    }

    init(_ summary: IOSummary, rule: CompletionRule) {
        self.summary = summary
        life = AttributedLife(summary.example, rule: rule)
        var parts: [Part] = []
        life.spans.forEach { span in
            let part = Part(stage: span.stage, context: span.context, steps: Self.steps(in: span.nanoseconds))
            // Several holes in one I/O are one unattributed duration.
            if span.stage == .unattributed, let hole = parts.firstIndex(where: { $0.stage == .unattributed }) {
                parts[hole].steps += part.steps
            } else {
                parts.append(part)
            }
        }
        stages = parts
    }

    private static func steps(in nanoseconds: UInt64) -> [Int] {
        (0..<IOSummary.steps).filter { nanoseconds & 1 << UInt64($0) != 0 }
    }

    /// The sums have everything about its stages that records of such I/Os would.
    var isExact: Bool { life.isFinished && !life.isDisordered && stages.allSatisfy { $0.steps.count <= 1 } }

    func isIn(_ stage: Stage) -> Bool { stages.contains { $0.stage == stage } }
}

extension IOSummary {
    /// Whether I/Os like this one can be aggregated, and the report still be what records of them would make it.
    public func isExact(rule: CompletionRule) -> Bool { AttributedSummary(self, rule: rule).isExact }
}

extension IOSummary {
    /// Calls `body` with what the durations of its I/Os are reported as: of the latency (`nil`), and of each stage. A stage
    /// that is the sum of several steps has its mean at each latency.
    /// - Parameter rule: by which the recorded kernel decides how to complete.
    public func forEachDuration(
        rule: CompletionRule, _ body: (_ stage: Stage?, _ nanoseconds: UInt64, _ ios: UInt64) -> Void
    ) {
        let whole = AttributedSummary(self, rule: rule)
        guard whole.life.isFinished else { return }
        for row in rows { body(nil, row.latency(atMost: longest), row.ios) }
        for part in whole.stages {
            if part.steps.count == 1, let step = part.steps.first {
                for count in spreads[step] {
                    body(part.stage, count.bucket.value(atMost: longestSteps[step]), count.ios)
                }
            } else {
                for row in rows {
                    body(part.stage, part.steps.reduce(0) { $0 &+ row.nanoseconds[$1] } / max(1, row.ios), row.ios)
                }
            }
        }
    }
}

extension IOSummary.Row {
    /// What latencies in this row are reported as.
    /// - Parameter longest: of all rows.
    func latency(atMost longest: UInt64) -> UInt64 { bucket.value(atMost: longest) }
}

extension SummaryBucket {
    /// What durations in it are reported as, when none is longer than `longest`.
    func value(atMost longest: UInt64) -> UInt64 { number == Self.count - 1 ? longest : min(middle, longest) }
}
