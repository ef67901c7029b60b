// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Which sentences the figures of a report carry, the most important first.
extension Verdict {
    /// Below this part of the I/Os, kworkers are not worth a sentence.
    private static let kworkerShare = 0.01
    /// Below this part of all latency, a wait is not worth advice.
    private static let waitShare = 0.05
    /// What is true of most.
    private static let majority = 0.5
    /// A cause below this part of its wait does not stand out.
    private static let causeShare = 0.25

    static func sentences(on report: Report) -> [Sentence] {
        let findings =
            quota(report) + throttled(report) + waits(Stage.heldBack, report) + kworker(report)
            + waits(Stage.ofWaiters, report)
            + inline(report) + taskWork(report) + task(report)
        return findings.isEmpty ? [] : findings + consequences(of: report)
    }

    private static func quota(_ report: Report) -> [Sentence] {
        guard let share = report.quotaShare, let stops = report.scheduling?.quotaStops else { return [] }
        return [.quota(count: stops.count, share: share)]
    }

    /// A limit lets most pass and holds few, for long.
    private static let fewest: UInt64 = 10

    private static func throttled(_ report: Report) -> [Sentence] {
        report.layers.compactMap { layer in
            guard layer.part.phase == .throttled, layer.share >= waitShare, layer.ios >= fewest,
                let device = report.source.devices.first(where: { $0.device == layer.part.device })
            else { return nil }
            return .throttled(device: device, mean: Double(layer.total) / Double(layer.ios), share: layer.share)
        }
    }

    private static func share(_ context: CompletionContext, _ report: Report) -> Double {
        Double(report.count(in: context)) / Double(report.ios.total)
    }

    /// What happens, why, what it would be worth to complete inline, and what to try.
    private static func kworker(_ report: Report) -> [Sentence] {
        let share = share(.kworker, report)
        guard share >= kworkerShare else { return [] }
        let waitShare = report.stage(.queueWait)?.share ?? 0
        let cause = report.queueWait.flatMap { mainCause(of: $0, report) }
        let finding = Sentence.kworker(
            share: share, queueWait: report.queueWait?.durations.mean, queueWaitShare: waitShare, cause: cause)
        let advice = waitShare < Self.waitShare ? nil : cause.flatMap { next(after: $0, report) }
        return [
            finding, reason(report), report.inlineEstimate.map { Sentence.inlineEstimate($0) },
            advice.map { Sentence.advice($0) },
        ].compactMap(\.self)
    }

    private static func reason(_ report: Report) -> Sentence? {
        let deferred = report.cpuSharing.deferredIOs
        guard let first = report.reasons.first, first.reason != .unknown, deferred >= neededIOs else { return nil }
        let share = Double(first.ios) / Double(deferred)
        let users = first.reason == .pageCachePresent ? report.source.fileUsers ?? [] : []
        return share >= majority ? .deferral(reason: first.reason, share: share, users: users) : nil
    }

    /// The largest cause, if enough I/Os waited, most of their wait is accounted for, and it stands out.
    private static func mainCause(of wait: WaitSummary, _ report: Report) -> MainCause? {
        let unattributed = wait.causes.first { $0.cause == .unattributed }?.share ?? 0
        guard wait.durations.ios >= neededIOs, unattributed < majority, let cause = wait.largest,
            cause.share >= causeShare
        else { return nil }
        return MainCause(
            cause: cause.cause,
            name: cause.cause == .submitter ? report.source.submitterName : cause.names.first?.name,
            mean: Double(cause.total) / Double(wait.durations.ios), share: cause.share)
    }

    private static func next(after cause: MainCause, _ report: Report) -> Advice? {
        switch cause.cause {
        case .submitter:
            let sharing = report.cpuSharing
            let share = Double(sharing.submitIRQWorker) / Double(max(1, sharing.deferredIOs))
            guard share >= majority else { return nil }
            return interruptsAreBound(report) ? .boundTogether(share: share) : .moveApart(share: share)
        case .otherTask, .poolWork:
            return report.queueWait.flatMap { keepOff(cause.cause, in: $0, report) }
        case .idle: return report.source.isVirtual == true ? .pollWhileIdle : .limitIdleStates
        case .completionWork: return .spreadCompletions
        case .hardirq, .softirq: return .moveInterrupts
        // Nothing but completing inline avoids the switch.
        case .workerSwitch, .unattributed, .quota, .batching, .elsewhere: return nil
        case .workqueueLimit: return .fewerAtOnce
        }
    }

    /// Threads and works that I/Os need on their way: of interrupts, of softirqs, of the layers that they come through.
    /// To keep them off is no advice.
    private static func servesIOs(_ name: String, _ report: Report) -> Bool {
        report.deliverers.contains { $0.name == name } || report.source.submitterName == name
            || ofIOs.contains(where: name.hasPrefix) || report.source.devices.contains { isThread(name, of: $0) }
    }

    /// `md0_raid5`, `bcache_allocator`, `loop0`: named after the device, or what it is.
    private static func isThread(_ name: String, of device: DeviceName) -> Bool {
        [device.name, device.layer].compactMap(\.self).contains { !$0.isEmpty && name.hasPrefix($0) }
    }

    /// Threads and functions of works; `iou-` are io_uring's own.
    private static let ofIOs = [
        "irq/", "ksoftirqd/", "ktimers/", "md", "dmcrypt_write", "kcryptd", "dm_", "dm-", "raid", "loop", "bcache",
        "blk_",
        "bio_", "nvme", "nvmet", "iomap_", "btrfs", "xfs", "xlog", "ext4", "jbd2", "scsi_", "virtio", "nbd", "ublk",
        "iou-",
    ]

    /// Each interrupt that ended I/Os may come to one CPU alone, as far as procfs says.
    private static func interruptsAreBound(_ report: Report) -> Bool {
        // For aggregated I/Os, those that the recorder saw.
        let numbers =
            report.summedUp == nil
            ? report.interrupts.compactMap(\.irq) : report.source.places?.interrupts.map(\.irq) ?? []
        return !numbers.isEmpty
            && numbers.allSatisfy { number in
                let place = report.source.places?.interrupts.first { $0.irq == number }
                return place?.allowed.flatMap { UInt16($0) } != nil
            }
    }

    private static func inline(_ report: Report) -> [Sentence] {
        let interrupts: [CompletionContext] = [.hardirq, .softirq, .irqThread, .ksoftirqd]
        return interrupts.filter { share($0, report) >= majority }.map { context in
            let cost = report.stage(.inlineCompletion)?.durations.mean
            return .inline(context: context, share: share(context, report), cost: cost)
        }
    }

    private static func taskWork(_ report: Report) -> [Sentence] {
        guard let wait = report.taskWorkWait, let share = report.stage(.taskWorkWait)?.share, share >= waitShare
        else { return [] }
        return [.taskWorkWait(mean: wait.durations.mean, share: share, cause: mainCause(of: wait, report))]
    }

    /// Each of these waits that is a good part of the latency, and what to keep off the CPU that is waited for.
    private static func waits(_ stages: [Stage], _ report: Report) -> [Sentence] {
        stages.flatMap { stage -> [Sentence] in
            guard let summary = report.stage(stage), summary.share >= waitShare,
                summary.durations.ios >= neededIOs
            else { return [] }
            let wait = report.wait(stage)
            let cause = wait.flatMap { mainCause(of: $0, report) }
            let finding = Sentence.wait(stage, mean: summary.durations.mean, share: summary.share, cause: cause)
            guard let wait, cause?.cause == .otherTask, let other = keepOff(.otherTask, in: wait, report)
            else { return [finding] }
            return [finding, .advice(other)]
        }
    }

    private static func keepOff(_ cause: WaitCause, in wait: WaitSummary, _ report: Report) -> Advice? {
        guard let first = wait.causes.first(where: { $0.cause == cause })?.names.first, let name = first.name,
            first.share >= causeShare, !servesIOs(name, report)
        else { return nil }
        return .keepOff(name: name, mean: Double(first.total) / Double(wait.durations.ios))
    }

    private static func task(_ report: Report) -> [Sentence] {
        [CompletionContext.taskWork, .poll, .syncWait, .submitRace, .driverWorker].filter {
            share($0, report) >= majority
        }
        .map { .task(context: $0, share: share($0, report), name: $0 == .driverWorker ? deliverer(of: report) : nil) }
    }

    /// The work or thread that completes most of those which no other context does.
    private static func deliverer(of report: Report) -> String? {
        report.deliverers.first { Double($0.ios) >= majority * Double(report.count(in: .driverWorker)) }?.name
    }
}

extension Stage {
    /// Waits that are over before the device has the I/O.
    fileprivate static let heldBack = [Stage(.asleep), Stage(.throttle), Stage(.heldBack), Stage(.ioWQWait)]
    /// Waits of who completes it, but a kworker and the issuer's task_work.
    fileprivate static let ofWaiters = [Stage.delivery, .submitterWakeup]
}
