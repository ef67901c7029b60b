// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import Sweep

@Suite struct LogTests {
    private static let sweep = SyntheticSweep()

    @Test func whatIsSavedComesBack() throws {
        let log = try Self.sweep.log()
        #expect(log.header == Self.sweep.header)
        #expect(log.runs.map(\.record.planned) == Self.sweep.plan.runs)
        #expect(log.runs.allSatisfy { ($0.report != nil) == $0.record.planned.isTraced })
        #expect(log.remaining.isEmpty)
        #expect(log.length == Self.sweep.content().count)
        #expect(SweepLog.isSweep(Self.sweep.content()))
        #expect(!SweepLog.isSweep(Array("{\"schema\":".utf8)))
    }

    @Test func aStoppedSweepKnowsWhatRemains() throws {
        let log = try SweepLog(Self.sweep.content(5))
        #expect(log.remaining == Array(Self.sweep.plan.runs.dropFirst(5)))
    }

    /// Wherever a crash cuts it, whole lines count and the rest is made again.
    @Test func aCutLineIsPassedOver() throws {
        let (whole, more) = (Self.sweep.content(3), Self.sweep.content(4))
        for length in stride(from: whole.count, to: more.count, by: 97) {
            let log = try SweepLog(Array(more[..<length]))
            #expect(log.runs.count == 3)
            #expect(log.length == whole.count)
            #expect(log.remaining.count == Self.sweep.plan.runs.count - 3)
        }
    }

    @Test func whatFailedIsMadeAgain() throws {
        var sweep = Self.sweep
        sweep.failure = { $0.cell.depth == 16 && $0.repetition == 1 ? "no" : nil }
        let log = try sweep.log()
        #expect(log.remaining.count == 2)
        #expect(log.remaining.allSatisfy { $0.cell.depth == 16 && $0.repetition == 1 })
        // Made again, and well: the failure is forgotten.
        let content = sweep.content() + log.remaining.reduce([]) { $0 + Self.sweep.line($1) }
        let mended = try SweepLog(content)
        #expect(mended.remaining.isEmpty)
        #expect(SweepTable(mended).rows.allSatisfy { $0.new.failures.isEmpty && $0.new.runCount == 6 })
    }

    @Test func whatIsNoSweep() {
        func reason(_ content: [UInt8]) -> String? {
            do {
                _ = try SweepLog(content)
                return nil
            } catch {
                return error.reason
            }
        }
        func text(_ text: String) -> [UInt8] { Array(text.utf8) }
        #expect(reason([]) == "it does not begin as a saved sweep does")
        #expect(reason(text("hello\n")) == "line 1 is not a line of a saved sweep")
        #expect(reason(text("{}\n")) == "it does not begin as a saved sweep does")
        #expect(reason(text("{\"schema\": \"dioscope.report/1\"}\n")) == "it does not begin as a saved sweep does")
        let header = String(decoding: SweepLog.line(Self.sweep.header), as: UTF8.self)
        #expect(reason(text(header)) == nil)
        #expect(reason(text(header.replacing("sweep-log/1", with: "sweep-log/9")))?.hasPrefix("its schema is") == true)
        #expect(reason(text(header.replacing("\"repeats\":3", with: "\"repeats\":0")))?.hasPrefix("line 1: 0") == true)
        #expect(reason(text(header.replacing("\"repeats\":3", with: "\"repeats\":9223372036854775807"))) != nil)
        #expect(reason(text(header + "{}\n")) == "line 2: expected a run")
        #expect(reason(text(header + "\u{0}\n")) == "line 2 is not a line of a saved sweep")
        let open = [UInt8](repeating: UInt8(ascii: "["), count: 200_000) + [10]
        #expect(reason(text(header) + open) == "line 2 is not a line of a saved sweep")
    }
}
