// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Everything that is said about a recording's I/Os: a plain value that every output is rendered from.
///
/// Means, maxima and totals are exact, percentiles within 1%. What could not be counted is `nil`, never 0.
public struct Report: Equatable, Sendable {
    /// Name and version of the JSON object; the number rises when a reader would have to change.
    public static let schema = "dioscope.report/2"

    public var source: ReportSource
    /// Which I/Os it is of; `nil` when it is all of them.
    public var selection: Selection?
    /// `nil` when every I/O that passed the filters was to be recorded.
    public var sample: Sample?
    /// `nil` when every I/O has a record.
    public var summedUp: SummedUp?
    public var rule: CompletionRule
    /// Asked for besides the usual ones; `DurationStatistics.chosen` has their values.
    public var percentiles: [Double] = []
    public var quality: Quality
    public var headline: Headline
    public var ios: IOCounts
    /// From `submitted` to the last time seen, of finished I/Os; `nil` when there was none.
    public var latency: DurationStatistics?
    /// How the latencies are spread, from the shortest to the longest.
    public var histogram: [LatencyStretch] = []
    /// By `CompletionContext.index`.
    public var contexts: [UInt64]
    /// `nil` when `end_io` was never seen.
    public var endContexts: EndContexts?
    /// The reasons of deferred I/Os, the most frequent first.
    public var reasons: [ReasonCount]
    /// In causal order, only those that occurred.
    public var stages: [StageStatistics]
    /// `nil` when no I/O was seen to wait for a kworker.
    public var queueWait: WaitSummary?
    /// `nil` when no I/O was seen to wait for its issuer's task_work.
    public var taskWorkWait: WaitSummary?
    /// `nil` when no I/O was seen to wait for what ran its `end_io`: a softirq, a thread, a driver's work.
    public var deliveryWait: WaitSummary?
    /// `nil` when no user's kiocb was seen to wait for a work that completed it.
    public var hopWait: WaitSummary?
    /// `nil` when no submitter was seen to sleep for its I/O and to complete it.
    public var waiterWait: WaitSummary?
    /// What the stage `device` is made of, where I/Os came through several devices; in causal order.
    public var layers: [LayerStatistics] = []
    /// Works and threads of drivers and layers that completed I/Os, the most frequent first.
    public var deliverers: [Deliverer] = []
    public var requests = Requests()
    public var tail: TailComposition?
    /// What the recorder itself took; `nil` when no I/O was seen to wait for it.
    public var recorder: RecorderShare?
    public var cpuSharing: CPUSharing
    /// `nil` if not known, and for a part of the I/Os.
    public var scheduling: Scheduling?
    /// `nil` when there is nothing to gain, or the recording does not carry it.
    public var inlineEstimate: InlineEstimate?
    /// `nil` when no I/O finished.
    public var placement: PlacementTable?
    /// By number, softirq last.
    public var interrupts: [InterruptStatistics]
    public var loss: [DataLoss]
    /// I/O that was there and takes none of the ways that are followed; only of all I/Os.
    public var unseen: [UnseenIO] = []
    public var verdict: Verdict
    /// `nil` if not asked for, without finished I/Os, and for I/Os that were aggregated in the kernel.
    public var timeline: Timeline?
    /// `nil` when the I/Os were not grouped.
    public var groups: ReportGroups?

    /// Kworkers completed these I/Os and hardly others: what they did is of these, and not of those that filters left out.
    public var hasKworkersAlone: Bool {
        scheduling.map { Double($0.works) <= 1.05 * Double(cpuSharing.deferredIOs) } ?? false
    }

    /// How many I/Os completed in a context.
    public func count(in context: CompletionContext) -> UInt64 { contexts[context.index] }

    public func stage(_ stage: Stage) -> StageStatistics? { stages.first { $0.stage == stage } }

    public func wait(_ stage: Stage) -> WaitSummary? {
        switch stage {
        case .queueWait: queueWait
        case .taskWorkWait: taskWorkWait
        case .delivery: deliveryWait
        case .hopWait: hopWait
        case .submitterWakeup: waiterWait
        default: nil
        }
    }

    public func stage(named name: String) -> StageStatistics? { Stage(name: name).flatMap { stage($0) } }

    /// I/Os that took more than one request or bio, or of which a request went back to the queue.
    public struct Requests: Equatable, Sendable {
        public var ios: UInt64 = 0
        public var requests: UInt64 = 0
        public var bios: UInt64 = 0
        public var requeues: UInt64 = 0
    }

    public struct Deliverer: Equatable, Sendable {
        /// Function of the work, or comm of the thread.
        public var name: String
        public var ios: UInt64
    }

    /// A part of the recording.
    public struct Selection: Equatable, Sendable {
        /// The expression, as the user wrote it.
        public var condition: String
        /// I/Os of the recording.
        public var ofIOs: UInt64

        public init(condition: String, ofIOs: UInt64) {
            self.condition = condition
            self.ofIOs = ofIOs
        }
    }

    /// I/Os that were aggregated in the kernel: numbers of CPUs and interrupts are unknown.
    public struct SummedUp: Equatable, Sendable {
        public var ios: UInt64
        /// How far a percentile may be off, as a part of it.
        public let percentileError = SummaryBucket.error
    }

    public struct IOCounts: Equatable, Sendable {
        public var total: UInt64 = 0
        public var read: UInt64 = 0
        public var write: UInt64 = 0
        /// As asked for by the issuers.
        public var bytes: UInt64 = 0
        /// Those of writes.
        public var writtenBytes: UInt64 = 0
        /// I/Os of which a trace does not tell how long they are: `bytes` is not that of all.
        public var unknownLengths: UInt64 = 0
        public var errors: UInt64 = 0
        /// I/Os of which a trace has only the later part.
        public var partial: UInt64 = 0
        /// Those that are requests of a trace without events of direct I/O.
        public var requests: UInt64 = 0
        /// In the order of `Issuer.allCases`.
        public var issuers = [UInt64](repeating: 0, count: Issuer.allCases.count)
    }

    /// How much of the data that a complete report needs is there.
    public struct Quality: Equatable, Sendable {
        /// I/Os of which every expected point was seen, in order, and every device that they came to.
        public var completeIOs: UInt64
        /// The same, also of those that were not followed through all devices.
        public private(set) var completeButForLayers: UInt64
        /// Devices that give their I/O to others, which were not seen to get it.
        public private(set) var notFollowed: [NotFollowed] = []
        /// Their part of all I/Os, those that were lost included; `nil` without I/Os.
        public var completeShare: Double?
        /// I/Os that should be here and are not, as far as it was counted; 0 for a selection, of which that is not known.
        public private(set) var lostIOs: UInt64 = 0
        /// I/Os whose completion was not seen: counted, and in no duration.
        public var unfinishedIOs: UInt64
        /// I/Os with times that contradict each other.
        public var disorderedIOs: UInt64
        /// Points that no probe could see: their stages are part of a coarser one, and they are not expected.
        public var blind: [LifePoint]
        /// I/Os that lack a point which was expected of them.
        public var missing: [MissingPoint]
        /// I/Os that were given to no device: they read holes or blocks that were never written, failed before, or were left
        /// to the page cache. They lack nothing.
        public var withoutBioIOs: UInt64

        init(
            completeIOs: UInt64, of ios: UInt64, unfinishedIOs: UInt64, disorderedIOs: UInt64, blind: [LifePoint],
            missing: [MissingPoint], withoutBioIOs: UInt64
        ) {
            self.withoutBioIOs = withoutBioIOs
            self.completeIOs = completeIOs
            completeButForLayers = completeIOs
            completeShare = ios == 0 ? nil : Double(completeIOs) / Double(ios)
            self.unfinishedIOs = unfinishedIOs
            self.disorderedIOs = disorderedIOs
            self.blind = blind
            self.missing = missing
        }

        /// Takes in which I/Os were not followed through all devices.
        mutating func count(notFollowed devices: [NotFollowed], complete: UInt64, of ios: UInt64) {
            guard !devices.isEmpty else { return }
            notFollowed = devices
            completeIOs -= min(complete, completeIOs)
            completeShare = ios == 0 ? nil : Double(completeIOs) / Double(ios)
        }

        /// Takes in I/Os that are not there, besides those that are.
        /// - Parameter thinnedOut: of those that are, so many were left out.
        mutating func count(lost: UInt64, besides ios: UInt64, thinnedOut: UInt64 = 0) {
            guard lost > 0, ios > 0 else { return }
            lostIOs = lost
            let recorded = Double(ios &+ thinnedOut)
            completeShare = Double(completeIOs) / Double(ios) * recorded / (recorded + Double(lost))
        }
    }

    /// What a device gives its I/O to was not seen: what became of that there is one span.
    public struct NotFollowed: Equatable, Sendable {
        public var device: DeviceNumber
        public var ios: UInt64
    }

    public struct MissingPoint: Equatable, Sendable {
        public var point: LifePoint
        public var ios: UInt64
    }

    /// Where the last bio of an I/O ended. Kworkers count as tasks.
    public struct EndContexts: Equatable, Sendable {
        public var hardirq: UInt64
        public var softirq: UInt64
        public var task: UInt64
    }

    public struct ReasonCount: Equatable, Sendable {
        public var reason: DeferralReason
        public var ios: UInt64
    }

    /// Which CPUs the deferred I/Os shared; see `CPUPlacement`.
    public struct CPUSharing: Equatable, Sendable {
        public var deferredIOs: UInt64
        public var submitIRQWorker: UInt64
        public var irqWorker: UInt64
        public var none: UInt64
        /// One of the CPUs was not seen.
        public var unknown: UInt64
        /// I/Os whose kworker took the CPU from the submitter; `nil` when task switches were not seen.
        public var submitterPreempted: UInt64?
    }
}
