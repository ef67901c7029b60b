// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Report
import Testing

@testable import Comparison

@Suite struct ComparabilityTests {
    private static func facts(_ change: (inout RunFacts) -> Void = { _ in }) -> RunFacts {
        var facts = SyntheticIOs.run(seconds: 1).facts
        facts.peakInFlight = 16
        change(&facts)
        return facts
    }

    private static func obstacles(_ change: (inout RunFacts) -> Void) -> [String] {
        Comparability(base: [facts()], new: [facts(change)]).obstacles.map(\.what)
    }

    @Test func alike() {
        let found = Comparability(base: [Self.facts()], new: [Self.facts()])
        #expect(found.obstacles.isEmpty)
        #expect(found.differences.isEmpty)
    }

    @Test func whatMustBeAlike() {
        #expect(Self.obstacles { $0.operation = .init(value: "read", share: 1) } == ["op"])
        #expect(Self.obstacles { $0.operation?.share = 0.7 } == ["op"])
        #expect(Self.obstacles { $0.operation?.share = 0.97 } == [])
        #expect(Self.obstacles { $0.length = .init(value: "8192", share: 1) } == ["block size"])
        #expect(Self.obstacles { $0.issuer = .init(value: "io_uring", share: 1) } == ["issuer"])
        #expect(Self.obstacles { $0.fileSystem = "xfs" } == ["file system"])
        #expect(Self.obstacles { $0.peakInFlight = 32 } == ["queue depth"])
        #expect(Self.obstacles { $0.peakInFlight = 17 } == [])
    }

    /// What one side does not know is no obstacle: a saved report has no queue depth.
    @Test func unknownIsNoObstacle() {
        #expect(Self.obstacles { ($0.peakInFlight, $0.fileSystem) = (nil, nil) } == [])
    }

    @Test func runsOfOneSideMustBeAlikeToo() {
        let other = Self.facts { $0.length = .init(value: "8192", share: 1) }
        #expect(
            Comparability(base: [Self.facts(), other], new: [Self.facts()]).obstacles.map(\.what) == ["block size"])
    }

    @Test func whatElseDiffers() {
        let other = Self.facts {
            $0.kernel = "7.2"
            $0.endCPUs = [0, 1, 2, 5]
            $0.probes = ["tp_btf/sched_switch"]
        }
        let same = Self.facts { $0.probes = ["tp_btf/irq_handler_entry", "tp_btf/sched_switch"] }
        let found = Comparability(base: [same], new: [other]).differences
        #expect(found.map(\.what) == ["kernel", "ended on", "probes"])
        #expect(found[1].new == ["CPU 0-2,5"])
        #expect(found[2].base == ["tp_btf/irq_handler_entry"])
        #expect(found[2].new == [])
    }
}

@Suite struct FailRuleTests {
    private static let base = SyntheticIOs.run("base")
    private static let slower = SyntheticIOs.run("slower", queueWait: 80_000, seed: 3)
    private static let comparison = Comparison(base: [base], new: [slower])

    @Test func whatIsNoRule() {
        for text in [
            "", "p99", "p99 >", "> 5%", "p99 > x%", "q98 > 5%", "mean = 5%", "mean > 5", "iops < 3us", "p99 >> 5%",
            "mean > nan%", "mean > inf%", "mean > 5% 6%", "mean > %",
        ] {
            #expect(FailRule(text) == nil, "\(text)")
        }
    }

    @Test func rulesAreHeldAgainstTheChange() throws {
        // The mean latency rises by 30 us of 188.
        for (text, isBroken) in [
            ("mean > +5%", true), ("mean>5%", true), ("mean > 25%", false), ("mean > +20us", true),
            ("mean > 40us", false), ("mean > 0.02 ms", true), ("mean < -5%", false), ("queue_wait > 10us", true),
            ("device > 10us", false), ("p50 > 5%", true), ("iops < -50%", false),
        ] {
            let rule = try #require(FailRule(text), "\(text)")
            let outcome = rule.outcome(of: Self.comparison)
            if isBroken {
                guard case .broken = outcome else {
                    Issue.record("\(text): \(outcome)")
                    continue
                }
            } else {
                #expect(outcome == .holds, "\(text)")
            }
        }
    }

    @Test func withoutAnIntervalNothingIsDecided() throws {
        let short = Comparison(base: [Self.base], new: [SyntheticIOs.run("short", seconds: 3, queueWait: 80_000)])
        guard case .unbounded = try #require(FailRule("mean > 5%")).outcome(of: short) else {
            Issue.record("decided")
            return
        }
        let none = try #require(FailRule("task_work_wait > 0")).outcome(of: Self.comparison)
        #expect(none == .unknown(.neitherSide))
    }

    @Test func whatMayBeChanceIsUndecided() throws {
        let same = Comparison(base: [Self.base], new: [SyntheticIOs.run("same", seed: 5)])
        let delta = try #require(same.difference(in: .mean)?.delta)
        // Below the change that there is, whichever sign it has.
        let rule = try #require(FailRule(delta.value > 0 ? "mean > 0" : "mean < 0"))
        guard case .undecided = rule.outcome(of: same) else {
            Issue.record("\(rule.outcome(of: same)) at \(delta)")
            return
        }
    }

    @Test func anyPercentileCanBeARule() throws {
        for name in ["p0", "p100", "p", "p-1", "pp5", "p1e", "pinf", "p99.9x"] {
            #expect(FailRule("\(name) > 5%") == nil, "\(name)")
        }
        #expect(try #require(FailRule("p99.90 > 5%")).metric == .percentile(.p999))
        let same = try #require(FailRule("p12.5 > 5%")).outcome(of: Comparison(base: [Self.base], new: [Self.base]))
        #expect(same == .holds)
        guard case .broken = try #require(FailRule("p55.5 > 5%")).outcome(of: Self.comparison) else {
            Issue.record("not broken")
            return
        }
    }

    @Test func withoutNumbersUnknown() throws {
        let empty = RunBuilder(rule: .unknown, blockLength: 1_000_000_000)
            .finish(name: "empty", source: SyntheticIOs.source, loss: [])
        let comparison = Comparison(base: [empty], new: [Self.base])
        #expect(try #require(FailRule("mean > 5%")).outcome(of: comparison) == .unknown(.noBase))
    }
}
