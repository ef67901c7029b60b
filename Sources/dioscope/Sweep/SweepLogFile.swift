// SPDX-License-Identifier: GPL-2.0-only

import FoundationEssentials
import Glibc
import Host
import Input
import Sweep

/// The file that a sweep's results go to, run by run.
final class SweepLogFile {
    let path: String
    private let descriptor: Int32

    /// A new one.
    init(creating path: String, _ header: SweepLog.Header) throws(Failure) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw errno == EEXIST ? Self.isThere(path) : Self.cannotCreate(path)
        }
        flock(descriptor, LOCK_EX | LOCK_NB)
        try append(SweepLog.line(header))
    }

    static func isThere(_ path: String) -> Failure {
        Failure(
            .cannotCreate, "\(path) exists: a saved sweep is never overwritten",
            hint: "to go on with it: --resume \(path)")
    }

    /// By errno.
    static func cannotCreate(_ path: String) -> Failure {
        Failure(.cannotCreate, "cannot create \(path): \(errorText())")
    }

    /// One to go on with: what is cut off at its end goes away.
    init(resuming path: String, _ log: SweepLog) throws(Failure) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0, ftruncate(descriptor, off_t(log.length)) == 0 else {
            throw Failure(.inputOutput, "cannot write \(path): \(errorText())")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw Failure(.inputOutput, "\(path): another sweep is writing it")
        }
    }

    deinit { close(descriptor) }

    /// On the disk when this returns.
    func append(_ line: [UInt8]) throws(Failure) {
        var rest = line[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { throw failure() }
            rest = rest.dropFirst(max(0, count))
        }
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure() }
    }

    private func failure() -> Failure {
        Failure(
            .inputOutput, "cannot write \(path): \(errorText())",
            hint: "with room for it, go on with: dioscope sweep --resume \(path)")
    }

    static func read(_ path: String) throws(Failure) -> SweepLog {
        let content = try reading { try savedSweep(path) }
        do {
            return try SweepLog(content)
        } catch {
            throw Failure(.data, "\(path) is not a saved sweep: \(error.reason)")
        }
    }
}
