// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// What the report comes to: sentences of a closed set, each with its numbers, or why there are none.
public struct Verdict: Equatable, Sendable {
    /// At most four, what happens, why, what it would be worth to avoid it, and what to try; and how far they hold where
    /// I/Os were lost.
    public var sentences: [Sentence]
    /// Why nothing is concluded; empty if something is.
    public var refusals: [Refusal]

    public enum Sentence: Equatable, Sendable {
        /// I/Os completed in a kworker.
        /// - Parameters:
        ///   - share: their part of all I/Os.
        ///   - queueWait: mean nanoseconds from `queue_work` to the kworker's start, of the I/Os that waited.
        ///   - queueWaitShare: part of the sum of all latencies.
        ///   - cause: what most of the wait is spent on, as far as that is known.
        case kworker(share: Double, queueWait: Double?, queueWaitShare: Double, cause: MainCause?)
        /// Why most of them were.
        /// - Parameters:
        ///   - share: part of the deferred I/Os.
        ///   - users: if it is cached pages, who may have had them cached, as far as it was seen.
        case deferral(reason: DeferralReason, share: Double, users: [FileUser] = [])
        /// What completing inline would be worth.
        case inlineEstimate(InlineEstimate)
        /// What to try next.
        case advice(Advice)
        /// Most I/Os completed in the interrupt.
        /// - Parameters:
        ///   - context: hardirq or softirq.
        ///   - cost: mean nanoseconds from `end_io` to `iomap_dio_complete`, of inline completions.
        case inline(context: CompletionContext, share: Double, cost: Double?)
        /// Most I/Os completed in a task: no completion was handed to another context.
        /// - Parameter name: function of the work, or comm of the thread, of most I/Os in a driver's or layer's own work.
        case task(context: CompletionContext, share: Double, name: String? = nil)
        /// Where the latency lies, when none of that is a wait for a kworker.
        case shares(LatencyShares)
        /// An issuer of asynchronous I/O waited for this part of its I/Os all the same.
        case waitsThough(issuer: Issuer, share: Double, isWriting: Bool)
        /// io_uring's second hop takes a good part of the latency.
        /// - Parameters:
        ///   - mean: nanoseconds, of the I/Os that waited.
        ///   - share: part of the sum of all latencies.
        case taskWorkWait(mean: Double, share: Double, cause: MainCause?)
        /// Another wait takes a good part of the latency: for a request, for a worker of io-wq, for the CPU that is to run
        /// `end_io`, or for a submitter that slept to be on a CPU again.
        /// - Parameters:
        ///   - mean: nanoseconds, of the I/Os that waited.
        ///   - share: part of the sum of all latencies.
        case wait(Stage, mean: Double, share: Double, cause: MainCause?)
        /// The cgroup's `io.max` on a device below a layer holds I/Os back.
        /// - Parameters:
        ///   - mean: nanoseconds, of the I/Os that were held back there.
        ///   - share: part of the sum of all latencies.
        case throttled(device: DeviceName, mean: Double, share: Double)
        /// The cgroup of the submitters used up its CPU quota.
        /// - Parameters:
        ///   - count: times that a submitter stood still for it.
        ///   - share: part of the recording in which one did.
        case quota(count: UInt64, share: Double)
        /// I/Os are missing, few enough for all that is said to hold within a bound.
        /// - Parameters:
        ///   - share: of all that should be there.
        ///   - meanAtMost: nanoseconds; the mean latency with the longest that the lost ones can have taken, as far as
        ///     that is known.
        case lost(share: Double, meanAtMost: Double?)
        /// A device gives its I/O to others, which were not seen: nothing is concluded of that.
        /// - Parameters:
        ///   - share: of all I/Os.
        case notFollowed(device: DeviceName, share: Double)
    }

    /// What the largest part of a wait was spent on.
    public struct MainCause: Equatable, Sendable {
        public var cause: WaitCause
        /// The name of the task or the work item with the largest part in it, or of all submitters if they have but one name;
        /// untrusted.
        public var name: String?
        /// Mean nanoseconds of it, over all I/Os that waited.
        public var mean: Double
        /// Part of the wait.
        public var share: Double
    }

    public enum Advice: Equatable, Sendable {
        /// Submitter, interrupt and kworker share one CPU for this part of the deferred I/Os, and the submitter is what
        /// the kworker waits for: move one of them.
        case moveApart(share: Double)
        /// They do, but none of the interrupts may come to another CPU: with a queue for each CPU it is the submitter's
        /// that comes, wherever that goes.
        case boundTogether(share: Double)
        /// A task or a work has this mean part, in nanoseconds, of each wait: keep it off that CPU.
        case keepOff(name: String, mean: Double)
        /// The CPU first has to wake up: limit its idle states.
        case limitIdleStates
        /// Works wait for others of their workqueue, whatever the CPU does.
        case fewerAtOnce
        /// The same where the CPU is a hypervisor's, which has to wake it.
        case pollWhileIdle
        /// Completions wait for each other: spread the I/O over more CPUs.
        case spreadCompletions
        /// Interrupts occupy the CPU: move those of others.
        case moveInterrupts
    }

    public enum Refusal: Equatable, Sendable {
        case noIOs
        /// What would not have been seen if it was there, in words.
        case blind([String])
        /// I/Os were recorded, and none of them is as the selection asks.
        case noneSelected(of: UInt64)
        /// I/Os of which the begins are not in the trace.
        case partial(UInt64)
        /// There are only requests of whichever I/O.
        case requests(UInt64)
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
    /// As long as less of the I/Os is lost, what is said of the others is said with its bound.
    static let tolerableLoss = 0.01
    private static let mostSentences = 4

    public init(sentences: [Sentence], refusals: [Refusal]) {
        self.sentences = sentences
        self.refusals = refusals
    }

    init(on report: Report) {
        self.init(sentences: [], refusals: Self.refusals(on: report))
        guard refusals.isEmpty else { return }
        sentences = Array(Self.sentences(on: report).prefix(Self.mostSentences))
        if sentences.isEmpty { refusals = [.mixedContexts] }
        if !sentences.isEmpty, let lost = Self.lost(of: report) { sentences.append(lost) }
        if !sentences.isEmpty { sentences += Self.notFollowed(in: report) }
    }

    /// What happens, without what follows from it.
    var first: Verdict { Verdict(sentences: Array(sentences.prefix(1)), refusals: refusals) }

    static func refusals(on report: Report) -> [Refusal] {
        guard report.ios.total > 0 else {
            if let all = report.selection?.ofIOs, all > 0 { return [.noneSelected(of: all)] }
            // Where the reason is known, what could not be seen is none.
            let unseen = report.unseen.isEmpty ? report.source.blindKinds : []
            return [.noIOs] + (unseen.isEmpty ? [] : [.blind(unseen)])
        }
        if report.ios.requests == report.ios.total { return [.requests(report.ios.requests)] }
        var refusals: [Refusal] = []
        if report.ios.partial > 0 { refusals.append(.partial(report.ios.partial)) }
        if report.ios.total < neededIOs { refusals.append(.fewIOs(report.ios.total, needed: neededIOs)) }
        // The share of those that are there: what is lost is judged by itself. Nothing is said of what layers do, so what is
        // not followed there changes nothing.
        let share = Double(report.quality.completeButForLayers) / Double(report.ios.total)
        if share < neededCompleteShare {
            refusals.append(.incomplete(share: share, needed: neededCompleteShare))
        }
        if !report.source.isComplete { refusals.append(.cutOff) }
        let isTolerable = lostShare(of: report) < tolerableLoss
        for loss in report.loss where loss.severity == .loss && loss.count > 0 && !(loss.isOfIOs && isTolerable) {
            refusals.append(.loss(what: loss.what, count: loss.count))
        }
        return refusals
    }

    /// As a share of all I/Os that should be there, whichever were selected.
    private static func lostShare(of report: Report) -> Double {
        let lost = report.loss.lostIOs
        let recorded = (report.selection?.ofIOs ?? report.ios.total) &+ (report.sample?.thinnedOut ?? 0)
        return lost == 0 ? 0 : Double(lost) / Double(recorded &+ lost)
    }

    private static func notFollowed(in report: Report) -> [Sentence] {
        report.quality.notFollowed.compactMap { layer in
            report.source.devices.first { $0.device == layer.device }.map {
                .notFollowed(device: $0, share: Double(layer.ios) / Double(report.ios.total))
            }
        }
    }

    private static func lost(of report: Report) -> Sentence? {
        let share = lostShare(of: report)
        guard share > 0 else { return nil }
        let losses = report.loss.filter { $0.isOfIOs && $0.count > 0 }
        guard report.selection == nil, let latency = report.latency, losses.allSatisfy({ $0.timeAtMost != nil }) else {
            return .lost(share: share, meanAtMost: nil)
        }
        let longest = losses.reduce(0.0) { $0 + Double($1.count) * Double($1.timeAtMost ?? 0) }
        // Lost was a part of all that were recorded.
        let recorded = Double(report.ios.total &+ (report.sample?.thinnedOut ?? 0))
        let mean = (latency.mean * recorded + longest) / (recorded + Double(report.loss.lostIOs))
        return .lost(share: share, meanAtMost: mean > latency.mean ? mean : nil)
    }
}
