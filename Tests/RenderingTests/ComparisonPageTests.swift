// SPDX-License-Identifier: GPL-2.0-only

import Comparison
import DirectIO
import Foundation
import Report
import TestSupport
import Testing

@testable import Rendering

@Suite struct ComparisonPageTests {
    private static func run(
        _ name: String, seconds: UInt64 = 25, slower: UInt64 = 0, kernel: String = "6.1",
        block: UInt64? = 1_000_000_000, stall: UInt64 = 0
    ) -> Run {
        var builder = RunBuilder(rule: .defersWrites, blockLength: block)
        for index in 0..<(seconds * 20) {
            var io = Recordings.io(index * 7 % 60 + 1)
            let shift = index * 50_000_000
            func moved(_ time: Timestamp?, _ more: UInt64 = 0) -> Timestamp? {
                time.map { Timestamp(nanoseconds: $0.nanoseconds % 20_000_000 + shift + more) }
            }
            io.submitted = moved(io.submitted) ?? io.submitted
            io.issued = moved(io.issued)
            (io.interrupted, io.ended) = (moved(io.interrupted, slower), moved(io.ended, slower))
            (io.workQueued, io.workStarted) = (moved(io.workQueued, slower), moved(io.workStarted, slower))
            io.completed = moved(io.completed, slower + (index == seconds * 10 ? stall : 0))
            builder.add(io)
        }
        var source = Recordings.source
        source.kernel = kernel
        return builder.finish(name: name, source: source, loss: [])
    }

    private static func page(_ base: Run, _ new: Run, style: TextStyle = TextStyle()) -> ComparisonPage {
        ComparisonPage(
            Comparison(base: [base], new: [new]), Comparability(base: [base.facts], new: [new.facts]), style: style)
    }

    @Test func tellsWhatChanged() {
        let page = Self.page(Self.run("old"), Self.run("new", slower: 40_000, kernel: "6.12"))
        let text = page.text
        #expect(text.hasPrefix("DIO write 4k  ext4  libaio  up to"))
        #expect(text.contains(" differs        kernel: 6.1 => 6.12\n"))
        #expect(text.contains("25 blocks of 1s"))
        #expect(page.lines.contains { $0.hasPrefix(" mean latency") && $0.contains("%   +") })
        // Only the device is slower, and explains all of it.
        let device = page.lines.first { $0.hasPrefix(" device") } ?? ""
        #expect(device.contains("+40.0us") && device.contains("100%") && device.hasSuffix("|+++++++"))
        let irq = page.lines.first { $0.hasPrefix(" irq -> end_io") } ?? ""
        #expect(irq.contains("~") && irq.hasSuffix("|"))
        #expect(text.contains("VERDICT        the mean latency changed by +40.0us"))
    }

    @Test func linesFit() {
        for width in [80, 120, 200] {
            let page = Self.page(
                Self.run(String(repeating: "long", count: 60)), Self.run("new", slower: 9_000_000),
                style: TextStyle(width: width))
            #expect(page.lines.allSatisfy { $0.count <= width })
            #expect(page.lines.allSatisfy { !$0.hasSuffix(" ") })
        }
    }

    @Test func fewBlocksAreBracketed() {
        let text = Self.page(Self.run("old", seconds: 3), Self.run("new", seconds: 3, slower: 40_000)).text
        #expect(text.contains("(+40.0us)"))
        #expect(text.contains("3 blocks are too few"))
        #expect(text.contains("no verdict:"))
        #expect(!text.contains("VERDICT"))
    }

    @Test func shortRunsHaveShortBlocks() {
        let page = Self.page(
            Self.run("old", seconds: 3, block: nil), Self.run("new", seconds: 3, slower: 40_000, block: nil))
        #expect(page.text.contains("blocks of 125ms"))
        #expect(page.text.contains("VERDICT        the mean latency changed by +40.0us"))
        let long = Self.page(Self.run("old", block: nil), Self.run("new", seconds: 21, block: nil))
        #expect(long.text.contains("25 blocks of 1s") && long.text.contains("21 blocks of 1s"))
    }

    /// One stall makes the base's interval reach below nothing: no ratio can be given then.
    @Test func anIntervalThatCannotBeRelativeIsAbsolute() {
        let lines = Self.page(Self.run("old", stall: 4_000_000_000), Self.run("new")).lines
        let text = lines.map { $0.drop { $0 == " " } }.joined(separator: " ")
        #expect(text.contains("no evidence (~) that the mean latency changed"))
        #expect(!text.contains("between 0.0% and 0.0%"))
        #expect(text.contains("changed by between -"))
    }

    /// Three runs leave no room behind the 99th percentile of all: the runs' own are compared.
    @Test func percentilesOfFewRunsHaveAnInterval() {
        let base = (0..<3).map { Self.run("b\($0)", seconds: 25 + $0) }
        let new = (0..<3).map { Self.run("n\($0)", seconds: 25 + $0, slower: 90_000) }
        let comparison = Comparison(base: base, new: new)
        let p99 = comparison.difference(in: .percentile(.p99))
        #expect(p99?.isSignificant == true && p99?.relative?.interval != nil)
    }

    @Test func longCommandsAreToldByTheirDifference() {
        let shown = WordDifference.shortened("fio --a=1 --rw=read --b=2", "fio --a=1 --rw=write --b=2")
        #expect(shown == ("... --rw=read", "... --rw=write"))
        #expect(WordDifference.shortened("dd", "fio x") == ("dd", "fio x"))
        #expect(WordDifference.shortened("fio x", "fio x y") == ("...", "... y"))
    }

    @Test func hostileNamesAreEscaped() {
        let run = Self.run("a\u{1b}[31m", kernel: "x\u{202e}\u{7}")
        let text = Self.page(run, Self.run("b")).text
        #expect(!text.contains("\u{1b}") && !text.contains("\u{7}") && !text.contains("\u{202e}"))
    }

    @Test func jsonHasEveryNumber() throws {
        let (base, new) = (Self.run("old"), Self.run("new", slower: 40_000))
        let comparison = Comparison(base: [base], new: [new])
        let rule = try #require(FailRule("mean > 1us"))
        let entry = JSONComparison.Entry(
            comparison: comparison, comparability: Comparability(base: [base.facts], new: [new.facts]),
            rules: [(rule, rule.outcome(of: comparison))])
        let json = try JSONSerialization.jsonObject(with: Data(JSONComparison([entry]).bytes)) as? [String: Any]
        #expect(json?["schema"] as? String == "dioscope.compare/2")
        let first = try #require((json?["comparisons"] as? [[String: Any]])?.first)
        let metrics = try #require(first["metrics"] as? [[String: Any]])
        #expect(metrics.compactMap { $0["name"] as? String } == ["iops", "mean", "p50", "p99", "p99.9"])
        let stages = try #require(first["stages"] as? [[String: Any]])
        let device = try #require(stages.first { $0["name"] as? String == "device" })
        #expect(device["significant"] as? Bool == true)
        #expect(abs((device["delta"] as? Double ?? 0) - 40_000) < 1)
        #expect(abs((device["share_of_change"] as? Double ?? 0) - 1) < 1e-9)
        #expect((first["fail_if"] as? [[String: String]])?.first?["outcome"] == "broken")
        #expect((first["base"] as? [String: Any])?["unit"] as? String == "block")
        let schema = try #require(
            try JSONSerialization.jsonObject(with: Data(JSONSchema.comparison.utf8)) as? [String: Any])
        #expect(SchemaCheck(root: schema).violations(of: try #require(json), schema) == [])
    }
}
