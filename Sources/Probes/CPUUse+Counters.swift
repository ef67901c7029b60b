// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO

extension CPUUse {
    /// The clocks and counters of one CPU as the programs keep them; see `struct probe_cpu`.
    init(cpu: UInt16, counters: probe_cpu) {
        self.init(
            cpu: cpu, occupied: withUnsafeBytes(of: counters.clock_ns) { Array($0.bindMemory(to: UInt64.self)) },
            submitterRuns: counters.submitter_runs, workerRuns: counters.worker_runs, works: counters.works,
            submitterDisplaced: counters.submitter_displaced_ns,
            reaping: Reaping(asleep: counters.reaps, time: counters.reap_ns, awake: counters.completed_awake),
            quotaStops: QuotaStops(count: counters.stops, time: counters.stopped_ns))
    }
}
