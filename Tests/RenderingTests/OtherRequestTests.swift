// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Foundation
import TestSupport
import Testing

@testable import Rendering
@testable import Report

/// What a trace without direct I/Os has besides its requests.
@Suite struct OtherRequestTests {
    private static let report: Report = {
        var flushes = OtherRequests(.flush)
        flushes.add(1_000_000, failed: false)
        flushes.add(2_000_000, failed: true)
        flushes.add(nil, failed: false)
        var passed = OtherRequests(.other)
        passed.add(nil, failed: false)
        var work = FollowUp(name: "f\u{1b}x")
        work.times.add(15_000)
        work.times.add(25_000)
        var source = Recordings.source
        (source.otherRequests, source.followUps) = ([flushes, passed], [work])
        return Recordings.report(source: source)
    }()

    @Test func eachKindIsALine() {
        let lines = TextReport(Self.report).lines
        #expect(
            lines.contains(
                " flushes        3, 1 failed   device time of 2 of them mean 1.50ms, max 2.00ms"))
        #expect(lines.contains(" other requests 1"))
        #expect(lines.allSatisfy { $0.count <= 80 })
    }

    @Test func whatFollowedIsALine() throws {
        let lines = TextReport(Self.report).lines
        let first = try #require(lines.firstIndex { $0.hasPrefix(" followed by    f\\x1bx 2, begun 20.0us") })
        #expect(lines[first...(first + 1)].joined().contains("at most 25.0us"))
    }

    @Test func theyAreOfNoGroup() {
        var report = Self.report
        report.groups = ReportGroups(chosen: ChosenGroups(machines: 0), groups: [])
        #expect(TextReport(report).lines.contains { $0.hasPrefix(" flushes        3") })
    }

    /// Without times they are null, not 0.
    @Test func theyAreMembersOfJSON() throws {
        let json = try JSONReportTests.parse(JSONReport(Self.report).bytes)
        let others = try #require(json["other_requests"] as? [[String: Any]])
        #expect(others.map { $0["kind"] as? String } == ["flush", "other"])
        #expect(others.map { $0["total_ns"] as? Int } == [3_000_000, nil] && others[1]["max_ns"] is NSNull)
        let followUps = try #require(json["followed_by"] as? [[String: Any]])
        #expect(followUps.map { $0["total_ns"] as? Int } == [40_000])
        let schema = try JSONReportTests.parse(Array(JSONSchema.text.utf8))
        #expect(SchemaCheck(root: schema).violations(of: json, schema) == [])
        #expect(try JSONReportTests.parse(JSONReport(Recordings.report()).bytes)["other_requests"] == nil)
    }
}
