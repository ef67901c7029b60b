// SPDX-License-Identifier: GPL-2.0-only

import Comparison

/// All repeats of one cell.
public struct CellResult: Sendable {
    public var cell: Cell
    /// Per second, by fio: of the untraced runs, or of the traced ones when there are no others.
    public var iops: Estimate?
    /// What fio reached while it was traced, against the untraced runs; `nil` without one of them.
    public var tracing: Difference?
    /// Runs that went well.
    public var runCount: Int
    /// fio's own mean latency in nanoseconds, of the same runs as `iops`.
    public var meanLatency: Estimate?
    /// Part of the recorded I/Os that ended on the CPU that submitted them; `nil`: not seen.
    public var submitEndShare: Double?
    /// Why runs failed: each reason once. Untrusted.
    public var failures: [String]
    /// What was recorded, run by run.
    let recorded: [Run]

    init(_ cell: Cell, _ runs: [FinishedRun]) {
        self.cell = cell
        let good = runs.filter { $0.record.fio != nil }
        let traced = good.filter(\.record.planned.isTraced)
        let controls = good.filter { !$0.record.planned.isTraced }
        func rates(_ runs: [FinishedRun]) -> Estimate? { Estimate(runs: runs.compactMap { $0.record.fio?.iops }) }
        let shown = controls.isEmpty ? traced : controls
        iops = rates(shown)
        meanLatency = Estimate(runs: shown.compactMap { $0.record.fio?.meanLatency })
        tracing = controls.isEmpty || traced.isEmpty ? nil : Difference(base: rates(controls), new: rates(traced))
        runCount = good.count
        let shares = traced.compactMap(\.record.submitEndShare)
        submitEndShare = shares.isEmpty ? nil : shares.reduce(0, +) / Double(shares.count)
        // A run that was made again and went well has not failed.
        let done = Set(good.map(\.record.planned))
        var failures: [String] = []
        for run in runs where !done.contains(run.record.planned) {
            if let failure = run.record.failure, !failures.contains(failure) { failures.append(failure) }
        }
        self.failures = failures
        recorded = traced.enumerated().compactMap { index, run in run.report?.run(named: "run \(index + 1)") }
    }
}
