// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// What one I/O's life says: where it was completed and why there, and which stage every nanosecond belongs to.
public struct AttributedLife: Equatable, Sendable {
    public let context: CompletionContext
    /// Why it was deferred to a kworker, `nil` when it was not.
    public let reason: DeferralReason?
    /// Who shared the CPU, `nil` when it was not deferred.
    public internal(set) var placement: CPUPlacement?
    public var spans: StageSpans
    /// Nanoseconds from `submitted` to the last time seen: the sum of all stages.
    public internal(set) var latency: UInt64
    /// Nanoseconds from `submitted` to `completed`, `nil` when that was not seen. Comparable between issuers: io_uring's
    /// way through task_work is not in it.
    public internal(set) var completionLatency: UInt64?
    /// Its completion, or what follows it, was seen. If not, `latency` is only what had passed when it was last seen.
    public let isFinished: Bool
    /// A time contradicted the others and was dropped.
    public let isDisordered: Bool
    /// Points that an I/O on this path passes, and of which nothing was seen. A dropped time is not missing.
    public let missing: LifePoints
    /// A file's I/O that was given to no device, if both of a device's points can be seen: it read a hole or blocks that
    /// were never written, or failed before.
    public let hadNoBio: Bool

    public init(_ io: DirectIO, rule: CompletionRule) {
        context = CompletionContext(of: io)
        reason = DeferralReason(of: io, rule: rule)
        placement = CPUPlacement(of: io, deferred: reason != nil)
        missing = Self.missing(in: io, context: context, deferred: reason != nil)
        hadNoBio = io.hadNoBio && !io.isPartial && io.path == nil && !io.facts.contains(.blockDevice)

        guard !io.isTimeless else {
            (spans, latency, completionLatency, isFinished, isDisordered) = (StageSpans(), 0, nil, false, false)
            return
        }
        var walk = LifeWalk(io, context: context)
        walk.run(io)
        spans = walk.spans
        latency = walk.elapsed
        completionLatency = io.isPartial ? nil : walk.completed?.nanoseconds(since: io.submitted)
        // A partial life is all that there is of it; one point alone has no length.
        isFinished = walk.isFinished && !io.isPartial || io.isPartial && walk.elapsed > 0
        isDisordered = walk.isDisordered
    }

    /// Deferred to a kworker, by an event that says so or by where it was completed.
    public var isDeferred: Bool { reason != nil }

    /// Every point of its path was seen but borders, in order, and every nanosecond has a stage.
    /// - Parameter blind: points that no probe could see.
    public func isComplete(blind: LifePoints) -> Bool {
        missing.subtracting(blind).subtracting(.borders).isEmpty && !isDisordered && !spans.hasHoles
    }

    /// A synchronous submitter can wait in `submit_bio_wait()`, past any `end_io` of direct I/O's: small reads of 7.3
    /// do, and block devices wait in a way of their own.
    private static func waitsPastEndIO(_ io: DirectIO) -> Bool {
        io.issuer == .sync && (io.facts.contains(.blockDevice) || io.issued == nil)
    }

    private static func missing(in io: DirectIO, context: CompletionContext, deferred: Bool) -> LifePoints {
        // In a partial life a point is expected only if another one implies it.
        if io.isPartial { return deferred ? Expected.deferred.subtracting(io.times.seen) : [] }
        var expected = Expected.always
        if !waitsPastEndIO(io) { expected.formUnion(Expected.withEndIO) }
        if io.endContext == .hardirq || io.endContext == .softirq { expected.formUnion(Expected.inInterrupt) }
        if deferred { expected.formUnion(Expected.deferred) }
        let outsideTask =
            context == .hardirq || context == .softirq || context == .kworker
            || context == .driverWorker || context == .irqThread || context == .ksoftirqd
        // A polled request, or one completed by the submitter before it returned, takes no second hop.
        if io.issuer == .ioUring, outsideTask, !io.facts.contains(.polled) { expected.formUnion(Expected.secondHop) }
        if io.further.marks.contains(.stacked), !io.facts.contains(.bySubmitter) {
            expected.formUnion(Expected.stacked)
        }
        return expected.subtracting(io.times.seen)
    }

    private enum Expected {
        static let always = LifePoints.expected(.always)
        static let inInterrupt = LifePoints.expected(.inInterrupt)
        static let withEndIO = LifePoints.expected(.withEndIO)
        static let deferred = LifePoints.expected(.deferred)
        static let secondHop = LifePoints.expected(.secondHop)
        static let stacked = LifePoints.expected(.stacked)
    }
}

extension DirectIO {
    /// How long it took, or at least: one point alone of an I/O without its submission tells nothing of that.
    public func knowsLatency(_ life: AttributedLife) -> Bool { !isPartial || life.isFinished }
}
