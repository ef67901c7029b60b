// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Report

/// The verdict's sentences in words.
enum VerdictText {
    /// Stable name in JSON.
    static func kind(of sentence: Verdict.Sentence) -> String {
        switch sentence {
        case .kworker: "kworker-completions"
        case .inline: "inline-completions"
        case .task: "task-completions"
        }
    }

    static func text(of sentence: Verdict.Sentence) -> String {
        switch sentence {
        case .kworker(let share, let queueWait, let queueWaitShare):
            let deferred = "\(Quantity.percent(share)) of I/Os are completed in a kworker"
            guard let queueWait else { return deferred }
            return deferred
                + ", for which they wait \(Quantity.duration(queueWait)) on average"
                + " (\(Quantity.percent(queueWaitShare)) of all latency)"
        case .inline(let context, let share, let cost):
            let inline = "\(Quantity.percent(share)) of I/Os are completed inline in the \(context.rawValue)"
            guard let cost else { return inline }
            return inline + "; an inline completion takes \(Quantity.duration(cost)) on average"
        case .task(let context, let share):
            return "\(Quantity.percent(share)) of I/Os are completed \(place(context))"
        }
    }

    private static func place(_ context: CompletionContext) -> String {
        switch context {
        case .taskWork: "by their issuer in task_work"
        case .poll: "by polling"
        case .syncWait: "by the submitter, which waits for them"
        case .submitRace: "by the submitter, before it had left the submission"
        case .hardirq, .softirq, .kworker, .unknown: "in \(context.rawValue)"
        }
    }

    static func text(of refusal: Verdict.Refusal) -> String {
        switch refusal {
        case .noIOs: "no I/O was recorded"
        case .fewIOs(let count, let needed):
            "\(Quantity.count(count)) I/Os are too few, at least \(Quantity.count(needed)) are needed"
        case .incomplete(let share, let needed):
            "only \(Quantity.percent(share)) of I/Os are complete, at least \(Quantity.percent(needed)) are needed"
        case .cutOff: "the recording is cut off"
        case .loss(let what, let count): "data was lost: \(what) \(Quantity.count(count))"
        case .mixedContexts: "no completion context has half of the I/Os"
        }
    }
}
