// SPDX-License-Identifier: GPL-2.0-only

import FoundationEssentials
import Glibc

/// The standard output of a traced command that prints once, at its end: a file without a name, which is read before it is
/// passed on.
struct HeldOutput {
    private let file: UnsafeMutablePointer<FILE>

    /// `nil` when there is no place for such a file.
    init?() {
        guard let file = tmpfile() else { return nil }
        self.file = file
    }

    var descriptor: Int32 { fileno(file) }

    /// What has been written so far.
    var content: Data {
        var content = Data()
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = pread(descriptor, &bytes, bytes.count, off_t(content.count))
            guard count > 0 else { return content }
            content.append(contentsOf: bytes[..<count])
        }
    }

    /// Writes it where the command would have.
    func passOn() throws(Failure) {
        try Terminal.write([UInt8](content), to: Terminal.output)
    }
}
