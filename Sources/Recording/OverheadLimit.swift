// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Host
import Probes

/// Keeps a recording below a part of the CPU time: when it takes more, fewer I/Os are recorded.
final class OverheadLimit {
    private let probes: any ProbeSource
    private let meter: any OverheadSource
    private var ladder: SamplingLadder
    private let listener: any RecordingListener
    private var hasReportedEnd = false
    /// From when on how many I/Os were recorded; one as long as that did not change.
    private(set) var steps: [SamplingStep]

    /// - Parameters:
    ///   - limit: part of the CPU time.
    ///   - every: at first one I/O of so many is recorded.
    init(_ probes: any ProbeSource, limit: Double, every: UInt32, _ listener: any RecordingListener) {
        self.probes = probes
        self.listener = listener
        meter = probes.overheadMeter()
        ladder = SamplingLadder(limit: limit, every: every)
        steps = [SamplingStep(from: HostClock.monotonic, every: ladder.every)]
    }

    /// One I/O of so many is recorded now.
    var every: UInt32 { ladder.every }

    /// To be called about ten times a second.
    /// - Returns: Whether fewer I/Os are recorded from now on.
    func check() -> Bool {
        guard let overhead = meter.turn() else { return false }
        guard let every = ladder.next(after: overhead) else {
            reportEnd(overhead)
            return false
        }
        probes.sample(every: every)
        steps.append(SamplingStep(from: HostClock.monotonic, every: every, overhead: overhead))
        listener.samplingReduced(to: every, overhead: overhead)
        meter.lookAgain()
        return true
    }

    /// Once: sampling does not reduce what I/Os do not cause.
    private func reportEnd(_ overhead: Double) {
        guard ladder.isAtEnd, overhead > ladder.limit, !hasReportedEnd else { return }
        hasReportedEnd = true
        listener.samplingExhausted(at: every, overhead: overhead)
    }
}
