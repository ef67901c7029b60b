// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// What is compared.
public enum Metric: Hashable, Sendable {
    /// I/Os that completed per second, from the first submission to the last completion.
    case iops
    /// The mean latency of all finished I/Os. Nanoseconds.
    case mean
    /// A percentile of latency, within 1%. Nanoseconds.
    case percentile(Percentile)
    /// Mean nanoseconds per I/O in a stage or a part of it, over all finished I/Os, also those that have none of it:
    /// so the stages add up to the mean latency.
    case leaf(Leaf)
    /// Part of all I/Os that completed there.
    case context(CompletionContext)
    /// Part of all I/Os that were deferred for this.
    case reason(DeferralReason)

    /// Stable: in JSON, and in rules of `--fail-if`.
    public var name: String {
        switch self {
        case .iops: "iops"
        case .mean: "mean"
        case .percentile(let percentile): percentile.name
        case .leaf(.stage(let stage)): stage.name
        case .leaf(.cause(let stage, let cause)): "\(stage.name)/\(cause.rawValue)"
        case .context(let context): "context/\(context.rawValue)"
        case .reason(let reason): "reason/\(reason.rawValue)"
        }
    }

    /// Those on top, in the order in which they are shown.
    public static let headline: [Metric] = [.iops, .mean] + Percentile.usual.map(Metric.percentile)
    static let contexts = CompletionContext.allCases.map(Metric.context)
    static let reasons = DeferralReason.allCases.map(Metric.reason)

    static func causes(of stage: Stage) -> [Metric] {
        Leaf.waits.contains(stage) ? WaitCause.allCases.map { .leaf(.cause(stage, $0)) } : []
    }
}
