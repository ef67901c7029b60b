// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Report
import TestSupport
import Testing

@testable import Exports

/// Rows and statements; `Scripts/fleet` has DuckDB and Spark read what comes of them.
@Suite struct FleetTests {
    private static var source: ReportSource {
        var source = ReportSource(kind: "test", isComplete: true)
        (source.started, source.startedMonotonic) = (1_700_000_000_000_000_000, 5_000_000_000)
        (source.host, source.kernel) = ("db's", "6.12")
        source.devices = [
            DeviceName(
                device: DeviceNumber(major: 259, minor: 0), name: "nvme0n1", fileSystem: "ext4", mountPoint: "/mnt")
        ]
        return source
    }

    private static func rows(_ ios: [ListedIO]) -> [[String]] {
        Samples.text(FleetSummary(rule: .defersWrites, source: source), ios).split(separator: "\r\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
    }

    private static func numbers(_ column: String, of stage: String, cause: String = "", in ios: [ListedIO]) -> [Int] {
        let names = FleetSummary.columns.map(\.name)
        return rows(ios).compactMap { row in
            let value = Dictionary(uniqueKeysWithValues: zip(names, row))
            return value["stage"] == stage && value["cause"] == cause ? value[column].flatMap { Int($0) } : nil
        }
    }

    @Test func rowsSumToTheIOs() {
        let ios = Samples.deferred(200)
        #expect(Self.rows(ios).allSatisfy { $0.count == FleetSummary.columns.count })
        #expect(Self.numbers("ios", of: "all", in: ios) == [200])
        #expect(Self.numbers("ios", of: "latency", in: ios) == [200])
        #expect(Self.numbers("total_ns", of: "latency", in: ios) == [200 * 118_000])
        // No percentile is beyond the longest.
        #expect(Self.numbers("upto_ns", of: "latency", in: ios) == [118_000])
        #expect(Self.numbers("total_ns", of: "queue_wait", in: ios) == [200 * 44_000])
        #expect(Self.numbers("total_ns", of: "queue_wait", cause: "submitter", in: ios) == [200 * 30_000])
        #expect(Self.numbers("total_ns", of: "queue_wait", cause: "unattributed", in: ios) == [200 * 10_000])
    }

    /// Columns device and bytes, of all I/Os of each kind.
    @Test func whatAPartOfALifeDoesNotTellIsEmpty() {
        let rows = Self.rows(Samples.partial).filter { $0[7] == "all" }
        #expect(rows.map { $0[0] } == ["", "8:16"] && rows.map { $0[12] } == ["", "4096"])
    }

    @Test func stagesSumToTheLatency() {
        let ios = Samples.random(500)
        let names = Set(Self.rows(ios).dropFirst().map { $0[7] }).subtracting(["all", "latency"])
        let finished = ios.filter(\.life.isFinished)
        let latency = finished.reduce(UInt64(0)) { $0 &+ $1.life.latency }
        var stages = UInt64(0)
        for row in Self.rows(ios).dropFirst() where names.contains(row[7]) && row[8].isEmpty {
            stages = stages &+ (UInt64(row[11]) ?? 0)
        }
        #expect(stages == latency)
    }

    @Test func namesAreLiterals() throws {
        let capture = try #require(FleetCapture(box: nil, source: Self.source, loss: [], ios: 3))
        let sql = capture.sql(.ios, into: "/a'b")
        #expect(sql.contains("'db''s' AS box"))
        #expect(sql.contains("TO '/a''b/ios'"))
        #expect(sql.contains("CASE dev WHEN '259:0' THEN 'nvme0n1' ELSE dev END"))
        #expect(sql.contains("recording-1700000000000000000_{i}"))
        #expect(sql.contains("TRY_CAST(\"offset\" AS BIGINT) AS \"offset_bytes\""))
    }

    @Test func sampleHasItsWeight() throws {
        let sampled = try #require(FleetCapture(box: "a", source: Self.source, loss: [.sampledOut(7)], ios: 1))
        #expect(sampled.sql(.summaries, into: "d").contains("true AS whole, CAST(8.0 AS DOUBLE) AS weight"))
    }

    @Test func placeAndTimeAreNeeded() {
        var source = Self.source
        source.host = nil
        #expect(FleetCapture(box: nil, source: source, loss: [], ios: 1) == nil)
        #expect(FleetCapture(box: "a", source: source, loss: [], ios: 1) != nil)
        source.started = nil
        #expect(FleetCapture(box: "a", source: source, loss: [], ios: 1) == nil)
    }
}
