// SPDX-License-Identifier: GPL-2.0-only

import Capture
import Glibc
import Input
import KernelTraces
import Probes
import Recording
import Rendering
import Report

extension ProbePlan {
    /// What is wanted of this kernel.
    init(permittedBy access: KernelAccess) throws(Failure) {
        guard access.mayLoadPrograms else { throw Failure(ProbeError.notPermitted) }
        guard access.showsAddresses else { throw Failure(ProbeError.hiddenAddresses) }
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
            case .notPermitted, .hiddenAddresses: .notPermitted
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

    init(_ error: InputError) {
        self.init(.data, error.message, hint: error.hint)
    }

    init(_ error: CommandError) {
        guard error.number == ENOENT else {
            self.init(.commandNotExecutable, error.description)
            return
        }
        self.init(
            .commandNotFound, "cannot run '\(error.name)': command not found",
            hint: "the command comes after '--', with its own arguments: dioscope record -- fio job.fio")
    }

    init(_ error: RecordingError) {
        switch error {
        case .probes(let error): self.init(error)
        case .capture(let error): self.init(error)
        case .command(let error as CommandError): self.init(error)
        case .command(let error as Failure): self = error
        case .command(let error): self.init(.commandNotExecutable, "\(error)")
        case .costUnknown:
            self.init(
                .unavailable, "the kernel does not measure what BPF programs cost",
                hint: "that takes 5.8 or later, and CAP_SYS_ADMIN or sysctl kernel.bpf_stats_enabled=1")
        case .notPrepared: self.init(.unavailable, "nothing is prepared")
        }
    }

    /// Prints it on standard error.
    func say() {
        Terminal.say(message)
        if let hint { Terminal.advise(hint) }
    }
}

/// Runs what records; its errors become failures as the user sees them.
func recording<Result>(_ body: () throws(RecordingError) -> Result) throws(Failure) -> Result {
    do {
        return try body()
    } catch {
        throw Failure(error)
    }
}

/// Runs what reads a capture or trace; its errors become failures as the user sees them.
func reading<Result>(_ body: () throws -> Result) throws(Failure) -> Result {
    do {
        return try body()
    } catch let error as CaptureError {
        throw Failure(error)
    } catch let error as TraceError {
        throw Failure(error)
    } catch let error as InputError {
        throw Failure(error)
    } catch let failure as Failure {
        throw failure
    } catch {
        throw Failure(.data, "\(error)")
    }
}

extension SourceSummary {
    /// What a report says of what was there besides.
    private var emptyReport: Report { ReportBuilder(rule: .unknown).finish(source: source, loss: loss) }

    /// - Throws: when it is cut or damaged, or has no I/Os.
    func complain() throws(Failure) {
        guard !source.isComplete else {
            guard ios == requests else { return }
            let absence = ios == 0 ? Self.absence(given: emptyReport) ?? absence : absence
            let requests = ios == 0 ? OtherRequestText.sentence(source.otherRequests) : nil
            let reasons = [absence?.reason, requests].compactMap(\.self)
            let reason = reasons.isEmpty ? "" : ": " + reasons.joined(separator: "; ")
            let what = absence?.what ?? "no direct I/O"
            throw Failure(.nothing, "\(name) has \(what)\(reason)", hint: absence?.remedy)
        }
        for finding in damage.prefix(3) { Terminal.say("\(name): \(finding)") }
        if damageCount > 3 { Terminal.say("and \(damageCount - 3) more damaged places") }
        throw Failure(.incomplete, "\(name) is incomplete: \(Quantity.ios(ios)) could be read")
    }
}
