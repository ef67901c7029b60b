// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// What completing the I/Os cost the scheduler, by the clocks and counters of the probes over the whole recording.
public struct Scheduling: Equatable, Sendable {
    /// Every CPU that was in use, in order.
    public var cpus: [CPUUse]

    /// `nil` if not known.
    init?(_ cpus: [CPUUse]) {
        self.cpus = cpus.filter { $0.occupied.contains { $0 > 0 } }
        if self.cpus.isEmpty { return nil }
    }

    /// Switches to a thread that submits I/Os.
    public var submitterRuns: UInt64 { sum(\.submitterRuns) }
    /// Switches to a kworker that then completed I/Os.
    public var workerRuns: UInt64 { sum(\.workerRuns) }
    /// I/Os, traced or not, that kworkers completed.
    public var works: UInt64 { sum(\.works) }
    /// Nanoseconds in which a submitter was runnable and off-CPU because such a kworker had displaced it.
    public var submitterDisplaced: UInt64 { sum(\.submitterDisplaced) }

    /// What became of completions, of all CPUs together; `nil` if not known.
    public var reaping: CPUUse.Reaping? {
        cpus.compactMap(\.reaping).reduce(nil) { sum, next in sum.map { $0 + next } ?? next }
    }

    /// Submitters that stood still for the CPU quota of their cgroup, of all CPUs together; `nil` when none did.
    public var quotaStops: CPUUse.QuotaStops? {
        let stops = cpus.compactMap(\.quotaStops)
        return .init(count: stops.reduce(0) { $0 &+ $1.count }, time: stops.reduce(0) { $0 &+ $1.time })
    }

    /// How many I/Os a kworker completes each time it gets the CPU; `nil` when none ran.
    public var worksPerRun: Double? { workerRuns == 0 ? nil : Double(works) / Double(workerRuns) }

    private func sum(_ member: KeyPath<CPUUse, UInt64>) -> UInt64 { cpus.reduce(0) { $0 + $1[keyPath: member] } }
}
