// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Report

extension JSONReport {
    static func write(_ timeline: Timeline?, to json: inout JSONWriter) {
        json.object("timeline", timeline) { timeline, json in
            json.member("origin_ns", timeline.origin)
            json.member("offset_ns", timeline.offset)
            json.member("interval_ns", timeline.interval)
            json.member("percentile_error", Timeline.percentileError)
            json.member("outside_ios", timeline.outside)
            write(timeline.finding, to: &json)
            json.array("intervals", timeline.intervals) { json, interval in write(interval, to: &json) }
            json.array("spikes", timeline.spikes) { json, spike in
                json.object { json in
                    json.member("interval", spike.interval)
                    json.array("stages", spike.composition.stages) { json, part in
                        json.object { json in
                            json.member("name", part.value.name)
                            json.member("share", part.share)
                        }
                    }
                    json.array("causes", spike.composition.causes) { json, part in
                        json.object { json in
                            json.member("cause", part.value.rawValue)
                            json.member("share", part.share)
                        }
                    }
                }
            }
        }
    }

    private static func write(_ finding: Timeline.Finding, to json: inout JSONWriter) {
        switch finding {
        case .tooShort: json.member("finding", "too_short")
        case .steady(let from, let to):
            json.member("finding", "steady")
            json.member("p99_from_ns", from)
            json.member("p99_to_ns", to)
        case .drifting(let from, let to):
            json.member("finding", "drifting")
            json.member("p50_from_ns", from)
            json.member("p50_to_ns", to)
        }
    }

    private static func write(_ interval: Timeline.Interval, to json: inout JSONWriter) {
        json.object { json in
            json.member("start_ns", interval.start)
            json.member("ios", interval.ios)
            json.member("iops", interval.isUnknown ? nil : interval.iops)
            guard let slowest = interval.slowest else { return }
            json.member("mean_ns", interval.mean)
            json.member("p50_ns", interval.p50)
            json.member("p99_ns", interval.p99)
            json.member("max_ns", interval.max)
            if let stage = interval.composition.largestStage {
                json.member("stage", stage.value.name)
                json.member("stage_share", stage.share)
            }
            if let cause = interval.composition.mainCause {
                json.member("cause", cause.value.rawValue)
                json.member("cause_share", cause.share)
            }
            json.member("slowest_point", slowest.point.name)
            json.member("slowest_ns", slowest.began)
        }
    }
}
