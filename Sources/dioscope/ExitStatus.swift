// SPDX-License-Identifier: GPL-2.0-only

/// What dioscope exits with; the names are those of sysexits.h. `record -- COMMAND` exits as COMMAND did.
enum ExitStatus: Int32 {
    case ok = 0
    /// The answer was given, from a capture that is cut or damaged.
    case incomplete = 2
    /// `compare`: a rule of --fail-if is broken.
    case changed = 3
    /// The answer was given, and it is that there was no direct I/O: nothing to report, list or export.
    case nothing = 4
    /// `compare`: no rule of --fail-if is broken, and one cannot be decided.
    case undecidable = 5
    case usage = 64
    /// The input is not what it should be.
    case data = 65
    /// The input cannot be opened.
    case noInput = 66
    /// This kernel or machine cannot do it.
    case unavailable = 69
    case cannotCreate = 73
    case inputOutput = 74
    case notPermitted = 77
    case commandNotExecutable = 126
    case commandNotFound = 127
}

/// A failure as the user sees it: one line, and what to do on a second.
struct Failure: Error {
    let status: ExitStatus
    let message: String
    let hint: String?

    init(_ status: ExitStatus, _ message: String, hint: String? = nil) {
        self.status = status
        self.message = message
        self.hint = hint
    }
}
