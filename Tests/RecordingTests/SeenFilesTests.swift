// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Foundation
import Testing

@testable import Recording

struct SeenFilesTests {
    /// An inode that is used again has the paths of both files.
    @Test func aFileThatIsGoneIsLookedForAgain() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        var files = SeenFiles()
        let path = directory.appending(path: "first").path(percentEncoded: false)
        let descriptor = open(path, O_CREAT | O_RDWR, 0o600)
        var status = stat()
        try #require(fstat(descriptor, &status) == 0)
        var io = probe_io()
        (io.inode, io.submitter_tid) = (UInt64(status.st_ino), UInt32(getpid()))
        files.note(&io)
        #expect(files.names.map(\.path) == [path])
        var isAnyGone = files.check()
        #expect(!isAnyGone)
        close(descriptor)
        unlink(path)
        isAnyGone = files.check()
        #expect(isAnyGone)
        files.note(&io)
        #expect(files.names.map(\.path) == [path + ", later another"])
        isAnyGone = files.check()
        #expect(!isAnyGone)
    }
}
