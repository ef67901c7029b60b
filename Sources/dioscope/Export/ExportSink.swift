// SPDX-License-Identifier: GPL-2.0-only

import Glibc
import Host
import SystemPackage

/// Where an export goes: standard output, or a file that takes its name only when all of it is written. So a tool that
/// reads it meanwhile has the old one, and a full disk leaves that.
final class ExportSink {
    private let path: FilePath?
    private let descriptor: Int32
    private var temporary: FilePath? { path.map { FilePath($0.string + ".\(getpid())~") } }

    init(_ path: FilePath?) throws(Failure) {
        // What is no regular file is written as it is: /dev/stdout, a pipe.
        var status = stat()
        let isSpecial = path.map { stat($0.string, &status) == 0 && status.st_mode & S_IFMT != S_IFREG } ?? false
        self.path = isSpecial ? nil : path
        guard let path else {
            descriptor = Terminal.output
            return
        }
        let name = isSpecial ? path.string : path.string + ".\(getpid())~"
        descriptor = open(name, O_WRONLY | O_CLOEXEC | (isSpecial ? 0 : O_CREAT | O_EXCL), 0o666)
        guard descriptor >= 0 else {
            throw Failure(.cannotCreate, "cannot create \(path.string): \(errorText())")
        }
    }

    /// Takes the bytes away.
    func write(_ bytes: inout [UInt8]) throws(Failure) {
        try Terminal.write(bytes, to: descriptor)
        bytes.removeAll(keepingCapacity: true)
    }

    func finish() throws(Failure) {
        guard let path, let temporary else { return }
        guard close(descriptor) == 0, rename(temporary.string, path.string) == 0 else {
            let reason = errorText()
            unlink(temporary.string)
            throw Failure(.inputOutput, "cannot write \(path.string): \(reason)")
        }
    }

    /// Leaves nothing of what was written.
    func discard() {
        if let temporary { unlink(temporary.string) }
    }
}
