// SPDX-License-Identifier: GPL-2.0-only

import Comparison
import Sweep

/// An experiment as one JSON object: a contract with other tools. See `JSONSchema.experiment`.
public struct JSONExperiment: Sendable {
    /// Name and version of the JSON object; the number rises when a reader would have to change.
    public static let schema = "dioscope.whatif/1"

    /// UTF-8, ending in a line break.
    public let bytes: [UInt8]

    public init(_ page: ExperimentPage) {
        let experiment = page.experiment
        var json = JSONWriter(isPretty: true)
        json.object { json in
            json.member("schema", Self.schema)
            json.strings("command", page.command)
            json.member("box", page.box)
            json.array("files", page.files) { json, file in
                json.object { json in
                    json.member("path", file.path)
                    json.member("size", file.size)
                    json.member("cached_bytes", file.cachedBytes)
                }
            }
            json.member("repeats", experiment.repeats)
            json.object("iops") { JSONComparison.write(experiment.iops, to: &$0) }
            json.object("cached_pages", experiment.cachedPages) { cost, json in
                json.member("submission_ns", cost.submission)
                json.member("completion_ns", cost.completion)
                json.member("share_at_most", experiment.cachedPagesShare)
            }
            json.object("inline_alone", experiment.inlineAlone) { range, json in
                json.member("relative_low", range.lowerBound)
                json.member("relative_high", range.upperBound)
            }
            json.object("latency_ns") { JSONComparison.write(experiment.latency, to: &$0) }
            json.object("tracing") { json in
                json.object("deferred", experiment.tracing[.deferred]) { JSONComparison.write($0, to: &$1) }
                json.object("inline", experiment.tracing[.inline]) { JSONComparison.write($0, to: &$1) }
            }
            json.object("recorded", experiment.recorded) { recorded, json in
                json.array("metrics", recorded.headline) { JSONComparison.write($1, to: &$0) }
                json.array("stages", recorded.stages) { JSONComparison.write($1, to: &$0) }
                json.array("contexts", recorded.contexts) { JSONComparison.write($1, to: &$0) }
                json.array("reasons", recorded.reasons) { JSONComparison.write($1, to: &$0) }
            }
            json.member("as_meant", !page.isAmiss && page.failures.isEmpty)
            json.strings("failures", page.failures)
        }
        bytes = json.bytes + [UInt8(ascii: "\n")]
    }
}
