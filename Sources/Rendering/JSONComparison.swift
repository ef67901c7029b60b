// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Comparison
import DirectIO

/// Comparisons of one base with others as one JSON object: a contract with other tools.
public struct JSONComparison: Sendable {
    /// UTF-8, ending in a line break.
    public let bytes: [UInt8]

    /// One comparison, and the outcome of the rules of `--fail-if`.
    public struct Entry: Sendable {
        public var comparison: Comparison
        public var comparability: Comparability
        public var rules: [(rule: FailRule, outcome: FailRule.Outcome)]

        public init(
            comparison: Comparison, comparability: Comparability, rules: [(rule: FailRule, outcome: FailRule.Outcome)]
        ) {
            self.comparison = comparison
            self.comparability = comparability
            self.rules = rules
        }
    }

    public init(_ entries: [Entry]) {
        var json = JSONWriter(isPretty: true)
        json.object { json in
            json.member("schema", Comparison.schema)
            json.array("comparisons", entries) { json, entry in json.object { Self.write(entry, to: &$0) } }
        }
        bytes = json.bytes + [UInt8(ascii: "\n")]
    }

    private static func write(_ entry: Entry, to json: inout JSONWriter) {
        let comparison = entry.comparison
        json.member("comparable", entry.comparability.obstacles.isEmpty)
        json.array("obstacles", entry.comparability.obstacles) { write($1, to: &$0) }
        json.array("differences", entry.comparability.differences) { write($1, to: &$0) }
        json.object("base") { write(comparison.base, to: &$0) }
        json.object("new") { write(comparison.new, to: &$0) }
        json.array("metrics", comparison.headline) { write($1, to: &$0) }
        json.array("stages", comparison.stages) { write($1, to: &$0) }
        json.array("contexts", comparison.contexts) { write($1, to: &$0) }
        json.array("reasons", comparison.reasons) { write($1, to: &$0) }
        json.strings("remarks", comparison.remarks.map(RemarkText.text))
        json.array("fail_if", entry.rules) { json, rule in
            json.object { json in
                json.member("rule", rule.rule.text)
                json.member("outcome", word(rule.outcome))
            }
        }
    }

    static func write(_ stage: Comparison.StageRow, to json: inout JSONWriter) {
        json.object { json in
            json.member("name", stage.stage.name)
            write(stage.difference, to: &json)
            json.member("share_of_change", stage.shareOfChange)
            json.array("causes", stage.causes) { write($1, to: &$0) }
        }
    }

    private static func write(_ found: Comparability.Discrepancy, to json: inout JSONWriter) {
        json.object { json in
            json.member("what", found.what)
            json.strings("base", found.base)
            json.strings("new", found.new)
        }
    }

    private static func write(_ side: Side, to json: inout JSONWriter) {
        json.strings("runs", side.runs.map(\.name))
        json.member("selection", side.runs.first?.selection)
        json.member("ios", side.ios)
        json.member("finished_ios", side.finished)
        json.member("unit", side.unitKind.rawValue)
        json.member("units", side.unitCount)
        json.member("block_ns", side.blockLength)
        json.member("has_intervals", side.hasIntervals)
    }

    static func write(_ row: Comparison.Row, to json: inout JSONWriter) {
        json.object { json in
            json.member("name", shortName(of: row.metric))
            write(row.difference, to: &json)
        }
    }

    /// Within its array, a context, reason or cause needs no prefix.
    private static func shortName(of metric: Metric) -> String {
        metric.name.split(separator: "/").last.map(String.init) ?? metric.name
    }

    static func write(_ difference: Difference, to json: inout JSONWriter) {
        json.member("base", difference.base)
        json.member("new", difference.new)
        json.member("delta", difference.delta?.value)
        json.member("delta_low", difference.delta?.interval?.lowerBound)
        json.member("delta_high", difference.delta?.interval?.upperBound)
        json.member("relative", difference.relative?.value)
        json.member("relative_low", difference.relative?.interval?.lowerBound)
        json.member("relative_high", difference.relative?.interval?.upperBound)
        json.member("significant", difference.isSignificant)
    }

    private static func word(_ outcome: FailRule.Outcome) -> String {
        switch outcome {
        case .holds: "holds"
        case .broken: "broken"
        case .undecided, .unbounded: "undecided"
        case .unknown: "unknown"
        }
    }
}
