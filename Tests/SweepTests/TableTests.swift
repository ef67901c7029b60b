// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import TestSupport
import Testing

@testable import Comparison
@testable import Rendering
@testable import Sweep

@Suite struct TableTests {
    private static let deferring = SyntheticSweep()
    private static let inline = SyntheticSweep(kernel: "7.2", queueWait: { _ in nil }, iops: { _ in 1300 })

    private static var letter: SyntheticSweep {
        SyntheticSweep(
            toggles: [Toggle(path: "/sys/kernel/iomap/simple_read", values: ["0", "1"])],
            queueWait: { $0 == ["0"] ? 50_000 : nil }, iops: { $0.cell.settings == ["0"] ? 1000 : 1300 })
    }

    @Test func aPlainSweepHasOneSide() throws {
        let table = SweepTable(try Self.deferring.log())
        #expect(table.versus == nil)
        #expect(table.rows.map(\.new.cell.depth) == [1, 16])
        let row = try #require(table.rows.first)
        #expect(row.base == nil && row.change == nil)
        // The untraced runs: 1000, 1001, 1002.
        #expect(abs((row.new.iops?.value ?? 0) - 1001) < 1e-9)
        #expect(row.new.iops?.interval?.contains(1000) == true)
        // Tracing costs a tenth.
        #expect(abs((row.new.tracing?.relative?.value ?? 0) + 0.1) < 1e-9)
        #expect(row.new.tracing?.isSignificant == true)
        #expect(row.recorded?.contexts.first?.difference.new == 1)
        #expect(row.new.submitEndShare == 0.25)
    }

    @Test func aToggleMakesTwoSides() throws {
        let table = SweepTable(try Self.letter.log())
        #expect(table.versus == .axis(.toggle))
        #expect(table.rows.count == 2)
        for row in table.rows { try Self.expectTheLetter(row) }
    }

    /// 30% more, because the wait for the kworker is gone.
    private static func expectTheLetter(_ row: SweepTable.Row) throws {
        let change = try #require(row.change)
        #expect(abs((change.relative?.value ?? 0) - 0.3) < 1e-9)
        #expect(change.isSignificant == true)
        let recorded = try #require(row.recorded)
        let wait = try #require(recorded.stages.first { $0.stage == .queueWait })
        #expect(wait.difference.delta?.value == -50_000)
        #expect(abs((wait.shareOfChange ?? 0) - 1) < 0.05)
        let kworker = recorded.contexts.first { $0.metric == .context(.kworker) }
        #expect(kworker?.difference.base == 1 && kworker?.difference.new == 0)
    }

    @Test func twoSweepsAreLaidBesideEachOther() throws {
        var new = Self.inline
        new.depths = [16, 32]
        let table = SweepTable(base: try Self.deferring.log(), new: try new.log())
        #expect(table.versus == .sweeps)
        #expect(table.rows.map(\.new.cell.depth) == [16])
        // Depth 1 of the one, 32 of the other.
        #expect(table.unmatched == 2)
        try Self.expectTheLetter(try #require(table.rows.first))
        #expect(table.baseHeader?.kernel == "6.12")
    }

    @Test func fileSystemsAreNotMixed() throws {
        var xfs = Self.inline
        xfs.fileSystem = "xfs"
        #expect(SweepTable(base: try Self.deferring.log(), new: try xfs.log()).rows.isEmpty)
    }

    @Test func anAxisCanBeChosen() throws {
        var sweep = Self.deferring
        sweep.engines = [.libaio, .ioUring]
        let table = SweepTable(try sweep.log(), versus: .engine)
        #expect(table.rows.map(\.new.cell.engine) == [.ioUring, .ioUring])
        #expect(table.rows.allSatisfy { $0.base?.cell.engine == .libaio && $0.base?.cell.depth == $0.new.cell.depth })
    }

    @Test func aFailedCellIsTold() throws {
        var sweep = Self.letter
        sweep.failure = { $0.cell.settings == ["1"] && $0.cell.depth == 16 ? "no \u{1b}[31m space" : nil }
        let table = SweepTable(try sweep.log())
        let row = try #require(table.rows.last)
        #expect(row.new.iops == nil && row.new.failures == ["no \u{1b}[31m space"])
        #expect(row.recorded == nil)
        let text = SweepPage(table).text
        #expect(text.contains("failed         new: no \\x1b[31m space"))
        #expect(!text.contains("\u{1b}"))
    }

    @Test func tracedIOPSStandInForUntracedOnes() throws {
        var sweep = Self.deferring
        sweep.hasControls = false
        let row = try #require(SweepTable(try sweep.log()).rows.first)
        #expect(abs((row.new.iops?.value ?? 0) - 900.9) < 1e-6)
        #expect(row.new.tracing == nil)
    }

    @Test func fewRepeatsMakeNoClaim() throws {
        var sweep = Self.letter
        sweep.repeats = 2
        let table = SweepTable(try sweep.log())
        #expect(table.rows.allSatisfy { $0.change?.isSignificant == nil && $0.change?.relative != nil })
        #expect(SweepPage(table).text.contains("(+30.0%)"))
    }
}

@Suite struct PageTests {
    private static func table() throws -> SweepTable {
        SweepTable(
            try SyntheticSweep(
                toggles: [Toggle(path: "/sys/kernel/iomap/simple_read", values: ["0", "1"])],
                queueWait: { $0 == ["0"] ? 50_000 : nil }, iops: { $0.cell.settings == ["0"] ? 1000 : 1300 }
            ).log())
    }

    @Test func theTableOfALetter() throws {
        let lines = SweepPage(try Self.table()).lines
        #expect(lines.contains(" ext4  libaio          1   4k  randwrite     1,001      1,301   +30.0%  +-0.5%"))
        #expect(lines.contains(" completed in   kworker 100% => hardirq 100%"))
        #expect(lines.contains { $0.contains("latency -50.0us: queue_work -> start -50.0us (none left)") })
        #expect(lines.contains(" tracing        IOPS while traced -10.0% => -10.0%"))
        #expect(lines.contains(" base           simple_read=0"))
        #expect(lines.contains(" new            simple_read=1"))
        #expect(lines.allSatisfy { $0.count <= 80 })
    }

    /// More IOPS beside more latency are no cause and effect; the parts sum to what is shown.
    @Test func latencyThatGoesTheWrongWayIsNoReason() throws {
        let table = SweepTable(
            try SyntheticSweep(
                toggles: [Toggle(path: "/sys/kernel/iomap/simple_read", values: ["0", "1"])],
                queueWait: { $0 == ["0"] ? nil : 50_000 }, iops: { $0.cell.settings == ["0"] ? 1000 : 1300 }
            ).log())
        let text = SweepPage(table).text
        #expect(!text.contains("made by"))
        #expect(text.contains(" beside it      latency +50.0us: queue_work -> start +50.0us (new)"))
        #expect(text.contains("no reason for the gain"))
    }

    @Test func markdownIsATable() throws {
        let lines = SweepMarkdown(try Self.table()).text.split(separator: "\n")
        let rows = lines.filter { $0.hasPrefix("|") }
        #expect(rows.count == 4)
        #expect(Set(rows.map { $0.split(separator: "|").count }).count == 1)
        #expect(rows[2].contains("| +30.0% |"))
        #expect(rows[2].contains("kworker 100% => hardirq 100%"))
    }

    @Test func jsonIsWhatTheSchemaSays() throws {
        let root = try #require(
            try JSONSerialization.jsonObject(with: Data(JSONSchema.sweep.utf8)) as? [String: Any])
        let other = SyntheticSweep(kernel: "7.2", failure: { $0.cell.depth == 1 ? "no" : nil })
        for table in [
            try Self.table(), SweepTable(try SyntheticSweep(hasControls: false).log()),
            SweepTable(base: try SyntheticSweep().log(), new: try other.log()),
        ] {
            let json = try JSONSerialization.jsonObject(with: Data(JSONSweep(table).bytes))
            #expect(SchemaCheck(root: root).violations(of: json, root) == [])
            #expect((json as? [String: Any])?["rows"] is [Any])
        }
    }

    @Test func progress() throws {
        let plan = SyntheticSweep().plan
        let progress = SweepProgress(plan, total: 12)
        let run = PlannedRun(cell: plan.cells[0], repetition: 0, isTraced: true)
        #expect(
            progress.line(run, number: 3, left: 5_400_000_000_000)
                == "[ 3/12] ext4 libaio qd 1 4k randwrite  traced    90m left")
        let failed = FinishedRun.Record(planned: run, started: 0, failure: "no\nspace")
        #expect(progress.line(failed, number: 12, left: 0).hasSuffix("failed: no\\x0aspace  0s left"))
        #expect(SweepProgress.span(99_400_000_000) == "99s")
        #expect(SweepProgress.span(12_000_000_000_000) == "3h20m")
    }
}
