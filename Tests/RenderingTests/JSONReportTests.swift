// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Foundation
import Report
import TestSupport
import Testing

@testable import Rendering

struct JSONReportTests {
    static func parse(_ bytes: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    @Test func countsComeBackFromARealParser() throws {
        let report = Recordings.report()
        let json = try Self.parse(JSONReport(report).bytes)
        #expect(json["schema"] as? String == "dioscope.report/2")
        let ios = try #require(json["ios"] as? [String: Int])
        #expect(ios == ["total": 120, "read": 0, "write": 120, "bytes": 120 * 4096, "errors": 0])
        let contexts = try #require(json["contexts"] as? [String: Int])
        #expect(Set(contexts.keys) == Set(CompletionContext.allCases.map(\.rawValue)))
        #expect(contexts["kworker"] == 40 && contexts["hardirq"] == 80 && contexts["unknown"] == 0)
        let latency = try #require(json["latency"] as? [String: Any])
        let total = try #require(latency["total_ns"] as? UInt64)
        #expect(UInt128(total) == report.latency?.total)
        #expect(latency["mean_ns"] as? Double == report.latency?.mean)
        let stages = try #require(json["stages"] as? [[String: Any]])
        #expect(stages.map { $0["name"] as? String } == report.stages.map(\.stage.name))
        #expect(stages.reduce(0) { $0 + ($1["total_ns"] as? UInt64 ?? 0) } == total)
        #expect(
            json["issuers"] as? [String: Int] == ["sync": 0, "libaio": 120, "io_uring": 0, "other": 0, "unknown": 0])
        let reasons = try #require(json["reasons"] as? [[String: Any]])
        #expect(reasons.count == 1 && reasons[0]["avoidable"] as? Bool == true && reasons[0]["ios"] as? Int == 40)
        let sharing = try #require(json["cpu_sharing"] as? [String: Int])
        #expect(sharing["deferred_ios"] == 40 && sharing["submitter_preempted"] == 0)
        let wait = try #require(json["queue_wait"] as? [String: Any])
        #expect((wait["causes"] as? [Any])?.count == 0 && wait["ios"] as? Int == 39)
    }

    @Test func whatCouldNotBeCountedIsNull() throws {
        let empty = try Self.parse(
            JSONReport(Recordings.report(ios: 0, source: ReportSource(kind: "x", isComplete: false))).bytes)
        #expect(empty["latency"] is NSNull)
        #expect(empty["queue_wait"] is NSNull)
        #expect(empty["tail"] is NSNull)
        let quality = try #require(empty["quality"] as? [String: Any])
        #expect(quality["complete_share"] is NSNull)
        let sharing = try #require(empty["cpu_sharing"] as? [String: Any])
        #expect(sharing["submitter_preempted"] is NSNull)
        #expect(sharing["deferred_ios"] as? Int == 0)
        let source = try #require(empty["source"] as? [String: Any])
        #expect(source["duration_ns"] is NSNull && source["complete"] as? Bool == false)
        let ends = try #require(empty["end_io_contexts"] as? [String: Any])
        #expect(ends["hardirq"] is NSNull)
    }

    @Test func everyReportIsWhatTheSchemaSays() throws {
        let schema = try Self.parse(Array(JSONSchema.text.utf8))
        var cut = Recordings.source
        cut.isComplete = false
        (cut.host, cut.recorder, cut.started, cut.duration) = ("a\u{1b}\"\\\u{7f}é", "0.1", -5, 7)
        for report in [
            Recordings.report(), Recordings.report(ios: 0), Recordings.report(occupied: true),
            Recordings.report(by: .context, top: 1, percentiles: [99.9, 25]),
            Recordings.report(ios: 3, loss: [Recordings.ringFull], source: cut),
        ] {
            let bytes = JSONReport(report).bytes
            #expect(SchemaCheck(root: schema).violations(of: try Self.parse(bytes), schema) == [])
            #expect(!bytes.contains(0x1b) && bytes.last == UInt8(ascii: "\n"))
        }
    }

    @Test func theSchemaCheckCanFail() throws {
        let schema = try Self.parse(Array(JSONSchema.text.utf8))
        let check = SchemaCheck(root: schema)
        let good = try Self.parse(JSONReport(Recordings.report()).bytes)
        for key in good.keys {
            var bad = good
            bad[key] = nil
            #expect(!check.violations(of: bad, schema).isEmpty, "\(key) is not required")
            bad[key] = "no such value"
            #expect(!check.violations(of: bad, schema).isEmpty, "\(key) may be anything")
        }
        var extra = good
        extra["ios"] = ["total": -1, "read": 0, "write": 0, "bytes": 0, "errors": 0]
        #expect(check.violations(of: extra, schema) == ["/ios/total: less than 0"])
    }

    @Test func stagesAndReasonsInTheSchemaAreTheClosedLists() {
        for stage in Stage.atomic { #expect(JSONSchema.text.contains("|\(stage.name)") || stage == Stage.atomic.first) }
        for cause in WaitCause.allCases { #expect(JSONSchema.text.contains("\"\(cause.rawValue)\"")) }
        for kind in PlacementTable.Kind.allCases { #expect(JSONSchema.text.contains("\"\(kind.rawValue)\"")) }
        for grouping in Grouping.allCases { #expect(JSONSchema.text.contains(grouping.rawValue)) }
        for reason in DeferralReason.allCases { #expect(JSONSchema.text.contains("\"\(reason.rawValue)\"")) }
        for context in CompletionContext.allCases { #expect(JSONSchema.text.contains("\"\(context.rawValue)\"")) }
    }

    @Test func groupsHaveTheFieldsOfAReport() throws {
        let json = try Self.parse(JSONReport(Recordings.report(by: .context, top: 1, percentiles: [99.9])).bytes)
        let groups = try #require(json["groups"] as? [[String: Any]])
        #expect(groups.map { $0["key"] as? String } == ["hardirq"] && groups[0]["by"] as? String == "context")
        #expect((groups[0]["ios"] as? [String: Int])?["total"] == 80)
        #expect((json["other_groups"] as? [String: Int]) == ["groups": 1, "ios": 40])
        let latency = try #require(groups[0]["latency"] as? [String: Any])
        let percentiles = try #require(latency["percentiles"] as? [[String: Double]])
        #expect(percentiles.count == 1 && percentiles[0]["percentile"] == 99.9)
        let plain = try Self.parse(JSONReport(Recordings.report()).bytes)
        #expect((plain["groups"] as? [Any])?.isEmpty == true && plain["other_groups"] is NSNull)
    }

    @Test func causesAndTheirNamesAddUp() throws {
        let json = try Self.parse(JSONReport(Recordings.report(occupied: true)).bytes)
        let wait = try #require(json["queue_wait"] as? [String: Any])
        let causes = try #require(wait["causes"] as? [[String: Any]])
        func total(_ list: [[String: Any]]) -> Int { list.reduce(0) { $0 + ($1["total_ns"] as? Int ?? 0) } }
        #expect(total(causes) == wait["total_ns"] as? Int)
        #expect(causes.map { $0["cause"] as? String } == ["submitter", "other_task", "unattributed"])
        #expect(abs(causes.reduce(0) { $0 + ($1["share"] as? Double ?? 0) } - 1) < 1e-9)
        let names = try #require(causes[1]["names"] as? [[String: Any]])
        #expect(names.map { $0["name"] as? String } == ["hog", nil])
        #expect(total(names) == causes[1]["total_ns"] as? Int)
        #expect(json["task_work_wait"] is NSNull)
    }

    @Test func numbersBeyond64BitsAreWrittenExactly() {
        var json = JSONWriter(isPretty: false)
        json.array { json in
            json.element()
            json.value(UInt128(UInt64.max) * 3)
            json.element()
            json.value(Double.nan)
        }
        #expect(String(decoding: json.bytes, as: UTF8.self) == "[55340232221128654845,null]")
    }
}
