// SPDX-License-Identifier: GPL-2.0-only

import Capture
import Host
import Probes

/// Why a recording could not begin, or did not go on.
public enum RecordingError: Error {
    case probes(ProbeError)
    case capture(CaptureError)
    case command(any Error)
    /// This kernel does not measure what BPF programs cost, or not for this process.
    case costUnknown
    /// `create` comes before `run`.
    case notPrepared
}

/// A command that could not be started.
public struct CommandError: Error {
    public let name: String
    /// `errno` of the attempt.
    public let number: Int32

    public var description: String { "cannot run '\(name)': \(errorText(number))" }
}
