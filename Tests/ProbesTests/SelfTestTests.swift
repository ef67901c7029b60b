// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import Testing

@testable import Probes

/// The probes read their own context where the kernel itself says it.
struct SelfTestTests {
    /// Of 20 readings in each: hard interrupts, softirqs, tasks.
    static func losses(wrong: (UInt32, UInt32, UInt32)) -> [DataLoss] {
        var cpu = probe_cpu()
        cpu.tests = (20, 20, 20)
        cpu.misread = wrong
        var counters = ProbeCounters(isFiltered: false)
        counters.add(cpu, number: 0)
        counters.add(probe_cpu(), number: 1)
        return counters.losses.filter { $0.what == DataLoss.contextsMisread }
    }

    @Test func rightReadingsAreNoLoss() {
        #expect(Self.losses(wrong: (0, 0, 0)).isEmpty)
        // An interrupt may be raised anew by software: one of twenty is no proof.
        #expect(Self.losses(wrong: (1, 1, 1)).isEmpty)
    }

    /// As on PREEMPT_RT before its softirqs were known: they looked like tasks.
    @Test func wrongReadingsAreALossThatSaysWhere() throws {
        let losses = Self.losses(wrong: (0, 20, 0))
        let loss = try #require(losses.first)
        #expect(losses.count == 1 && loss.count == 20 && loss.severity == .loss)
        #expect(loss.help.contains("in a softirq 20 of 20 times they read something else"))
    }
}
