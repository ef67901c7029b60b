// SPDX-License-Identifier: GPL-2.0-only

import Capture
import KernelTraces
import Probes

extension Failure {
    init(_ error: ProbeError) {
        let status: ExitStatus =
            switch error {
            case .noBTF, .missingEssential, .refused: .unavailable
            case .notPermitted: .notPermitted
            }
        self.init(status, error.description, hint: error.hint)
    }

    init(_ error: TraceError) {
        let status: ExitStatus =
            switch error {
            case .cannotOpen, .isDirectory: .noInput
            case .noSpool: .inputOutput
            default: .data
            }
        self.init(status, error.description)
    }

    init(_ error: CaptureError) {
        let status: ExitStatus =
            switch error {
            case .cannotOpen, .isDirectory: .noInput
            case .exists, .cannotCreate: .cannotCreate
            case .diskFull, .writeFailed: .inputOutput
            default: .data
            }
        self.init(status, error.description)
    }

    /// Prints it on standard error.
    func say() {
        Terminal.say(message)
        if let hint { Terminal.advise(hint) }
    }
}
