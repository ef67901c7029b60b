// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Where I/Os ended and completed, why, and beside whom.
struct CompletionAccumulator: ~Copyable, Sendable {
    private var contexts = CountTable(CompletionContext.count)
    private var reasons = CountTable(DeferralReason.count)
    private var placements = CountTable(CPUPlacement.count)
    private var ends = Report.EndContexts(hardirq: 0, softirq: 0, task: 0)
    private var endsSeen: UInt64 = 0
    private var preempted: UInt64 = 0

    @inline(__always)
    mutating func add(_ io: DirectIO, _ life: AttributedLife) {
        contexts[life.context.index] &+= 1
        switch io.endContext {
        case .hardirq: ends.hardirq += 1
        case .softirq, .ksoftirqd: ends.softirq += 1
        case .task, .kworker, .irqThread, .ioWQ, .idle: ends.task += 1
        case nil: break
        }
        if io.endContext != nil { endsSeen += 1 }
        guard let reason = life.reason else { return }
        reasons[reason.index] &+= 1
        if let placement = life.placement { placements[Int(placement.rawValue)] &+= 1 }
        if io.facts.contains(.preemptedSubmitter) { preempted += 1 }
    }

    /// Adds I/Os that were aggregated in the kernel.
    mutating func add(_ whole: AttributedSummary) {
        let (life, ios) = (whole.life, whole.summary.ios)
        contexts[life.context.index] &+= ios
        switch whole.summary.example.endContext {
        case .hardirq: ends.hardirq += ios
        case .softirq, .ksoftirqd: ends.softirq += ios
        case .task, .kworker, .irqThread, .ioWQ, .idle: ends.task += ios
        case nil: break
        }
        if whole.summary.example.endContext != nil { endsSeen += ios }
        guard let reason = life.reason else { return }
        reasons[reason.index] &+= ios
        if let placement = life.placement { placements[Int(placement.rawValue)] &+= ios }
        preempted += whole.summary.preempted
    }

    mutating func add(_ other: borrowing CompletionAccumulator) {
        contexts.add(other.contexts)
        reasons.add(other.reasons)
        placements.add(other.placements)
        ends.hardirq += other.ends.hardirq
        ends.softirq += other.ends.softirq
        ends.task += other.ends.task
        endsSeen += other.endsSeen
        preempted += other.preempted
    }

    /// I/Os by `CompletionContext.index`.
    var contextCounts: [UInt64] { (0..<contexts.count).map { contexts[$0] } }

    var endContexts: Report.EndContexts? { endsSeen == 0 ? nil : ends }

    var reasonCounts: [Report.ReasonCount] {
        DeferralReason.allCases
            .map { Report.ReasonCount(reason: $0, ios: reasons[$0.index]) }
            .filter { $0.ios > 0 }
            .sorted { ($1.ios, $0.reason.index) < ($0.ios, $1.reason.index) }
    }

    func cpuSharing(switchesSeen: Bool) -> Report.CPUSharing {
        func count(_ placement: CPUPlacement) -> UInt64 { placements[Int(placement.rawValue)] }
        return Report.CPUSharing(
            deferredIOs: reasons.sum(0..<reasons.count), submitIRQWorker: count(.submitIRQWorker),
            irqWorker: count(.irqWorker), none: count(.none), unknown: count(.unknown),
            submitterPreempted: switchesSeen ? preempted : nil)
    }
}
