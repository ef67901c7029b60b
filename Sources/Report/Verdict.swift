// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// What the report comes to: sentences of a closed set, each with the numbers it stands on, or why there are none.
public struct Verdict: Equatable, Sendable {
    public var sentences: [Sentence]
    /// Why nothing is concluded; empty if something is.
    public var refusals: [Refusal]

    public enum Sentence: Equatable, Sendable {
        /// I/Os completed in a kworker.
        /// - Parameters:
        ///   - share: their part of all I/Os.
        ///   - queueWait: mean nanoseconds from `queue_work` to the kworker's start, of the I/Os that waited.
        ///   - queueWaitShare: part of the sum of all latencies.
        case kworker(share: Double, queueWait: Double?, queueWaitShare: Double)
        /// Most I/Os completed in the interrupt.
        /// - Parameters:
        ///   - context: hardirq or softirq.
        ///   - cost: mean nanoseconds from `end_io` to `iomap_dio_complete`, of inline completions.
        case inline(context: CompletionContext, share: Double, cost: Double?)
        /// Most I/Os completed in a task: no completion was handed to another context.
        case task(context: CompletionContext, share: Double)
    }

    public enum Refusal: Equatable, Sendable {
        case noIOs
        /// Fewer I/Os than a statement needs.
        case fewIOs(UInt64, needed: UInt64)
        /// Too many I/Os lack a part of their life.
        case incomplete(share: Double, needed: Double)
        case cutOff
        case loss(what: String, count: UInt64)
        /// No context has half of the I/Os, and hardly any is a kworker's.
        case mixedContexts
    }

    static let neededIOs: UInt64 = 100
    static let neededCompleteShare = 0.95
    /// Below this, kworkers are not worth a sentence.
    private static let kworkerShare = 0.01

    public init(sentences: [Sentence], refusals: [Refusal]) {
        self.sentences = sentences
        self.refusals = refusals
    }

    init(on report: Report) {
        self.init(sentences: [], refusals: Self.refusals(on: report))
        guard refusals.isEmpty else { return }
        sentences = Self.sentences(on: report)
        if sentences.isEmpty { refusals = [.mixedContexts] }
    }

    private static func refusals(on report: Report) -> [Refusal] {
        guard report.ios.total > 0 else { return [.noIOs] }
        var refusals: [Refusal] = []
        if report.ios.total < neededIOs { refusals.append(.fewIOs(report.ios.total, needed: neededIOs)) }
        if let share = report.quality.completeShare, share < neededCompleteShare {
            refusals.append(.incomplete(share: share, needed: neededCompleteShare))
        }
        if !report.source.isComplete { refusals.append(.cutOff) }
        for loss in report.loss where loss.severity == .loss && loss.count > 0 {
            refusals.append(.loss(what: loss.what, count: loss.count))
        }
        return refusals
    }

    private static func sentences(on report: Report) -> [Sentence] {
        func share(_ context: CompletionContext) -> Double {
            Double(report.count(in: context)) / Double(report.ios.total)
        }
        var sentences: [Sentence] = []
        if share(.kworker) >= kworkerShare {
            sentences.append(
                .kworker(
                    share: share(.kworker), queueWait: report.queueWait?.durations.mean,
                    queueWaitShare: report.stage(.queueWait)?.share ?? 0))
        }
        for context in [CompletionContext.hardirq, .softirq] where share(context) >= 0.5 {
            let cost = report.stage(.inlineCompletion)?.durations.mean
            sentences.append(.inline(context: context, share: share(context), cost: cost))
        }
        for context in [CompletionContext.taskWork, .poll, .syncWait, .submitRace] where share(context) >= 0.5 {
            sentences.append(.task(context: context, share: share(context)))
        }
        return sentences
    }
}
