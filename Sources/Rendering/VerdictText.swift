// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Report

/// The verdict's sentences in words. Names in them are untrusted: escape before a terminal.
enum VerdictText {
    /// Stable name in JSON.
    static func kind(of sentence: Verdict.Sentence) -> String {
        switch sentence {
        case .kworker: "kworker-completions"
        case .deferral: "deferral-reason"
        case .inlineEstimate: "inline-estimate"
        case .advice: "advice"
        case .inline: "inline-completions"
        case .task: "task-completions"
        case .shares: "latency-shares"
        case .waitsThough: "waits-for-asynchronous"
        case .taskWorkWait: "task-work-wait"
        case .lost: "lost-ios"
        case .notFollowed: "not-followed"
        case .quota: "cpu-quota"
        case .throttled: "device-throttled"
        case .wait(let stage, _, _, _): stage.name.replacing("_", with: "-")
        }
    }

    static func text(of sentence: Verdict.Sentence) -> String {
        switch sentence {
        case .kworker(let share, let queueWait, let queueWaitShare, let cause):
            let deferred = "\(Quantity.percent(share)) of I/Os are completed in a kworker"
            guard let queueWait else { return deferred }
            return deferred
                + ", for which they wait \(Quantity.duration(queueWait)) on average"
                + " (\(Quantity.percent(queueWaitShare)) of all latency)" + part(cause)
        case .deferral(let reason, let share, let users):
            return "\(Quantity.percent(share)) of the deferred I/Os have the reason \(reason.rawValue): "
                + remedy(for: reason) + text(of: users)
        case .inlineEstimate(let estimate): return text(of: estimate)
        case .advice(let advice): return text(of: advice)
        case .inline(let context, let share, let cost):
            let server = context == .hardirq || context == .softirq ? "in the \(context.rawValue)" : place(context)
            let inline = "\(Quantity.percent(share)) of I/Os are completed inline \(server)"
            guard let cost else { return inline }
            return inline + "; an inline completion takes \(Quantity.duration(cost)) on average"
        case .task(let context, let share, let name):
            return "\(Quantity.percent(share)) of I/Os are completed \(place(context))" + (name.map { ", \($0)" } ?? "")
        case .shares(let shares): return text(of: shares)
        case .waitsThough(let issuer, let share, let isWriting):
            return "\(issuer.rawValue) submits, yet waits for \(Quantity.percent(share)) of its I/Os before it goes on:"
                + " more in flight makes them no faster. "
                + (isWriting
                    ? "The kernel does that to writes that extend their file or are not aligned to its blocks:"
                        + " preallocate it, and write it once before"
                    : "The kernel does that to I/Os that cannot be asynchronous there")
        case .taskWorkWait(let mean, let share, let cause):
            return "The issuer's task_work runs \(Quantity.duration(mean)) after the completion on average"
                + " (\(Quantity.percent(share)) of all latency)" + part(cause)
        case .wait(let stage, let mean, let share, let cause):
            let time = "\(Quantity.duration(mean)) on average (\(Quantity.percent(share)) of all latency)"
            return wait(in: stage, time) + part(cause)
        case .throttled(let device, let mean, let share):
            return "A limit of the cgroup (io.max) on \(LayerText.name(of: device)) holds I/Os back for"
                + " \(Quantity.duration(mean)) on average (\(Quantity.percent(share)) of all latency)"
        case .quota(let count, let share):
            return "The submitters' cgroup uses up its CPU quota: it stopped them \(Quantity.count(count)) times, for"
                + " \(Quantity.percent(share)) of the time, and that limits their I/Os; see its cpu.max"
        case .lost(let share, let meanAtMost):
            let lost =
                "\(Quantity.percent(share)) of the I/Os are lost, in bursts: waits are probably longer than shown"
            guard let meanAtMost else { return lost }
            return lost + ", the mean latency is \(Quantity.duration(meanAtMost)) at most"
        case .notFollowed(let device, let share):
            return "\(Quantity.percent(share)) of I/Os are not followed through \(LayerText.name(of: device)):"
                + " nothing is concluded of the time there"
        }
    }

    /// Below this part there is nothing to gain by completing differently.
    private static let worthwhile = 0.1
    /// Below this part, queues are not worth a word.
    private static let visible = 0.01

    private static func text(of shares: LatencyShares) -> String {
        let submission = "submission \(Quantity.wholePercent(shares.submission))"
        guard shares.unseparated < worthwhile else {
            let device = shares.device < visible ? "" : ", the device \(Quantity.wholePercent(shares.device))"
            let others = shares.device < visible ? "" : " of the other I/Os"
            return
                "Of the latency \(submission)\(device); the device and the completion\(others),"
                + " \(Quantity.wholePercent(shares.unseparated)) together, cannot be separated: the end of the device's part was"
                + " not seen, or there was none"
        }
        let queues = shares.queues < visible ? "" : "waiting before it \(Quantity.wholePercent(shares.queues)), "
        let layers = shares.layers < visible ? "" : "the layers above it \(Quantity.wholePercent(shares.layers)), "
        let device =
            shares.undivided < visible
            ? "\(below(shares)), \(layers)\(queues)\(submission)"
            : "Submission and device together take "
                + Quantity.wholePercent(
                    shares.submission + shares.queues + shares.undivided + shares.notFollowed + shares.layers
                        + shares.device)
                + " of the latency, as where the device began was not seen"
        let parts = device + ", the completion \(Quantity.wholePercent(shares.completion))"
        if shares.completion < worthwhile { return parts + ": completing differently gains nothing here" }
        let largest = shares.largest.map {
            ", most of it '\($0.label)' (\(Quantity.wholePercent(shares.largestShare)))"
        }
        return parts + (largest ?? "")
    }

    /// What is below the layers that are followed.
    private static func below(_ shares: LatencyShares) -> String {
        let device = "The device takes \(Quantity.wholePercent(shares.device)) of the latency"
        guard shares.notFollowed >= visible else { return device }
        let unknown = Quantity.wholePercent(shares.notFollowed)
        return shares.device < visible
            ? "What is not followed takes \(unknown) of the latency" : device + ", what is not followed \(unknown)"
    }

    /// Who waits for what.
    private static func wait(in stage: Stage, _ time: String) -> String {
        switch stage.first {
        case .asleep:
            "Submitters sleep \(time) in their submission before the block layer has a bio: until a block of the extent"
                + " tree is read, for the journal, or for cached pages"
        case .throttle:
            "I/Os have no request yet for \(time): a limit of the cgroup (io.max, io.latency, io.cost) or too few tags"
                + " (nr_requests) hold them back"
        case .heldBack:
            "I/Os are held back or queued for \(time) before the driver has them; their queue keeps no times"
        case .ioWQWait: "I/Os wait \(time) for a worker of io-wq to take them up"
        case .delivery: "What is to run end_io waits \(time) for its CPU"
        default: "A submitter that slept until end_io waits \(time) for its CPU"
        }
    }

    private static func part(_ cause: Verdict.MainCause?) -> String {
        guard let cause else { return "" }
        return ", of which \(Quantity.duration(cause.mean)) \(wait(for: cause))"
    }

    private static func wait(for cause: Verdict.MainCause) -> String {
        let most = cause.name.map { ", mostly \($0)" } ?? ""
        return switch cause.cause {
        case .submitter: "was spent with \(cause.name ?? "the submitters") on the CPU"
        case .completionWork: "was spent behind earlier completions"
        case .poolWork: "was spent behind other work items of the same pool\(most)"
        case .otherTask: "was spent with other tasks on the CPU\(most)"
        case .hardirq: "went to hard interrupts"
        case .softirq: "went to softirqs"
        case .idle: "was the CPU waking up"
        case .workerSwitch: "was the switch to the kworker"
        case .quota: "went by with its cgroup out of CPU quota"
        case .batching: "went by until as many were complete as it had asked to be woken for"
        case .elsewhere: "went by with the submitter asleep for something else"
        case .workqueueLimit: "went by with the workqueue at its max_active"
        case .unattributed: "is unattributed"
        }
    }

    private static func remedy(for reason: DeferralReason) -> String {
        switch reason {
        case .iomapAlwaysDefersWrites, .issuerNoCallerComp:
            "avoidable, kernels from 6.19 on complete overwrites inline"
        case .pageCachePresent: "drop the file's cached pages, and do not mix buffered and direct I/O"
        case .unwrittenConversion: "write the file once before; preallocated alone, its extents are unwritten"
        case .extendsSize: "preallocate the file to its size and write it once before"
        case .syncFlush: "a cache flush follows each write; O_DSYNC on a device with FUA needs none"
        case .copyOnWrite: "shared extents are copied; a file without reflinks and snapshots has none"
        case .error: "fix the errors first"
        case .newBlockMetadata: "blocks are newly allocated; write the file once before"
        case .backingFile: "the file above it is completed in a kworker on every kernel"
        case .unknown: "the reason was not seen"
        }
    }

    private static let mostUsers = 3

    private static func text(of users: [FileUser]) -> String {
        guard !users.isEmpty else { return "" }
        let shown = users.prefix(mostUsers).map { user in
            "\(user.isMapped ? "mapped in" : "open without O_DIRECT in") \(user.name) (\(user.process))"
        }
        let rest = users.count > mostUsers ? " and \(users.count - mostUsers) more" : ""
        return "; when the recording ended it was \(shown.joined(separator: ", "))\(rest)"
    }

    private static func text(of estimate: InlineEstimate) -> String {
        var saved = "Completing inline would save \(Quantity.duration(estimate.latencySaved)) per I/O"
        if let waits = estimate.waits {
            saved +=
                " (the deferred waited p50 \(Quantity.duration(Double(waits.p50))),"
                + " p99 \(Quantity.duration(Double(waits.p99))))"
        }
        if let cpu = estimate.cpuSaved { saved += " and at least \(Quantity.duration(cpu)) of CPU time" }
        return saved + ": " + (estimate.ifClosed.map(text(ifClosed:)) ?? text(of: estimate.iops)) + measuring
    }

    static func text(ifClosed iops: InlineEstimate.IOPS) -> String {
        switch iops {
        case .noFewer:
            "as many IOPS or more, for it is not known here whether submissions follow completions, and other tasks had"
                + " that CPU, too"
        case .gain:
            text(of: iops) + otherwise
        case .more, .notPromised:
            "more IOPS" + otherwise
        }
    }

    private static let otherwise = " if submissions follow completions, which is not known here; else as many"

    /// An estimate is no measurement.
    private static let measuring = "; to measure it: dioscope whatif -- fio JOB (on 6.19 or later)"

    static func text(of iops: InlineEstimate.IOPS) -> String {
        switch iops {
        case .gain(let gain, let limit):
            "an estimated +\(Quantity.percent(gain.lowerBound)) to +\(Quantity.percent(gain.upperBound)) IOPS at this"
                + " queue depth, as \(what(limit)) limits it"
        case .noFewer:
            "as many IOPS at this queue depth or more, for other tasks had that CPU, too, and the submitter may wait for"
                + " them instead"
        case .more(let width, let limit):
            "more IOPS at this queue depth, as \(what(limit)) limits it; how many more, a recording shows only within"
                + " \(Quantity.count(UInt64((width * 100).rounded()))) points"
        case .notPromised(.paced):
            "no promise of IOPS, for submissions do not follow completions: they come at a pace of their own"
        case .notPromised(.loopUnknown):
            "no promise of IOPS, for it is not known whether submissions follow completions"
        case .notPromised(.quota):
            "no promise of IOPS, for the CPU quota of the submitters' cgroup limits them"
        case .notPromised(.deviceLimits):
            "no promise of IOPS, for I/Os wait until the device takes them: its limit decides how many there are"
        case .notPromised(.submitterApart):
            "no promise of IOPS, for the submitter runs on another CPU, where inline completion may also cost some"
        case .notPromised(.cpuTimeUnknown):
            "no promise of IOPS, for what the CPUs did for these I/Os alone is not known"
        }
    }

    private static func what(_ limit: InlineEstimate.Limit) -> String {
        switch limit {
        case .latency: "latency"
        case .cpu: "the shared CPU"
        }
    }

    private static func text(of advice: Verdict.Advice) -> String {
        switch advice {
        case .moveApart(let share):
            "Submitter, interrupt and kworker share one CPU for \(Quantity.percent(share)) of them: "
                + "try the interrupt or the thread on another CPU"
        case .boundTogether(let share):
            "Submitter, interrupt and kworker share one CPU for \(Quantity.percent(share)) of them, and that interrupt "
                + "comes to no other: where each CPU has a queue it follows the thread, and only completing inline helps"
        case .keepOff(let name, let mean):
            "\(name) has the CPU for \(Quantity.duration(mean)) of each wait: try to keep it off that CPU"
        case .fewerAtOnce:
            "That is no wait for a CPU: the workqueue runs as many completions at once as it may; try fewer I/Os in flight"
                + " on this file system, or completions that do not sleep"
        case .limitIdleStates: "Try without deep idle states on that CPU"
        case .pollWhileIdle:
            "The CPU is a virtual one, which the host has to wake: try the guest's haltpoll or idle=poll, or the host's"
                + " halt_poll_ns"
        case .spreadCompletions: "Completions queue behind each other: try to spread the I/O over more CPUs"
        case .moveInterrupts:
            "Interrupts take that CPU's time: see /proc/interrupts and /proc/softirqs, and try to move those of other devices"
        }
    }

    private static func place(_ context: CompletionContext) -> String {
        switch context {
        case .taskWork: "by their issuer in task_work"
        case .poll: "by polling"
        case .syncWait: "by the submitter itself, synchronously"
        case .submitRace: "by the submitter, before it had left the submission"
        case .irqThread: "in the interrupt's thread"
        case .ksoftirqd: "in a softirq that a task serves"
        case .driverWorker: "in a driver's or layer's own work or thread"
        case .hardirq, .softirq, .kworker, .unknown: "in \(context.rawValue)"
        }
    }

    static func text(of refusal: Verdict.Refusal) -> String {
        switch refusal {
        case .noIOs: "no I/O was recorded"
        case .blind(let unseen):
            "this kernel lets no probe see \(unseen.joined(separator: "; ")): dioscope check says why"
        case .noneSelected(let count): "none of the \(Quantity.ios(count)) is as asked for"
        case .partial(let count):
            "\(Quantity.ios(count)) \(count == 1 ? "is known from its" : "are known from their") completion on only: what came before is not in the trace"
        case .requests(let count):
            "no direct I/O was read, and \(Quantity.count(count)) block request\(count == 1 ? " does" : "s do") not show who"
                + " completed what"
        case .fewIOs(let count, let needed):
            "\(Quantity.ios(count)) \(count == 1 ? "is" : "are") too few, at least \(Quantity.count(needed)) are needed"
        case .incomplete(let share, let needed):
            "only \(Quantity.percent(share)) of I/Os are complete, at least \(Quantity.percent(needed)) are needed"
        case .cutOff: "the recording is cut off"
        case .loss(DataLoss.contextsMisread, _):
            "the probes' self-test failed, the contexts of these I/Os are not to be believed"
        case .loss(let what, let count): "data was lost: \(what) \(Quantity.count(count))"
        case .mixedContexts: "no completion context has half of the I/Os"
        }
    }
}
