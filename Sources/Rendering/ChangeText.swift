// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Comparison
import DirectIO
import Sweep

/// Words for what runs of fio reached and what made the difference: a row of a sweep, or an experiment.
struct ChangeText {
    let measured: MeasuredChange

    init(_ measured: MeasuredChange) { self.measured = measured }

    /// `~` when it may be chance; in brackets when it cannot be judged.
    static func gain(_ difference: Difference?) -> String {
        guard let difference, let relative = difference.relative else { return "" }
        return difference.marked(Quantity.signedPercent(relative.value))
    }

    /// Half of the 95% interval.
    static func margin(_ estimate: Estimate?, of whole: Double = 1) -> String {
        guard let interval = estimate?.interval, whole > 0 else { return "" }
        let percent = (interval.upperBound - interval.lowerBound) / 2 / whole * 100
        return "+-\(Quantity.fixed(percent, percent < 99.95 ? 1 : 0))%"
    }

    /// `kworker 98.1% => hardirq 99.2%`: contexts of a tenth or more.
    var contexts: String? {
        guard let recorded = measured.recorded else { return nil }
        let base = contexts(recorded) { $0.base }
        let new = contexts(recorded) { $0.new }
        return !measured.hasSides || base == new ? new : "\(base) => \(new)"
    }

    private func contexts(_ recorded: Comparison, _ share: (Difference) -> Double?) -> String {
        recorded.contexts.compactMap { row -> (name: String, share: Double)? in
            guard case .context(let context) = row.metric, let share = share(row.difference), share >= 0.1 else {
                return nil
            }
            return (context.rawValue, share)
        }
        .sorted { $0.share > $1.share }
        .map { "\($0.name) \(Quantity.wholePercent($0.share))" }.joined(separator: " + ")
    }

    /// Does the change in the mean latency go the way of the change in IOPS: less latency, more IOPS? `nil` when one of
    /// them may be chance.
    var explains: Bool? {
        guard let mean = measured.recorded?.difference(in: .mean), let latency = mean.delta?.value,
            let change = measured.change, let gain = change.delta?.value, change.isSignificant != false
        else { return nil }
        return mean.isSignificant == false ? nil : latency * gain < 0
    }

    /// What `stages` are to the row: they made its gain or loss, or stand beside it.
    var stagesLabel: String {
        guard measured.hasSides else { return "spent in" }
        return explains == false ? "beside it" : "made by"
    }

    /// The stages that changed most and the rest, so that they sum to the change in mean latency; of one side, those that
    /// took longest.
    func stages(atMost count: Int) -> String? {
        guard let recorded = measured.recorded else { return nil }
        guard measured.hasSides else { return longest(recorded, count) }
        guard let mean = recorded.difference(in: .mean), let delta = mean.delta else { return nil }
        let head = "latency \(mean.marked(Quantity.signedDuration(delta.value)))"
        let changed = recorded.stages
            .filter { $0.difference.isSignificant != false }
            .sorted { abs($0.difference.delta?.value ?? 0) > abs($1.difference.delta?.value ?? 0) }
            .prefix(count)
        guard !changed.isEmpty else { return head + unexplained }
        var parts = changed.map(part)
        let named = changed.reduce(0) { $0 + ($1.difference.delta?.value ?? 0) }
        // A mean that may be chance has no sum to be reached.
        if mean.isSignificant != false, abs(delta.value - named) >= Self.leastRest * abs(delta.value) {
            parts.append("the rest \(Quantity.signedDuration(delta.value - named))")
        }
        return "\(head): \(parts.joined(separator: "; "))" + unexplained
    }

    /// Less than this part of the change is rounding.
    private static let leastRest = 0.02

    private var unexplained: String {
        guard explains == false, let gain = measured.change?.delta?.value else { return "" }
        return
            "; that is no reason for the \(gain > 0 ? "gain" : "loss"): look before the submission and after the completion"
    }

    private func part(_ stage: Comparison.StageRow) -> String {
        let delta = stage.difference.delta?.value ?? 0
        var text = "\(stage.stage.label) \(stage.difference.marked(Quantity.signedDuration(delta)))"
        if stage.difference.new ?? 0 == 0 { text += " (none left)" }
        if stage.difference.base ?? 0 == 0 { text += " (new)" }
        let cause = stage.causes.first { abs($0.difference.delta?.value ?? 0) >= abs(delta) / 3 }
        if let cause, case .leaf(.cause(_, let kind)) = cause.metric, kind != .unattributed {
            text += " (\(kind.label) \(Quantity.signedDuration(cause.difference.delta?.value ?? 0)))"
        }
        return text
    }

    private func longest(_ recorded: Comparison, _ count: Int) -> String {
        let mean = recorded.difference(in: .mean)?.new ?? 0
        return recorded.stages.sorted { ($0.difference.new ?? 0) > ($1.difference.new ?? 0) }.prefix(count)
            .map { stage in
                let value = stage.difference.new ?? 0
                let share = mean > 0 ? " (\(Quantity.wholePercent(value / mean)))" : ""
                return "\(stage.stage.label) \(Quantity.duration(value))\(share)"
            }
            .joined(separator: "; ")
    }
}
