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
    /// Whose I/Os the filters left out, the most first.
    public var leftOut: [LeftOutProcess] = []
    /// Processes of the command that it did not wait for, and whose I/Os are no longer recorded: `fio/4711`; untrusted.
    public var outliving: [String] = []

    /// I/Os that the probes recorded, and that the file has not: since it could not be written, those until it was noticed.
    public var unwritten: UInt64 {
        failure == nil || counters.recorded < ios ? 0 : counters.recorded - ios
    }

    /// One line for the user, with names that are untrusted.
    /// - Parameter incomplete: those of the recorded I/Os of which not every time was seen; `nil`: nobody looked.
    public func summary(path: String, incomplete: UInt64? = nil) -> String {
        var text = "\(ios) \(ios == 1 ? "I/O" : "I/Os") recorded"
        if let incomplete, incomplete > 0 { text += ", of which \(incomplete) incomplete" }
        text += ", \(counters.lost) lost"
        if unwritten > 0 { text += ", \(unwritten) more that could not be written, and none after that" }
        if counters.inFlight > 0 { text += ", \(counters.inFlight) still in flight" }
        if counters.filteredOut > 0 { text += ", \(counters.filteredOut) left out by the filters\(whose)" }
        return text + "; wrote \(path) (\(bytes) bytes)"
    }

    /// ` (fio/4711 51200, dd/4712 229)`.
    private var whose: String {
        let names = leftOut.prefix(Self.namesShown).map { process in
            "\(process.name)/\(process.process) \(process.ios)"
        }
        let more = leftOut.count > Self.namesShown ? ", and others" : ""
        return names.isEmpty ? "" : " (" + names.joined(separator: ", ") + more + ")"
    }

    private static let namesShown = 3
}
