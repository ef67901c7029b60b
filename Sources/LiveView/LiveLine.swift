// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Rendering
import Report

/// One interval as a line, for scripts and for terminals that hold no screen.
public struct LiveLine {
    private let interval: LiveInterval

    public init(_ interval: LiveInterval) {
        self.interval = interval
    }

    public var text: String {
        let report = interval.report
        var items = [
            WallClock(nanoseconds: interval.wall).time, "\(Quantity.count(UInt64(interval.iops.rounded()))) IOPS",
            Quantity.bytesPerSecond(interval.bytesPerSecond), "\(interval.inFlight) in flight",
        ]
        if let latency = report.latency {
            items += [
                "mean \(Quantity.duration(latency.mean))", "p50 \(Quantity.duration(latency.p50))",
                "p99 \(Quantity.duration(latency.p99))", "p99.9 \(Quantity.duration(latency.p999))",
            ]
        }
        if let stage = report.stages.max(by: { $0.share < $1.share }) {
            items.append("\(stage.stage.name) \(Quantity.wholePercent(stage.share))")
        }
        items.append("lost \(Quantity.count(interval.lost))")
        return items.joined(separator: "  ") + "\n"
    }

    /// One JSON object and a line break. What was not seen is null.
    public var json: String {
        let report = interval.report
        var json = JSONWriter(isPretty: false)
        json.object { json in
            json.member("schema", "dioscope.live/1")
            json.member("wall_ns", interval.wall)
            json.member("interval_ns", interval.nanoseconds)
            json.member("ios", report.ios.total)
            json.member("iops", interval.iops)
            json.member("bytes_per_second", interval.bytesPerSecond)
            json.member("in_flight", interval.inFlight)
            json.member("lost_ios", interval.lost)
            json.member("errors", report.ios.errors)
            json.member("own_cpu_share", interval.ownShare)
            json.member("mean_ns", report.latency?.mean)
            json.member("p50_ns", report.latency?.p50)
            json.member("p99_ns", report.latency?.p99)
            json.member("p999_ns", report.latency?.p999)
            json.member("max_ns", report.latency?.max)
            json.key("contexts")
            json.object { json in
                for context in CompletionContext.allCases where report.count(in: context) > 0 {
                    json.key(named: context.rawValue)
                    json.value(report.count(in: context))
                }
            }
            json.array("stages", report.stages) { json, stage in
                json.object { json in
                    json.member("name", stage.stage.name)
                    json.member("ios", stage.durations.ios)
                    json.member("mean_ns", stage.durations.mean)
                    json.member("p99_ns", stage.durations.p99)
                    json.member("share", stage.share)
                    write(report.wait(stage.stage), to: &json)
                }
            }
            json.array("groups", interval.groups.largest) { json, group in
                json.object { json in
                    json.member("name", ReportWords(report).label(of: group.key))
                    json.member("ios", group.ios)
                    json.member("mean_ns", group.latency?.mean)
                    json.member("p99_ns", group.latency?.p99)
                }
            }
            json.member("groups_estimated_from_ios", interval.groups.sample)
        }
        return String(decoding: json.bytes, as: UTF8.self) + "\n"
    }

    private func write(_ wait: WaitSummary?, to json: inout JSONWriter) {
        guard let wait else { return }
        json.array("causes", wait.causes) { json, cause in
            json.object { json in
                json.member("cause", cause.cause.rawValue)
                json.member("share", cause.share)
            }
        }
    }
}
