// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Report

/// The report as one JSON object: a contract with other tools. See `JSONSchema`.
///
/// Strings are as the recording had them: a JSON reader that prints them must escape them itself.
public struct JSONReport: Sendable {
    /// UTF-8, ending in a line break.
    public let bytes: [UInt8]

    /// - Parameter isPretty: `false`: all on one line.
    public init(_ report: Report, isPretty: Bool = true) {
        var json = JSONWriter(isPretty: isPretty)
        json.object { json in
            json.member("schema", Report.schema)
            json.member("completion_rule", report.rule.rawValue)
            Self.write(report.source, to: &json)
            Self.write(report.selection, to: &json)
            Self.write(report.sample, report.source.sampling, to: &json)
            Self.write(report.source.cost, to: &json)
            Self.write(report.summedUp, to: &json)
            Self.writeMeasurements(report, to: &json)
            Self.writeEvidence(report, to: &json)
            Self.write(report.timeline, to: &json)
            Self.write(report.groups, to: &json)
        }
        bytes = json.bytes + [UInt8(ascii: "\n")]
    }

    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// What is written for all I/Os, and for each group.
    static func writeMeasurements(_ report: Report, to json: inout JSONWriter) {
        write(report.quality, report.source, to: &json)
        write(report.headline, to: &json)
        write(report.ios, to: &json)
        writeDurations(report, to: &json)
        writeCompletions(report, to: &json)
    }

    private static func writeDurations(_ report: Report, to json: inout JSONWriter) {
        json.key("latency")
        if let latency = report.latency {
            json.object { json in
                json.member("ios", latency.ios)
                json.member("total_ns", latency.total)
                json.member("mean_ns", latency.mean)
                json.member("p50_ns", latency.p50)
                json.member("p90_ns", latency.p90)
                json.member("p99_ns", latency.p99)
                json.member("p999_ns", latency.p999)
                json.member("max_ns", latency.max)
                writePercentiles(latency, report, to: &json)
                json.array("histogram", report.histogram) { json, stretch in
                    json.object { json in
                        json.member("from_ns", stretch.from)
                        json.member("to_ns", stretch.to)
                        json.member("ios", stretch.ios)
                    }
                }
            }
        } else {
            json.null()
        }
        json.array("stages", report.stages) { json, stage in
            json.object { json in
                json.member("name", stage.stage.name)
                json.member("label", stage.stage.label)
                json.member("context", stage.context.letter)
                writeShort(stage.durations, report, to: &json)
                json.member("share", stage.share)
            }
        }
        json.key("queue_wait")
        write(report.queueWait, report, to: &json)
        json.key("task_work_wait")
        write(report.taskWorkWait, report, to: &json)
        json.array("layers", report.layers) { json, layer in
            let device = report.source.devices.first { $0.device == layer.part.device }
            json.object { json in
                json.member("device", layer.part.device.description)
                json.member("name", device?.name)
                json.member("layer", device?.layer)
                json.member("place", layer.part.place)
                json.member("phase", layer.part.phase.rawValue)
                json.member("ios", layer.ios)
                json.member("total_ns", layer.total)
                json.member("share", layer.share)
            }
        }
        json.array("deliverers", report.deliverers) { json, deliverer in
            json.object { json in
                json.member("name", deliverer.name)
                json.member("ios", deliverer.ios)
            }
        }
        if report.requests.ios > 0 {
            json.object("requests") { json in
                json.member("ios", report.requests.ios)
                json.member("requests", report.requests.requests)
                json.member("bios", report.requests.bios)
                json.member("requeues", report.requests.requeues)
            }
        }
        json.key("delivery_wait")
        write(report.deliveryWait, report, to: &json)
        json.key("hop_wait")
        write(report.hopWait, report, to: &json)
        json.key("submitter_wakeup_wait")
        write(report.waiterWait, report, to: &json)
        json.key("tail")
        if let tail = report.tail { write(tail, to: &json) } else { json.null() }
        if let recorder = report.recorder {
            json.object("recorder_share") { json in
                json.member("ios", recorder.ios)
                json.member("total_ns", recorder.nanoseconds)
                json.member("largely_ios", recorder.largelyIOs)
                json.member("left_out_of_tail", report.tail?.recorders ?? 0)
            }
        }
    }

    private static func writePercentiles(
        _ durations: DurationStatistics, _ report: Report, to json: inout JSONWriter
    ) {
        json.array("percentiles", zip(report.percentiles, durations.chosen)) { json, percentile in
            json.object { json in
                json.member("percentile", percentile.0)
                json.member("ns", percentile.1)
            }
        }
    }

    private static func writeShort(
        _ durations: DurationStatistics, _ report: Report, to json: inout JSONWriter
    ) {
        json.member("ios", durations.ios)
        json.member("total_ns", durations.total)
        json.member("mean_ns", durations.mean)
        json.member("p50_ns", durations.p50)
        json.member("p99_ns", durations.p99)
        json.member("max_ns", durations.max)
        writePercentiles(durations, report, to: &json)
    }

    private static func write(_ wait: WaitSummary?, _ report: Report, to json: inout JSONWriter) {
        guard let wait else { return json.null() }
        json.object { json in
            writeShort(wait.durations, report, to: &json)
            json.array("causes", wait.causes) { json, cause in
                json.object { json in
                    json.member("cause", cause.cause.rawValue)
                    json.member("total_ns", cause.total)
                    json.member("share", cause.share)
                    json.array("names", cause.names) { json, name in
                        json.object { json in
                            json.member("name", name.name)
                            json.member("total_ns", name.total)
                            json.member("share", name.share)
                        }
                    }
                }
            }
        }
    }

    private static func write(_ tail: TailComposition, to json: inout JSONWriter) {
        json.object { json in
            json.member("percentile", TailComposition.percent)
            json.member("from_ns", tail.from)
            json.member("ios", tail.ios)
            json.member("share_of_ios", tail.shareOfIOs)
            json.member("mean_ns", tail.mean)
            json.array("stages", tail.stages) { json, part in
                json.object { json in
                    json.member("name", part.stage.name)
                    json.member("share", part.share)
                }
            }
        }
    }
}
