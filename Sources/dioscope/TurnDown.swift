// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Probes
import Rendering

/// Keeps a recording below a part of the CPU time: when it takes more, fewer I/Os are recorded.
final class TurnDown {
    private let probes: LiveProbes
    private let meter: OverheadMeter
    private var ladder: SamplingLadder
    private var hasToldTheEnd = false
    /// From when on how many I/Os were recorded; one as long as that did not change.
    private(set) var steps: [SamplingStep]

    /// - Parameters:
    ///   - limit: part of the CPU time.
    ///   - every: at first one I/O of so many is recorded.
    init(_ probes: LiveProbes, limit: Double, every: UInt32) {
        self.probes = probes
        meter = OverheadMeter(probes)
        ladder = SamplingLadder(limit: limit, every: every)
        steps = [SamplingStep(from: Box.monotonic, every: ladder.every)]
    }

    /// One I/O of so many is recorded now.
    var every: UInt32 { ladder.every }

    /// To be called about ten times a second.
    /// - Returns: Whether fewer I/Os are recorded from now on.
    func turn() -> Bool {
        guard let overhead = meter.turn() else { return false }
        guard let every = ladder.next(after: overhead) else {
            tellTheEnd(overhead)
            return false
        }
        probes.sample(every: every)
        steps.append(SamplingStep(from: Box.monotonic, every: every, overhead: overhead))
        say(
            "recording takes \(Quantity.percent(overhead)) of the CPU time: from now on one I/O in \(every) is recorded"
        )
        meter.lookAgain()
        return true
    }

    /// Once: what I/Os do not cause cannot be turned down.
    private func tellTheEnd(_ overhead: Double) {
        guard ladder.isAtEnd, overhead > ladder.limit, !hasToldTheEnd else { return }
        hasToldTheEnd = true
        say(
            "recording takes \(Quantity.percent(overhead)) of the CPU time with one I/O in \(every): "
                + "task switches and interrupts cost the same whatever is recorded")
        Terminal.advise("--no-holders does without task switches")
    }

    private func say(_ text: String) {
        if Terminal.isTerminal(Terminal.messages) { Terminal.replaceLine() }
        Terminal.say(text)
    }
}
