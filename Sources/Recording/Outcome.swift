// SPDX-License-Identifier: GPL-2.0-only

import Capture
import Probes

/// How a recording went.
public struct Outcome {
    public let ios: UInt64
    public let bytes: UInt64
    public let counters: ProbeCounters
    public let commandStatus: Int32?
    /// Why the capture file is not whole.
    public let failure: CaptureError?
    /// What no probe could see, in words.
    public var blindTo: [String] = []

    /// One line for the user.
    public func summary(path: String) -> String {
        var text = "\(ios) I/Os recorded, \(counters.lost) lost"
        if counters.inFlight > 0 { text += ", \(counters.inFlight) still in flight" }
        if counters.filteredOut > 0 { text += ", \(counters.filteredOut) left out by the filters" }
        return text + "; wrote \(path) (\(bytes) bytes)"
    }
}
