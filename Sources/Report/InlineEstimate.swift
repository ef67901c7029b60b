// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// What it would be worth to complete inline those I/Os that need no kworker: an estimate from one recording.
///
/// `Documentation/Accuracy.md` says how its bounds were checked. While the CPUs have time left, the number of I/Os in
/// flight stays and each takes less time (Little's law). When the submitter and the kworker compete for one CPU, its time
/// per I/O decides, and inline completion spares the kworker's part of it. Both are true of a closed loop alone: whoever
/// submits at a pace of their own goes on at that pace.
public struct InlineEstimate: Equatable, Sendable {
    /// Nanoseconds less per I/O, over all I/Os: their hand-off and queue wait, but for what the recorder itself took, and for
    /// what they would wait in the interrupt for those before them.
    public var latencySaved: Double
    /// What goes, I/O by I/O, of those that were deferred, the recorder's part included: nanoseconds from `end_io` to the
    /// kworker's start. `nil` when no single I/O is known.
    public var waits: DurationStatistics?
    /// Nanoseconds of CPU time less per I/O, at least: the hand-off, and kworkers between work items. `nil` when nobody
    /// counted, and when kworkers also completed I/Os that were not recorded.
    public var cpuSaved: Double?
    public var loop: SubmissionLoop
    public var iops: IOPS
    /// What `iops` would be of a closed loop, where it is unknown whether it is one; `nil` where that would not say more.
    public var ifClosed: IOPS?

    public enum IOPS: Equatable, Sendable {
        /// More at this queue depth, as a part of those recorded: the least and the most.
        case gain(ClosedRange<Double>, Limit)
        /// More, but this recording does not show how many: the interval would be this wide.
        case more(width: Double, Limit)
        /// As many or more: unrelated tasks had the CPU for a part of the waits, and the submitter may wait for them
        /// instead.
        case noFewer(Limit)
        case notPromised(Reason)
    }

    public enum Limit: String, Sendable {
        /// The latency of an I/O decides how many there are.
        case latency
        /// The CPU does that submitters and kworkers share.
        case cpu
    }

    /// Why nothing is said of IOPS.
    public enum Reason: String, Sendable {
        /// Submissions do not follow completions.
        case paced
        /// The recording does not show whether they do.
        case loopUnknown = "loop_unknown"
        /// Most submitters run on another CPU than the kworkers: there inline completion also cost IOPS in the lab.
        case submitterApart = "submitter_apart"
        /// The CPUs' clocks are missing, or kworkers completed I/Os that were not recorded.
        case cpuTimeUnknown = "cpu_time_unknown"
        /// The cgroup of the submitters uses up its CPU quota.
        case quota
        /// I/Os wait before the device takes them, and the CPUs have time left: it decides how many there are.
        case deviceLimits = "device_limits"
    }

    /// Below this part of the I/Os, what they would gain is lost in what is not known.
    fileprivate static let neededShare = 0.5
    /// From this part of the waits on the CPU was never idle.
    fileprivate static let contended = 0.9
    /// From this part of the waits on others have the CPU too much for an interval.
    static let mostOthers = 0.05
    /// From this part of the latency on that I/Os wait for the device to take them, its limit is theirs.
    fileprivate static let mostHeldBack = 0.2
    /// With more than that many in the device at once, it may be busy all the time, and would take no more.
    fileprivate static let mostInDevice = 1.5
    /// In older captures it has the name of any dioscope.
    private static let recorderNames = [CPUOccupancy.recorderName, "dioscope"]
    /// The part of the measured wait that surely goes. Probes on its way are in it, too; and an I/O that a kworker
    /// completes has its submitter woken while it still runs.
    fileprivate static let sureShare = 1.0 / 3
    /// An interval of IOPS that is wider says the direction alone.
    private static func widest(_ limit: Limit) -> Double { limit == .cpu ? 0.2 : 0.05 }

    /// `nil` when there is too little that could be completed inline.
    /// - Parameters:
    ///   - finding: of all I/Os.
    ///   - waits: of those that were deferred, from `end_io` to the kworker's start.
    init?(_ report: Report, loop finding: LoopAccumulator.Finding, waits: DurationStatistics?) {
        let ios = Double(report.ios.total)
        let avoidable = report.reasons.filter { Self.isAvoidable($0.reason, report.rule) }.reduce(0) { $0 + $1.ios }
        guard let latency = report.latency, let wait = report.queueWait, Double(avoidable) >= Self.neededShare * ios
        else { return nil }
        let recorder = Self.recorderNames.reduce(0) { $0 + wait.occupiedBy(name: $1) } / ios
        let handOff = Double(report.stage(.handOff)?.durations.total ?? 0) / ios
        let waited = Double(wait.durations.total) / ios - recorder
        let share = Double(avoidable) / Double(max(1, report.cpuSharing.deferredIOs))
        let goes = (waited + handOff) * share
        latencySaved = max(0, goes - report.behindOthersInline(wait) * share)
        self.waits = waits
        let costs = Costs(report)
        let pressure = costs?.pressure(wait, recorder: recorder * ios)
        loop = pressure.map(finding.loop) ?? (finding.loop == .paced ? .unknown : finding.loop)
        cpuSaved = costs.map { ($0.workerSwitch + handOff) * share }
        guard report.quotaShare == nil else {
            iops = .notPromised(.quota)
            return
        }
        guard loop != .paced else {
            iops = .notPromised(.paced)
            return
        }
        let closed = ClosedLoop(
            report: report, wait: wait, costs: costs, pressure: pressure, share: share, handOff: handOff,
            latency: (latency.mean - recorder) * (1 + (finding.places?.emptiness ?? 0)), saved: latencySaved,
            savedAtMost: goes
        ).iops
        switch (loop, closed) {
        case (.closed, _), (_, .notPromised(.deviceLimits)): iops = closed
        case (_, .notPromised): iops = .notPromised(.loopUnknown)
        default: (iops, ifClosed) = (.notPromised(.loopUnknown), closed)
        }
    }

    fileprivate static func bounded(_ gain: ClosedRange<Double>, _ limit: Limit) -> IOPS {
        let width = gain.upperBound - gain.lowerBound
        return width > widest(limit) ? .more(width: width, limit) : .gain(gain, limit)
    }

    /// Where overwrites are completed inline, a file without cached pages has its writes completed so.
    private static func isAvoidable(_ reason: DeferralReason, _ rule: CompletionRule) -> Bool {
        reason.isAvoidable == true || rule == .flaggedWork && reason == .pageCachePresent
    }

    /// How much more of something that took `whole` can be done when it takes `saving` less; at most tenfold.
    static func gain(saving: Double, of whole: Double) -> Double {
        whole / max(whole - saving, whole / 10) - 1
    }
}

/// What a load gains whose submissions follow completions.
private struct ClosedLoop {
    let report: Report
    /// The queue waits.
    let wait: WaitSummary
    let costs: Costs?
    let pressure: CPUPressure?
    /// Of the deferred I/Os, those that need not be.
    let share: Double
    /// Nanoseconds per I/O from `end_io` to `queue_work`.
    let handOff: Double
    /// Mean nanoseconds from one submission in a queue slot to the next: each of the I/Os in flight is followed by what
    /// its submitter does until the next one has its place.
    let latency: Double
    /// Nanoseconds per I/O that go.
    let saved: Double
    /// The same, where no completion has to wait for another one in the interrupt.
    let savedAtMost: Double

    var iops: InlineEstimate.IOPS {
        let sharing = report.cpuSharing
        guard Double(sharing.submitIRQWorker) >= InlineEstimate.neededShare * Double(sharing.deferredIOs) else {
            return .notPromised(.submitterApart)
        }
        guard let costs, let pressure else { return .notPromised(.cpuTimeUnknown) }
        guard !pressure.hasCPULeft || report.heldBackShare < InlineEstimate.mostHeldBack else {
            return .notPromised(.deviceLimits)
        }
        let limit: InlineEstimate.Limit = wait.contention >= InlineEstimate.contended ? .cpu : .latency
        guard pressure.others < InlineEstimate.mostOthers else { return .noFewer(limit) }
        let gain = limit == .cpu ? costs.gain(share: share, handOff: handOff) : shorter(costs)
        return InlineEstimate.bounded(gain, limit)
    }

    private func shorter(_ costs: Costs) -> ClosedRange<Double> {
        let most = savedAtMost + wait.contention * costs.switching * share
        let sure = report.inDevice > InlineEstimate.mostInDevice ? 0 : InlineEstimate.sureShare * saved
        let least = InlineEstimate.gain(saving: sure, of: latency)
        return least...max(least, InlineEstimate.gain(saving: most, of: latency))
    }
}

/// Time of those CPUs on which kworkers completed I/Os, in nanoseconds per I/O.
private struct Costs {
    /// All of it that the I/Os took.
    let busy: Double
    /// All but their idle time, whoever it was.
    let worked: Double
    /// The same of all CPUs.
    let workedAnywhere: Double
    /// The part of their time in which they worked on the I/Os.
    let utilization: Double
    /// The most of any CPU.
    let mostUtilization: Double
    /// Kworkers between work items.
    let workerSwitch: Double
    let completion: Double
    /// An upper bound of what it takes to switch to kworkers, to submitters and back: what is seen of it on the
    /// kworker's side, and as much on the other.
    let switching: Double

    init?(_ report: Report) {
        guard let scheduling = report.scheduling, scheduling.workerRuns > 0, report.hasKworkersAlone
        else { return nil }
        let ios = Double(report.ios.total)
        let cpus = scheduling.cpus.filter { $0.works > 0 }
        func time(_ occupant: CPUOccupant) -> Double { cpus.reduce(0) { $0 + Double($1[occupant]) } / ios }
        func work(_ cpus: [CPUUse]) -> Double {
            cpus.reduce(0) { sum, cpu in
                sum + CPUOccupant.allCases.reduce(0) { $1 == .idle ? $0 : $0 + Double(cpu[$1]) }
            } / ios
        }
        worked = work(cpus)
        workedAnywhere = work(scheduling.cpus)
        workerSwitch = time(.workerSwitch)
        completion = time(.completionWork)
        let occupied = time(.submitter) + completion + workerSwitch + time(.hardirq) + time(.softirq)
        // Interrupts also come when there is no I/O. A thread has one CPU at a time, and that one is busy.
        let threads = report.source.threads
        let atOnce = Double(min(cpus.count, max(1, Set(threads.keys.map(threads.submitter(behind:))).count)))
        let span = report.span ?? .infinity
        busy = min(occupied, atOnce * span / ios)
        utilization = occupied * ios / (atOnce * span)
        mostUtilization = scheduling.cpus.map { Self.onIOs($0) / span }.max() ?? 0
        let runs = cpus.reduce(0) { $0 + Double($1.workerRuns + $1.submitterRuns) }
        let workerRuns = cpus.reduce(0) { $0 + Double($1.workerRuns) }
        switching = workerSwitch + (workerRuns > 0 ? workerSwitch * runs / workerRuns : 0)
    }

    private static func onIOs(_ cpu: CPUUse) -> Double {
        [CPUOccupant.submitter, .completionWork, .workerSwitch, .hardirq, .softirq].reduce(0) { $0 + Double(cpu[$1]) }
    }

    /// - Parameters:
    ///   - wait: the queue waits.
    ///   - recorder: nanoseconds of them in which dioscope itself had the CPU.
    func pressure(_ wait: WaitSummary, recorder: Double) -> CPUPressure {
        CPUPressure(
            worked: worked, workedAnywhere: workedAnywhere, utilization: utilization, mostUtilization: mostUtilization,
            contention: wait.contention,
            others: (max(0, wait.total(.otherTask) - recorder) + wait.total(.poolWork))
                / max(1, Double(wait.durations.total)))
    }

    /// At least the switching that was seen goes, at most all of it and the kworker's work; and the hand-off anyway.
    /// - Parameter handOff: nanoseconds per I/O from `end_io` to `queue_work`, which the CPU spends.
    func gain(share: Double, handOff: Double) -> ClosedRange<Double> {
        let least = InlineEstimate.gain(saving: (workerSwitch + handOff) * share, of: busy)
        return least...max(least, InlineEstimate.gain(saving: (switching + completion + handOff) * share, of: busy))
    }
}

extension Report {
    /// The part of the recording in which submitters stood still for the CPU quota of their cgroup; `nil` when that is
    /// too little to limit them.
    var quotaShare: Double? {
        guard let stops = scheduling?.quotaStops, let duration = source.duration, duration > 0 else { return nil }
        let share = Double(stops.time) / Double(duration)
        return share >= 0.01 ? share : nil
    }

    /// The part of all latency in which I/Os had left their submitter and the device had not taken them.
    fileprivate var heldBackShare: Double {
        let between = stages.filter {
            $0.stage > .submit && $0.stage < .device && !$0.stage.covers(.submit) && !$0.stage.covers(.device)
        }
        return between.reduce(0) { $0 + $1.share }
    }

    /// What completing inline makes an I/O wait for: the completions of those before it in the same run of the interrupt's
    /// handler. At most what it waits for completions now, which is also taken where the handler's runs are not known.
    ///
    /// - Parameter wait: of all I/Os.
    /// - Returns: nanoseconds per I/O.
    fileprivate func behindOthersInline(_ wait: WaitSummary) -> Double {
        let ios = Double(max(1, ios.total))
        let now = wait.total(.completionWork) / ios
        let known = interrupts.filter { $0.iosPerInterrupt != nil }
        let runs = known.reduce(0) { $0 + Double($1.interrupts ?? 0) }
        guard runs > 0, let work = stage(.completionWork)?.durations, work.ios > 0 else { return now }
        let before = (known.reduce(0) { $0 + Double($1.ios) } / runs - 1) / 2
        return min(now, max(0, before) * work.mean)
    }

    /// How many of the I/Os the device had at once, on average.
    fileprivate var inDevice: Double {
        (stage(.device)?.share ?? 0) * (headline.meanInFlight ?? 0)
    }

    /// Nanoseconds from the first I/O's begin to the last one's end.
    fileprivate var span: Double? {
        guard let latency, let inFlight = headline.meanInFlight, inFlight > 0 else { return nil }
        return Double(latency.total) / inFlight
    }
}

extension WaitSummary {
    fileprivate func total(_ cause: WaitCause) -> Double {
        Double(causes.first { $0.cause == cause }?.total ?? 0)
    }

    /// Nanoseconds in which a task of this name occupied the CPU.
    func occupiedBy(name: String) -> Double {
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
