// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Foundation
import Testing

@testable import Recording

/// Who has pages of a file cached, by a procfs that was made up.
final class CachedFilesTests {
    private let root = FileManager.default.temporaryDirectory.appending(path: "dioscope-\(UUID().uuidString)")

    deinit { try? FileManager.default.removeItem(at: root) }

    private func write(_ text: String, _ path: String) throws {
        let file = root.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    private func noted(_ ios: [probe_io]) -> CachedFiles {
        var files = CachedFiles()
        for io in ios {
            withUnsafePointer(to: io) { if CachedFiles.isOne($0) { files.note($0) } }
        }
        return files
    }

    @Test func onlyDeferredWritesToCachedFilesCount() {
        var inline = probe_io.write(from: 1, inode: 13, pageCache: true)
        inline.complete_context = UInt8(PROBE_CONTEXT_HARDIRQ.rawValue)
        let files = noted([.write(from: 1), inline, .write(from: 2, inode: 14, pageCache: true)])
        #expect(files.files.map(\.inode) == [14])
    }

    @Test func nobodyIsAskedWithoutSuchAFile() {
        #expect(noted([.write(from: 1)]).users(procfs: root.path) == nil)
    }

    @Test func aProcessThatHasItMappedIsFound() throws {
        try write("postgres\n", "42/comm")
        try write("7f01-7f02 r--s 00000000 103:00000 14 /mnt/t/file\n", "42/maps")
        try write("other\n", "43/comm")
        try write("7f01-7f02 r--s 00000000 103:00000 15 /mnt/t/file\n", "43/maps")
        let users = try #require(noted([.write(from: 1, inode: 14, pageCache: true)]).users(procfs: root.path))
        #expect(users.map(\.process) == [42])
        #expect(users.first?.name == "postgres")
        #expect(users.first?.isMapped == true)
    }

    @Test(arguments: [
        ("pos:\t0\nflags:\t0140002\nmnt_id:\t1\nino:\t14\n", true),
        ("pos:\t0\nflags:\t0100002\nmnt_id:\t1\nino:\t14\n", false),
    ])
    func fdinfoTellsWhetherItIsDirect(_ text: String, _ isDirect: Bool) throws {
        let info = try #require(OpenFileInfo(text))
        #expect(info.inode == 14)
        #expect(info.isDirect == isDirect)
    }

    @Test func fdinfoBefore514IsNoAnswer() {
        #expect(OpenFileInfo("pos:\t0\nflags:\t0100002\nmnt_id:\t1\n") == nil)
    }
}
