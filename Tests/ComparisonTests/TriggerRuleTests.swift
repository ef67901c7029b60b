// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Report
import Testing

@testable import Comparison

@Suite struct TriggerRuleTests {
    private static func rule(_ text: String) -> TriggerRule? {
        TriggerRule(text) { $0.hasSuffix("s") ? UInt64($0.dropLast()).map { $0 * 1_000_000_000 } : nil }
    }

    /// 100 I/Os, of which 50 us are the wait for a kworker.
    private static func report(_ percentiles: [Double] = [99, 99.9]) -> Report {
        var builder = ReportBuilder(rule: .defersWrites, percentiles: percentiles)
        for index in 0..<100 {
            builder.add(SyntheticIOs.io(at: UInt64(index) * 1_000_000 + 1, device: 100_000, queueWait: 50_000))
        }
        return builder.finish(source: ReportSource(kind: "test", isComplete: true), loss: [])
    }

    @Test func whatIsARule() throws {
        let rule = try #require(Self.rule("p99  > 5ms for 10s"))
        #expect(rule.text == "p99 > 5ms for 10s")
        #expect(rule.time == 10_000_000_000)
        #expect(rule.percentiles == [99])
        #expect(try #require(Self.rule("iops<1000")).time == 0)
        for text in [
            "", "p99", "p99 > 5", "p99 > +5%", "p99 > 5ms for", "p99 > 5ms for ever", "nothing > 5ms", "for 10s",
            "p99 > 5ms 10s",
        ] {
            #expect(Self.rule(text) == nil, "\(text)")
        }
    }

    @Test func whatHolds() throws {
        let report = Self.report()
        let mean = try #require(report.latency?.mean)
        func holds(_ text: String) throws -> Bool? { try #require(Self.rule(text)).holds(in: report, seconds: 2) }
        #expect(try holds("mean > \(UInt64(mean) - 1)ns") == true)
        #expect(try holds("mean > \(UInt64(mean) + 1)ns") == false)
        // 100 in two seconds.
        #expect(try holds("iops < 51") == true)
        #expect(try holds("iops < 50") == false)
        #expect(try holds("queue_wait > 49us") == true)
        #expect(try holds("queue_wait > 51us") == false)
        #expect(try holds("p99 > 100us") == true)
        #expect(try holds("p99.9 > 1s") == false)
        // A stage that no I/O has takes no time.
        #expect(try holds("throttle > 1ns") == false)
    }

    @Test func withoutIOsNothingIsKnownButThatThereAreNone() throws {
        let report = ReportBuilder(rule: .unknown, percentiles: [99])
            .finish(source: ReportSource(kind: "test", isComplete: true), loss: [])
        #expect(try #require(Self.rule("p99 > 1ns")).holds(in: report, seconds: 1) == nil)
        #expect(try #require(Self.rule("queue_wait > 1ns")).holds(in: report, seconds: 1) == nil)
        #expect(try #require(Self.rule("iops < 1")).holds(in: report, seconds: 1) == true)
    }
}
