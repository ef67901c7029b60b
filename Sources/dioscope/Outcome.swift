// SPDX-License-Identifier: GPL-2.0-only

import Probes

/// How a recording went.
struct Outcome {
    let ios: UInt64
    let bytes: UInt64
    let counters: ProbeCounters
    let commandStatus: Int32?
    let failure: Failure?

    /// One line for the user.
    func summary(path: String) -> String {
        var text = "\(ios) I/Os recorded, \(counters.lost) lost"
        if counters.inFlight > 0 { text += ", \(counters.inFlight) still in flight" }
        if counters.filteredOut > 0 { text += ", \(counters.filteredOut) left out by the filters" }
        return text + "; wrote \(path) (\(bytes) bytes)"
    }
}
