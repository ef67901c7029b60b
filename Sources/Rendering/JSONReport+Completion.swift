// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Report

extension JSONReport {
    static func writeCompletions(_ report: Report, to json: inout JSONWriter) {
        json.object("contexts") { json in
            for context in CompletionContext.allCases { json.member(key(of: context), report.count(in: context)) }
        }
        json.object("end_io_contexts") { json in
            json.member("hardirq", report.endContexts?.hardirq)
            json.member("softirq", report.endContexts?.softirq)
            json.member("task", report.endContexts?.task)
        }
        json.array("reasons", report.reasons) { json, reason in
            json.object { json in
                json.member("reason", reason.reason.rawValue)
                json.member("ios", reason.ios)
                json.member("avoidable", reason.reason.isAvoidable)
            }
        }
        let sharing = report.cpuSharing
        json.object("cpu_sharing") { json in
            json.member("deferred_ios", sharing.deferredIOs)
            json.member("submit_irq_worker", sharing.submitIRQWorker)
            json.member("irq_worker", sharing.irqWorker)
            json.member("none", sharing.none)
            json.member("unknown", sharing.unknown)
            json.member("submitter_preempted", sharing.submitterPreempted)
        }
        json.key("scheduling")
        write(report.scheduling, to: &json)
        json.key("inline_estimate")
        write(report.inlineEstimate, to: &json)
        json.key("placement")
        write(report.placement, to: &json)
        json.array("interrupts", report.interrupts) { json, interrupt in
            json.object { json in
                json.member("irq", interrupt.irq)
                json.member("context", interrupt.irq == nil ? "softirq" : "hardirq")
                json.member("ios", interrupt.ios)
                json.member("interrupts", interrupt.interrupts)
                json.member("ios_per_interrupt", interrupt.iosPerInterrupt)
            }
        }
    }

    private static func write(_ estimate: InlineEstimate?, to json: inout JSONWriter) {
        guard let estimate else { return json.null() }
        json.object { json in
            json.member("latency_saved_ns", estimate.latencySaved)
            json.member("wait_p50_ns", estimate.waits?.p50)
            json.member("wait_p99_ns", estimate.waits?.p99)
            json.member("cpu_saved_ns", estimate.cpuSaved)
            json.member("loop", estimate.loop.rawValue)
            write(estimate.iops, to: &json)
            if let closed = estimate.ifClosed {
                json.object("if_closed") { json in write(closed, to: &json) }
            }
        }
    }

    private static func write(_ iops: InlineEstimate.IOPS, to json: inout JSONWriter) {
        switch iops {
        case .gain(let gain, let limit):
            json.member("least_gain", gain.lowerBound)
            json.member("most_gain", gain.upperBound)
            json.member("limit", limit.rawValue)
        case .more(_, let limit):
            json.member("limit", limit.rawValue)
            json.member("why_no_interval", "too_wide")
        case .noFewer(let limit):
            json.member("limit", limit.rawValue)
            json.member("why_no_interval", "other_tasks")
        case .notPromised(let reason):
            json.member("why_no_interval", reason.rawValue)
        }
    }

    private static func write(_ scheduling: Scheduling?, to json: inout JSONWriter) {
        guard let scheduling else { return json.null() }
        json.object { json in
            json.member("submitter_runs", scheduling.submitterRuns)
            json.member("worker_runs", scheduling.workerRuns)
            json.member("works", scheduling.works)
            json.member("submitter_displaced_ns", scheduling.submitterDisplaced)
            if let reaping = scheduling.reaping {
                json.member("completed_asleep", reaping.asleep)
                json.member("reap_ns", reaping.time)
                json.member("completed_awake", reaping.awake)
            }
            if let stops = scheduling.quotaStops {
                json.member("quota_stops", stops.count)
                json.member("quota_stopped_ns", stops.time)
            }
            json.array("cpus", scheduling.cpus) { json, use in
                json.object { json in
                    json.member("cpu", use.cpu)
                    json.array("occupants", CPUOccupant.allCases) { json, occupant in
                        json.object { json in
                            json.member("occupant", WaitCause(occupant).rawValue)
                            json.member("ns", use[occupant])
                        }
                    }
                }
            }
        }
    }

    private static func write(_ table: PlacementTable?, to json: inout JSONWriter) {
        guard let table else { return json.null() }
        json.object { json in
            json.array("kinds", table.kinds) { json, kind in
                json.object { json in
                    json.member("kind", kind.kind.rawValue)
                    json.member("ios", kind.ios)
                    json.member("total_ns", kind.total)
                    json.member("mean_ns", kind.mean)
                }
            }
            json.array("rows", table.rows) { json, row in
                json.object { json in
                    json.member("kind", row.kind.rawValue)
                    json.member("submit_cpu", row.submitCPU)
                    json.member("end_cpu", row.endCPU)
                    json.member("worker_cpu", row.workerCPU)
                    json.member("ios", row.ios)
                    json.member("total_ns", row.total)
                    json.member("mean_ns", row.mean)
                }
            }
            json.member("other_ios", table.otherIOs)
        }
    }

    static func writeEvidence(_ report: Report, to json: inout JSONWriter) {
        json.array("loss", report.loss) { json, loss in
            json.object { json in
                json.member("what", loss.what)
                json.member("count", loss.count)
                json.member("severity", loss.severity.rawValue)
                json.member("help", loss.help)
            }
        }
        write(report.unseen, to: &json)
        write(report.source.other?.syncs, report.source, to: &json)
        write(report.source.otherRequests, to: &json)
        write(report.source.followUps, to: &json)
        write(report.verdict, to: &json)
    }

    /// Nothing when there are none.
    private static func write(_ requests: [OtherRequests], to json: inout JSONWriter) {
        guard !requests.isEmpty else { return }
        json.array("other_requests", requests) { json, requests in
            json.object { json in
                json.member("kind", requests.kind.rawValue)
                json.member("count", requests.count)
                json.member("errors", requests.errors)
                json.member("timed", requests.times.count)
                json.member("total_ns", requests.times.count > 0 ? requests.times.nanoseconds : nil)
                json.member("max_ns", requests.times.count > 0 ? requests.times.longest : nil)
            }
        }
    }

    private static func write(_ followUps: [FollowUp], to json: inout JSONWriter) {
        guard !followUps.isEmpty else { return }
        json.array("followed_by", followUps) { json, followUp in
            json.object { json in
                json.member("name", followUp.name)
                json.member("count", followUp.times.count)
                json.member("total_ns", followUp.times.nanoseconds)
                json.member("max_ns", followUp.times.longest)
            }
        }
    }

    static func write(_ verdict: Verdict, to json: inout JSONWriter) {
        json.object("verdict") { json in
            json.array("sentences", verdict.sentences) { json, sentence in
                json.object { json in
                    json.member("kind", VerdictText.kind(of: sentence))
                    json.member("text", VerdictText.text(of: sentence))
                }
            }
            json.strings("refused", verdict.refusals.map(VerdictText.text))
        }
    }

    private static func key(of context: CompletionContext) -> StaticString {
        switch context {
        case .hardirq: "hardirq"
        case .softirq: "softirq"
        case .kworker: "kworker"
        case .taskWork: "task_work"
        case .poll: "poll"
        case .syncWait: "sync_wait"
        case .submitRace: "submit_race"
        case .driverWorker: "driver_worker"
        case .unknown: "unknown"
        case .irqThread: "irq_thread"
        case .ksoftirqd: "ksoftirqd"
        }
    }
}
