// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// What it would be worth to complete inline those I/Os that need no kworker: an estimate from one recording.
///
/// `Documentation/Accuracy.md` says how its bounds were checked. While the CPUs have time left, the number of I/Os in
/// flight stays and each takes less time (Little's law). When the submitter and the kworker compete for one CPU, its time
/// per I/O decides, and inline completion spares the kworker's part of it.
public struct InlineEstimate: Equatable, Sendable {
    /// Nanoseconds less per I/O, over all I/Os: their hand-off and queue wait, but for what the recorder itself took.
    public var latencySaved: Double
    /// IOPS more at this queue depth, as a part of those recorded: the least and the most.
    public var gain: ClosedRange<Double>
    public var limit: Limit

    public enum Limit: String, Sendable {
        /// The latency of an I/O decides how many there are.
        case latency
        /// The CPU does that submitters and kworkers share.
        case cpu
    }

    /// Below this part of the I/Os, what they would gain is lost in what is not known.
    private static let neededShare = 0.5
    /// From this part of the waits on the CPU was never idle.
    private static let contended = 0.9
    /// The part of the measured wait that surely goes. Probes on its way are in it, too; and an I/O that a kworker
    /// completes has its submitter woken while it still runs.
    private static let sureShare = 1.0 / 3

    /// `nil` when the recording does not carry it: too few avoidable deferrals, clocks not seen, works of I/Os that
    /// were not recorded on the same CPUs, or submitters that run elsewhere: there the estimate was wrong.
    init?(_ report: Report) {
        let ios = Double(report.ios.total)
        let avoidable = report.reasons.filter { Self.isAvoidable($0.reason, report.rule) }.reduce(0) { $0 + $1.ios }
        guard let latency = report.latency, let wait = report.queueWait, let costs = Costs(report),
            Double(avoidable) >= Self.neededShare * ios,
            Double(report.cpuSharing.submitIRQWorker) >= Self.neededShare * Double(report.cpuSharing.deferredIOs)
        else { return nil }
        let recorder = wait.heldBy(name: Self.recorderName) / ios
        let handOff = Double(report.stage(.handOff)?.durations.total ?? 0) / ios
        let waited = Double(wait.durations.total) / ios - recorder
        let share = Double(avoidable) / Double(max(1, report.cpuSharing.deferredIOs))
        latencySaved = (waited + handOff) * share
        let mean = latency.mean - recorder
        let contention = wait.contention
        if contention >= Self.contended {
            limit = .cpu
            gain = costs.gain(share: share, handOff: handOff)
        } else {
            limit = .latency
            let most = latencySaved + contention * costs.switching * share
            gain = Self.gain(saving: Self.sureShare * latencySaved, of: mean)...Self.gain(saving: most, of: mean)
        }
    }

    /// Where overwrites are completed inline, a file without cached pages has its writes completed so.
    private static func isAvoidable(_ reason: DeferralReason, _ rule: CompletionRule) -> Bool {
        reason.isAvoidable == true || rule == .flaggedWork && reason == .pageCachePresent
    }

    private static let recorderName = "dioscope"

    /// How much more of something that took `whole` can be done when it takes `saving` less; at most tenfold.
    static func gain(saving: Double, of whole: Double) -> Double {
        whole / max(whole - saving, whole / 10) - 1
    }
}

/// Time of those CPUs on which kworkers completed I/Os, in nanoseconds per I/O.
private struct Costs {
    /// All of it that the I/Os took.
    let busy: Double
    /// Kworkers between works.
    let workerSwitch: Double
    let completion: Double
    /// An upper bound of what it takes to switch to kworkers, to submitters and back: what is seen of it on the
    /// kworker's side, and as much on the other.
    let switching: Double

    init?(_ report: Report) {
        guard let scheduling = report.scheduling, scheduling.workerRuns > 0,
            Double(scheduling.works) <= 1.05 * Double(report.cpuSharing.deferredIOs)
        else { return nil }
        let ios = Double(report.ios.total)
        let cpus = scheduling.cpus.filter { $0.works > 0 }
        func time(_ holder: CPUHolder) -> Double { cpus.reduce(0) { $0 + Double($1[holder]) } / ios }
        workerSwitch = time(.workerSwitch)
        completion = time(.completionWork)
        let held = time(.submitter) + completion + workerSwitch + time(.hardirq) + time(.softirq)
        // Interrupts also come when there is no I/O. A thread has one CPU at a time, and that one is busy.
        let atOnce = Double(min(cpus.count, max(1, report.source.threads.count)))
        busy = min(held, atOnce * (report.span ?? .infinity) / ios)
        let runs = cpus.reduce(0) { $0 + Double($1.workerRuns + $1.submitterRuns) }
        let workerRuns = cpus.reduce(0) { $0 + Double($1.workerRuns) }
        switching = workerSwitch + (workerRuns > 0 ? workerSwitch * runs / workerRuns : 0)
    }

    /// At least the switching that was seen goes, at most all of it and the kworker's work; and the hand-off anyway.
    /// - Parameter handOff: nanoseconds per I/O from `end_io` to `queue_work`, which the CPU spends.
    func gain(share: Double, handOff: Double) -> ClosedRange<Double> {
        let least = InlineEstimate.gain(saving: (workerSwitch + handOff) * share, of: busy)
        return least...max(least, InlineEstimate.gain(saving: (switching + completion + handOff) * share, of: busy))
    }
}

extension Report {
    /// Nanoseconds from the first I/O's begin to the last one's end.
    fileprivate var span: Double? {
        guard let latency, let inFlight = headline.meanInFlight, inFlight > 0 else { return nil }
        return Double(latency.total) / inFlight
    }
}

extension WaitSummary {
    private func total(_ cause: WaitCause) -> Double {
        Double(causes.first { $0.cause == cause }?.total ?? 0)
    }

    /// Nanoseconds in which a task of this name held the CPU.
    func heldBy(name: String) -> Double {
        let tasks = causes.first { $0.cause == .otherTask }?.names ?? []
        return Double(tasks.first { $0.name == name }?.total ?? 0)
    }

    /// 0: whenever a completion was queued the CPU was idle. 1: it always had I/Os to work on.
    var contention: Double {
        let working = total(.submitter) + total(.completionWork)
        let idle = total(.idle)
        return working + idle == 0 ? 0 : working / (working + idle)
    }
}
