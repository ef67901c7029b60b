// SPDX-License-Identifier: GPL-2.0-only

import Capture
import KernelTraces
import Probes

extension ProbePlan {
    /// What is wanted of this kernel.
    init(permittedBy access: KernelAccess) throws(Failure) {
        guard access.mayLoadPrograms else { throw Failure(ProbeError.notPermitted) }
        guard let btf = KernelBTF() else { throw Failure(ProbeError.noBTF) }
        self.init(kernel: btf)
    }
}

extension Failure {
    static func inPIDNamespace(hint: String? = nil) -> Failure {
        Failure(
            .unavailable, "in a pid namespace (a container): process numbers here are not the kernel's", hint: hint)
    }

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
