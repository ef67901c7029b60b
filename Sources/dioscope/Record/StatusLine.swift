// SPDX-License-Identifier: GPL-2.0-only

import Glibc
import Probes

/// One line a second on standard error while recording; nothing when that is no terminal.
final class StatusLine {
    private let isShown = Terminal.isTerminal(STDERR_FILENO)
    private var lastSeen: UInt64 = 0
    private var lastNanoseconds: UInt64 = 0

    /// - Parameters:
    ///   - nanoseconds: since the recording began.
    ///   - every: one I/O of so many is recorded.
    func show(after nanoseconds: UInt64, counters: ProbeCounters, every: UInt32) {
        guard isShown else { return }
        let elapsed = Double(nanoseconds - lastNanoseconds) / 1e9
        let seen = counters.recorded + counters.sampledOut
        let rate = elapsed > 0 ? UInt64(Double(seen - min(seen, lastSeen)) / elapsed) : 0
        (lastSeen, lastNanoseconds) = (seen, nanoseconds)
        let text =
            "\(nanoseconds / 1_000_000_000) s  \(counters.recorded) I/Os  \(rate) IOPS  "
            + "\(counters.inFlight) in flight  \(counters.surelyLost) lost"
            + (every > 1 ? "  one in \(every) recorded" : "")
        Terminal.replaceLine(with: text)
    }

    func clear() {
        if isShown && lastNanoseconds > 0 { Terminal.replaceLine() }
    }
}
