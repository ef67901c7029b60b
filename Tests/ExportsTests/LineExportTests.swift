// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Foundation
import Rendering
import TestSupport
import Testing

@testable import Exports

@Suite struct LineExportTests {
    private static func rows(_ ios: [ListedIO]) -> [[String]] {
        Samples.text(CSVExport(threads: [:]), ios).components(separatedBy: "\r\n").dropLast()
            .map { $0.components(separatedBy: ",") }
    }

    @Test func everyRowHasEveryColumn() {
        let rows = Self.rows(Samples.deferred(3) + Samples.random(500))
        #expect(rows.count == 504)
        #expect(rows[0] == CSVExport.columns)
        #expect(rows.allSatisfy { $0.count == CSVExport.columns.count })
        #expect(Set(CSVExport.columns).count == CSVExport.columns.count)
    }

    @Test func stagesOfARowSumToItsLatency() throws {
        let stages = Set(Stage.atomic.map { "\($0.name)_ns" } + ["composed_ns"])
        let rows = Self.rows(Samples.deferred(3) + Samples.random(500))
        let latency = try #require(rows[0].firstIndex(of: "latency_ns"))
        for row in rows.dropFirst() {
            let sum = zip(rows[0], row).filter { stages.contains($0.0) }.reduce(UInt64(0)) { $0 + (UInt64($1.1) ?? 0) }
            #expect(sum == UInt64(row[latency]))
        }
    }

    @Test func whatWasNotSeenIsEmpty() throws {
        let rows = Self.rows(Samples.deferred(1))
        func field(_ name: String) throws -> String { rows[1][try #require(rows[0].firstIndex(of: name))] }
        #expect(try field("work_started_ns") == "1110000")
        #expect(try field("task_work_run_ns") == "")
        #expect(try field("inline_completion_ns") == "")
        #expect(try field("queue_wait_submitter_ns") == "30000")
        #expect(try field("queue_wait_unattributed_ns") == "10000")
        #expect(try field("reason") == "iomap-always-defers-writes")
    }

    /// Of a request neither file nor submitter are known; of an end alone nearly nothing is.
    @Test func whatAPartOfALifeDoesNotTellIsNoValue() throws {
        let rows = Self.rows(Samples.partial)
        func seen(_ row: Int) -> Set<String> { Set(zip(rows[0], rows[row]).filter { !$0.1.isEmpty }.map(\.0)) }
        let request: Set = [
            "issued_ns", "ended_ns", "latency_ns", "context", "op", "issuer", "dev", "offset", "length", "error",
            "device_ns",
        ]
        let end: Set = ["ended_ns", "context", "end_io_context", "op", "issuer"]
        #expect(seen(1) == request && seen(2) == end)
        let lines = Samples.text(JSONLinesExport(threads: [:]), Samples.partial).split(separator: "\n")
        let objects = try lines.map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        let stages: Set = ["stages"]
        #expect(Set(objects[0].keys) == request.subtracting(["device_ns"]).union(stages))
        #expect(Set(objects[1].keys) == end.union(stages))
        #expect(objects.map { $0["op"] as? String } == ["read", "unknown"])
    }

    @Test func hostileNamesStayInTheirField() {
        let text = Samples.text(CSVExport(threads: Samples.threads), Samples.deferred(1))
        #expect(text.contains(",\"a\"\"b,c;\\x1b[31m\\x0a\","))
        #expect(text.utf8.filter { $0 == UInt8(ascii: "\n") }.count == 2)
        #expect(!text.contains("\u{1b}"))
    }

    @Test func everyJSONLineIsAnObject() throws {
        let text = Samples.text(JSONLinesExport(threads: Samples.threads), Samples.deferred(2) + Samples.random(50))
        let lines = text.split(separator: "\n")
        #expect(lines.count == 52)
        for line in lines {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            #expect(object?["latency_ns"] is NSNumber)
        }
    }

    @Test func foldedStacksSumToTheLatencies() {
        let ios = Samples.deferred(3) + Samples.random(500).filter { $0.life.latency < 1 << 40 }
        let lines = Samples.text(FoldedExport(), ios).split(separator: "\n").map { $0.split(separator: " ") }
        let sum = lines.reduce(UInt64(0)) { $0 + (UInt64($1[1]) ?? 0) }
        #expect(sum == ios.filter(\.life.isFinished).reduce(0) { $0 + $1.life.latency })
        let deferred = Samples.text(FoldedExport(), Samples.deferred(3))
        #expect(deferred.contains("kworker;queue_wait;submitter 90000\n"))
        #expect(deferred.contains("kworker;queue_wait;unattributed 30000\n"))
        #expect(!deferred.contains("kworker;queue_wait 1"))
    }
}
