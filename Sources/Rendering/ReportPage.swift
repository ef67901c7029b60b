// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Report

/// The lines around the flame.
struct ReportPage {
    let report: Report
    let style: TextStyle
    /// Nothing is folded away.
    var isVerbose = false

    private func fields(_ label: String, _ items: [String]) -> [String] {
        items.isEmpty ? [] : TextLine.labelled(label, items, width: style.width)
    }

    var header: [String] { ReportHeader(report: report, style: style, isVerbose: isVerbose).lines }

    /// Each time that another part of the I/Os was recorded from then on, by the time since the first could come.
    private var samplingSteps: [String] {
        let steps = report.source.sampling
        guard report.sample != nil, let first = steps.first, steps.count > 1 else { return [] }
        guard report.source.bursts.isEmpty else { return burstSteps(steps, first) }
        return fields(
            "sampling",
            steps.dropFirst().map { step in
                let why = step.overhead.map { ", recording took \(Quantity.percent($0))" } ?? ""
                return "reduced to 1/\(step.every) after \(since(first, step))\(why)"
            } + ["earlier I/Os are thinned to the same part"])
    }

    private func since(_ first: SamplingStep, _ step: SamplingStep) -> String {
        Quantity.duration(step.from >= first.from ? step.from - first.from : 0)
    }

    /// At first they come more often, as long as there are few I/Os.
    private func burstSteps(_ steps: [SamplingStep], _ first: SamplingStep) -> [String] {
        let further = steps.dropFirst()
        let shown = isVerbose || further.count <= 4 ? Array(further) : [further[1]] + further.suffix(2)
        var items = shown.map { step in
            (step.every == 1 ? "all I/Os" : "bursts, 1/\(step.every) of the time,") + " after \(since(first, step))"
        }
        if shown.count < further.count { items.insert("\(further.count - shown.count) steps", at: 1) }
        return fields("sampling", items + ["I/Os of other times are thinned to the rarest of these"])
    }

    /// What recording took of the CPU time, by its own measurement.
    private var cost: [String] {
        guard let cost = report.source.cost else { return [] }
        var items = ["recording took \(Quantity.percent(cost.mean)) of the CPU time, by its own measurement"]
        if !report.source.bursts.isEmpty { items.append("\(Quantity.percent(cost.whole)) while it recorded") }
        if let limit = cost.limit { items.append("limit \(Quantity.percent(limit))") }
        if !report.source.bursts.isEmpty { items.append("--full records everything") }
        return fields("cost", items)
    }

    /// One flame each, with how many I/Os it is of.
    func groups(_ groups: ReportGroups) -> [String] {
        var lines: [String] = []
        for group in groups.groups {
            let label = GroupText.label(of: group.key, report.source)
            let page = ReportPage(report: group.report, style: style, isVerbose: isVerbose)
            let header = ReportHeader(report: group.report, style: style)
            let part = part(group.report.ios.total, of: report.ios.total)
            let head = TextLine.flow(
                [style.escaped(label), "\(part) of I/Os"] + header.howMuch, separator: "  ", head: "", indent: 1,
                width: style.width)
            lines += [""] + head.map { style.palette.paint($0, .heading) }
            lines += Flame(group.report, title: label, style: style, isVerbose: isVerbose)?.lines ?? []
            lines += page.contexts + page.reasons + page.groupVerdict
        }
        let chosen = groups.chosen
        if chosen.otherIOs > 0 {
            let number = (chosen.countsAllGroups ? "" : "more than ") + Quantity.count(UInt64(chosen.otherGroups))
            lines += [
                "", "and \(number) more groups by \(chosen.grouper.words), \(Quantity.ios(chosen.otherIOs))",
            ]
        }
        // They are of no group.
        return lines + [""] + OtherRequestText(report: report, style: style).lines
    }

    private var timelineText: TimelineText? {
        report.timeline.map { TimelineText(timeline: $0, style: style, submitter: report.source.submitterName) }
    }

    var overTime: [String] { timelineText?.line ?? [] }

    func timeTable(file: String) -> [String] {
        if let text = timelineText { return text.table(file: file) }
        let why = report.summedUp == nil ? "no I/O finished" : "a summary has no times of single I/Os"
        return TextLine.wrapped("No time axis: \(why).", indent: 1, width: style.width)
    }

    var completions: [String] {
        AccountText(report: report, style: style).lines + SyncText(report: report, style: style).lines + slowest
            + recorder + contexts + requests + OtherRequestText(report: report, style: style).lines + reasons + sharing
            + scheduling + steal
    }

    private var slowest: [String] {
        guard let tail = report.tail else { return [] }
        let parts = tail.stages.map { "\($0.stage.name) \(Quantity.wholePercent($0.share))" }
        return fields(
            "slowest \(Quantity.wholePercent(tail.shareOfIOs))", [">= \(Quantity.duration(tail.from))"] + parts)
    }

    /// What the recorder itself took: never without a word.
    private var recorder: [String] {
        guard let recorder = report.recorder, let latency = report.latency else { return [] }
        let share = Double(recorder.nanoseconds) / max(1, Double(latency.total))
        var items = [
            "dioscope itself \(Quantity.percent(share)) of all latency",
            "\(Quantity.ios(recorder.ios)) waited for it",
        ]
        if recorder.largelyIOs > 0 {
            items.append("\(Quantity.count(recorder.largelyIOs)) for a tenth or more (--without-self)")
        }
        if let left = report.tail?.recorders, left > 0 {
            items.append("\(Quantity.count(left)) as slow as the slowest are not among them for that")
        }
        return fields("recorder", items)
    }

    private var contexts: [String] {
        if report.count(in: .unknown) == report.ios.total, report.ios.partial > 0, report.ios.requests == 0,
            let ends = report.endContexts
        {
            let known = [("hardirq", ends.hardirq), ("softirq", ends.softirq), ("task", ends.task)].filter { $0.1 > 0 }
            return fields("end_io in", known.map { "\($0.0) \(part($0.1, of: report.ios.total))" })
        }
        return fields(
            "completed in",
            CompletionContext.allCases.filter { report.count(in: $0) > 0 }.map {
                "\($0.rawValue) \(part(report.count(in: $0), of: report.ios.total))"
            } + deliverers)
    }

    /// What the context `driver_worker` is made of.
    private var deliverers: [String] {
        let names = report.deliverers.prefix(3).map {
            "\(style.escaped($0.name)) \(part($0.ios, of: report.ios.total))"
        }
        return names.isEmpty ? [] : ["(" + names.joined(separator: ", ") + ")"]
    }

    /// The I/Os that are more than one request.
    private var requests: [String] {
        let requests = report.requests
        guard requests.ios > 0 else { return [] }
        func each(_ count: UInt64) -> String { Quantity.fixed(Double(count) / Double(requests.ios), 1) }
        let ios = "\(part(requests.ios, of: report.ios.total)) of I/Os"
        var items =
            requests.requests > requests.ios
            ? ["\(ios) take \(each(requests.requests)) requests each"]
            : requests.bios > requests.ios ? ["\(ios) are of several bios"] : ["\(ios) went back to the queue"]
        if requests.bios > requests.ios { items.append("\(each(requests.bios)) bios") }
        if requests.requeues > 0 { items.append("\(Quantity.count(requests.requeues)) requeued") }
        return fields("requests", items)
    }

    private var reasons: [String] {
        fields(
            "why deferred",
            report.reasons.map { reason in
                let share = part(reason.ios, of: report.cpuSharing.deferredIOs)
                if reason.reason == .unknown, report.quality.blind.contains(.ended) {
                    return "not known \(share): end_io, which decides it, is not probed"
                }
                return "\(reason.reason.rawValue) \(share)" + (reason.reason.isAvoidable == true ? " (avoidable)" : "")
            })
    }

    private var sharing: [String] {
        let sharing = report.cpuSharing
        let all = sharing.deferredIOs
        guard all > 0 else { return [] }
        var items = [
            "submit, end_io and kworker on one CPU \(part(sharing.submitIRQWorker, of: all))",
            "end_io and kworker only \(part(sharing.irqWorker, of: all))",
            "kworker elsewhere \(part(sharing.none, of: all))",
        ]
        if sharing.unknown > 0 { items.append("not seen \(part(sharing.unknown, of: all))") }
        let preempted = sharing.submitterPreempted.map { part($0, of: all) } ?? "not seen"
        items.append("submitter preempted \(preempted)")
        return fields("CPU sharing", items)
    }

    private var scheduling: [String] {
        guard let scheduling = report.scheduling, report.ios.total > 0 else { return [] }
        func perIO(_ count: UInt64) -> String { Quantity.fixed(Double(count) / Double(report.ios.total), 2) }
        var items: [String] = []
        // What kworkers do for I/Os that filters left out is in none of these I/Os.
        if let works = scheduling.worksPerRun, report.hasKworkersAlone {
            items.append("\(perIO(scheduling.workerRuns)) kworker runs, \(Quantity.fixed(works, 1)) completions each")
        }
        items.append("\(perIO(scheduling.submitterRuns)) submitter runs")
        if scheduling.workerRuns > 0, report.hasKworkersAlone {
            let displaced = Double(scheduling.submitterDisplaced) / Double(report.ios.total)
            items.append("submitter displaced by kworkers \(Quantity.duration(displaced))")
        }
        if let reaping = scheduling.reaping, reaping.asleep > 0 {
            let mean = Double(reaping.time) / Double(reaping.asleep)
            items.append(
                "submitter off-CPU at completion \(part(reaping.asleep, of: report.ios.total)), "
                    + "back on \(Quantity.duration(mean)) later")
        }
        if let stops = scheduling.quotaStops {
            let mean = Double(stops.time) / Double(stops.count)
            items.append(
                "submitters stopped by their CPU quota \(Quantity.count(stops.count)) times, \(Quantity.duration(mean)) each"
            )
        }
        return fields("per I/O", items)
    }

    private var steal: [String] {
        let source = report.source
        guard let stolen = source.stolen, let duration = source.duration, let cpus = source.cpuCount, duration > 0
        else { return [] }
        let share = Double(stolen) / (Double(duration) * Double(max(1, cpus)))
        return fields(
            "steal", ["a hypervisor kept \(Quantity.percent(share)) of the CPUs' time for others"])
    }

    private func part(_ count: UInt64, of all: UInt64) -> String {
        all == 0 ? "-" : Quantity.percent(Double(count) / Double(all))
    }

    var quality: [String] {
        let all = report.ios.total
        let quality = report.quality
        // Each way of losing is shown at 0 too: it was counted, and there was none.
        let shown = report.loss.filter { $0.severity == .loss || $0.count > 0 }
        var lines = fields("loss", shown.map { "\(style.escaped($0.what)) \(Quantity.count($0.count))" })
        for loss in report.loss where loss.severity == .loss && loss.count > 0 {
            let sentence = "\(style.escaped(loss.what)): \(style.escaped(loss.help))"
            lines += TextLine.labelled(" !!!", sentence: sentence, width: style.width)
                .map { style.palette.paint($0, .warning) }
        }
        guard let share = quality.completeShare else { return lines }
        var items = ["\(Quantity.percent(share)) of I/Os complete"]
        if quality.lostIOs > 0 { items.append("lost \(part(quality.lostIOs, of: all &+ quality.lostIOs))") }
        items += quality.notFollowed.map {
            "\(style.escaped(LayerText.name(of: $0.device, report.source))) not followed \(part($0.ios, of: all))"
        }
        if quality.withoutBioIOs > 0 { items.append("came to no device \(part(quality.withoutBioIOs, of: all))") }
        items += quality.missing.map { "no \($0.point.name) \(part($0.ios, of: all))" }
        if quality.disorderedIOs > 0 { items.append("disordered \(part(quality.disorderedIOs, of: all))") }
        if quality.unfinishedIOs > 0 {
            // Of a trace without begins, one event alone has no duration.
            let what = report.ios.partial == all ? "known by one event" : "unfinished"
            items.append("\(what) \(part(quality.unfinishedIOs, of: all))")
        }
        if !quality.blind.isEmpty {
            let names = quality.blind.map(\.name).joined(separator: ", ")
            items.append("not probed: \(names)" + (report.source.blindTo.isEmpty ? "" : " (dioscope check says why)"))
        }
        return lines + samplingSteps + cost + fields("quality", items)
    }

    /// I/O that is not in the report, and what to do about it.
    var unseen: [String] {
        report.unseen.flatMap { unseen in
            let text = UnseenText.text(of: unseen, in: report.source)
            let remedy = UnseenText.remedy(for: unseen).map { "; \($0)" } ?? ""
            return TextLine.labelled(" !!!", sentence: style.escaped(text + remedy), width: style.width)
                .map { style.palette.paint($0, .warning) }
        }
    }

    /// Nothing when there is none: why is said of the whole, or seen from the number of I/Os.
    private var groupVerdict: [String] {
        guard let sentence = report.verdict.sentences.first else { return [] }
        return TextLine.labelled(
            "verdict", sentence: style.escaped(VerdictText.text(of: sentence)), width: style.width)
    }

    var verdict: [String] {
        if report.verdict.sentences.isEmpty {
            let why = report.verdict.refusals.map { style.escaped(VerdictText.text(of: $0)) }
            return TextLine.labelled("no verdict:", sentence: why.joined(separator: "; "), width: style.width)
        }
        let scope = report.selection == nil ? "" : "Of the selected I/Os alone: "
        let sentences =
            scope + report.verdict.sentences.map { style.escaped(VerdictText.text(of: $0)) }.joined(separator: ". ")
        return TextLine.labelled("VERDICT", sentence: sentences, width: style.width)
            .map { style.palette.paint($0, .heading) }
    }

    private var hasGain: Bool {
        guard case .gain = report.inlineEstimate?.iops else { return false }
        return true
    }

    var footer: [String] {
        let taskWork = report.stage(.taskWorkWait) != nil
        let end = "iomap_dio_complete" + (taskWork ? " or, after task_work, io_req_rw_complete" : "")
        let assumptions =
            !hasGain
            ? ""
            : " The estimate keeps the number of I/Os in flight, takes an inline completion to cost the interrupt"
                + " what the kworker's costs now or nothing, and the device to keep up."
        if report.ios.requests == report.ios.total, report.ios.requests > 0 {
            return TextLine.wrapped(
                "Times are of requests, from block_bio_queue, block_getrq or block_rq_issue to block_rq_complete"
                    + (report.stage(.submit) == nil ? "" : ", of some from io_uring_submit_req")
                    + ": what asked for them is not in the trace"
                    + (report.source.followUps.isEmpty ? ", nor what became of it." : "."), indent: 1,
                width: style.width
            )
        }
        if report.ios.partial > 0 {
            return TextLine.wrapped(
                "Times are from the first event of each completion to the last: the begins of these I/Os are not in the"
                    + " trace, and nothing is said of their latency.", indent: 1, width: style.width)
        }
        return TextLine.wrapped(
            "Latency is from iomap_dio_rw_begin to \(end). fio's clat begins when the submitting call returns and"
                + " ends when fio reaps the I/O; its lat begins before the call and covers both." + assumptions,
            indent: 1, width: style.width)
    }
}
