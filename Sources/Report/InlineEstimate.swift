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
    /// Nanoseconds less per I/O, over all I/Os: their hand-off and queue wait, but for what the recorder itself took.
    public var latencySaved: Double
    /// What goes, I/O by I/O, of those that were deferred, the recorder's part included: nanoseconds from `end_io` to the
    /// kworker's start. `nil` when no single I/O is known.
    public var waits: DurationStatistics?
    /// Nanoseconds of CPU time less per I/O, at least: the hand-off, and kworkers between work items. `nil` when nobody
    /// counted, and when kworkers also completed I/Os that were not recorded.
    public var cpuSaved: Double?
    public var loop: SubmissionLoop
    public var iops: IOPS

    public enum IOPS: Equatable, Sendable {
        /// More at this queue depth, as a part of those recorded: the least and the most.
        case gain(ClosedRange<Double>, Limit)
        /// More, but this recording does not show how many: the interval would be this wide; `nil` where unrelated tasks
        /// had the CPU for a part of the waits, since it is unknown whether the submitter would get that time.
        case more(width: Double?, Limit)
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
    private static let neededShare = 0.5
    /// From this part of the waits on the CPU was never idle.
    private static let contended = 0.9
    /// From this part of the waits on others have the CPU too much for an interval.
    static let mostOthers = 0.05
    /// From this part of the latency on that I/Os wait for the device to take them, its limit is theirs.
    private static let mostHeldBack = 0.2
    /// With more than that many in the device at once, it may be busy all the time, and would take no more.
    private static let mostInDevice = 1.5
    /// In older captures it has the name of any dioscope.
    private static let recorderNames = [CPUOccupancy.recorderName, "dioscope"]
    /// The part of the measured wait that surely goes. Probes on its way are in it, too; and an I/O that a kworker
    /// completes has its submitter woken while it still runs.
    private static let sureShare = 1.0 / 3
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
        latencySaved = (waited + handOff) * share
        self.waits = waits
        let costs = Costs(report)
        let pressure = costs?.pressure(wait, recorder: recorder * ios)
        loop = pressure.map(finding.loop) ?? (finding.loop == .paced ? .unknown : finding.loop)
        cpuSaved = costs.map { ($0.workerSwitch + handOff) * share }
        let sharing = report.cpuSharing
        guard report.quotaShare == nil else {
            iops = .notPromised(.quota)
            return
        }
        guard loop == .closed else {
            iops = .notPromised(loop == .paced ? .paced : .loopUnknown)
            return
        }
        guard Double(sharing.submitIRQWorker) >= Self.neededShare * Double(sharing.deferredIOs) else {
            iops = .notPromised(.submitterApart)
            return
        }
        guard let costs, let pressure else {
            iops = .notPromised(.cpuTimeUnknown)
            return
        }
        guard !pressure.hasCPULeft || report.heldBackShare < Self.mostHeldBack else {
            iops = .notPromised(.deviceLimits)
            return
        }
        let limit: Limit = wait.contention >= Self.contended ? .cpu : .latency
        guard pressure.others < Self.mostOthers else {
            iops = .more(width: nil, limit)
            return
        }
        if limit == .cpu {
            iops = Self.bounded(costs.gain(share: share, handOff: handOff), .cpu)
        } else {
            // Each of the I/Os in flight is followed by what its submitter does until the next one has its place.
            let mean = (latency.mean - recorder) * (1 + (finding.places?.emptiness ?? 0))
            let most = latencySaved + wait.contention * costs.switching * share
            let sure = report.inDevice > Self.mostInDevice ? 0 : Self.sureShare * latencySaved
            let least = Self.gain(saving: sure, of: mean)
            iops = Self.bounded(least...max(least, Self.gain(saving: most, of: mean)), .latency)
        }
    }

    private static func bounded(_ gain: ClosedRange<Double>, _ limit: Limit) -> IOPS {
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
            others: max(0, wait.total(.otherTask) - recorder) / max(1, Double(wait.durations.total)))
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
