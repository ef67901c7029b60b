// SPDX-License-Identifier: GPL-2.0-only

import Capture
import DirectIO
import Glibc
import SystemPackage
import Testing

/// Needs root, for a file system small enough to fill.
struct FullDiskTests {
    @Test(.enabled("needs to mount a tmpfs") { (try? onSmallDisk { _ in }) != nil })
    func fullDiskKeepsWholeChunks() throws {
        let sample = SampleCapture(ios: 700, flushEvery: 1)
        try onSmallDisk { directory in
            let path = directory.appending("a.dioscope")
            let writer = try CaptureWriter(creating: path, session: sample.session)
            // 6 chunks of 100 I/Os fit into 20 pages, the seventh in part.
            let error = #expect(throws: CaptureError.self) {
                for (index, io) in sample.ios.enumerated() {
                    try writer.append(io)
                    if (index + 1).isMultiple(of: 100) { try writer.flush() }
                }
            }
            #expect(error == .diskFull(path, kept: writer.bytesWritten, .noSpace))
            #expect(writer.iosWritten == 600)
            #expect(try contents(of: path).count == Int(writer.bytesWritten))
            let content = try CaptureContent(CaptureReader(path: path))
            #expect(content.ios == Array(sample.ios.prefix(600)))
            #expect(content.summary.bytesLost == 0)
            #expect(!content.summary.isComplete)

            let other = directory.appending("b.dioscope")
            let filler = try FileDescriptor.open(
                directory.appending("filler"), .writeOnly, options: .create, permissions: .ownerReadWrite)
            defer { try? filler.close() }
            while (try? filler.writeAll(Array(repeating: 0, count: 4096))) != nil {}
            #expect(throws: CaptureError.diskFull(other, kept: 0, .noSpace)) {
                try CaptureWriter(creating: other, session: sample.session)
            }
            #expect(throws: CaptureError.cannotOpen(other, .noSuchFileOrDirectory)) {
                try CaptureReader(path: other)
            }
        }
    }
}

/// Calls `body` with an empty file system of 20 pages.
private func onSmallDisk(_ body: (FilePath) throws -> Void) throws {
    try withTemporaryDirectory { directory in
        guard mount("tmpfs", directory.string, "tmpfs", 0, "size=80k") == 0 else { throw Errno(rawValue: errno) }
        defer { umount(directory.string) }
        try body(directory)
    }
}
