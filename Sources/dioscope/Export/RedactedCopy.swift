// SPDX-License-Identifier: GPL-2.0-only

import Capture
import Glibc
import Host
import SystemPackage

/// A capture without what identifies the machine and its users, for as long as it is read.
struct RedactedCopy {
    private let directory: String
    var path: String { directory + "/redacted.dioscope" }

    init(of file: String) throws {
        let temporary = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array((temporary + "/dioscope-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Failure(.cannotCreate, "cannot create a directory in \(temporary): \(errorText())")
        }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        do {
            let copy = FilePath(path)
            _ = try reading { try CaptureReader(path: FilePath(file)).pack(to: copy, redacts: true) }
        } catch {
            remove()
            throw error
        }
    }

    func remove() {
        unlink(path)
        rmdir(directory)
    }
}
