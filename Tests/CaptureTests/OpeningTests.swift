// SPDX-License-Identifier: GPL-2.0-only

import Capture
import SystemPackage
import Testing

struct OpeningTests {
    private func refusal(_ bytes: [UInt8]) -> String? {
        #expect(throws: CaptureError.self) { try CaptureReader(bytes: bytes, name: "a.dioscope") }?.description
    }

    @Test func emptyFile() {
        #expect(
            refusal([])
                == "a.dioscope is empty, a capture was expected; was the recorder stopped before it wrote?")
    }

    @Test func otherFormats() {
        #expect(
            refusal(Array("PERFILE2\u{1b}[31m".utf8))
                == "a.dioscope is not a capture: begins with \"PERFILE2\", "
                + "expected \"\\x89DIO\\x0d\\x0a\\x1a\\x0a\"")
    }

    @Test func laterMajorVersion() {
        #expect(
            refusal(ChunkBytes.fileHeader(major: 2, minor: 3) + ChunkBytes.session())
                == "a.dioscope has capture version 2.3, this dioscope reads 1.x; use a newer dioscope")
    }

    @Test func majorVersionZeroIsNoVersion() {
        #expect(
            refusal(ChunkBytes.fileHeader(major: 0, minor: 0) + ChunkBytes.session())
                == "a.dioscope has capture version 0.0, this dioscope reads 1.x; its header is damaged, copy it again")
    }

    @Test(
        arguments: [
            [0x89, 0x44, 0x49, 0x4f, 0x0a, 0x1a, 0x0a, 0x01], [0x09, 0x44, 0x49, 0x4f, 0x0d, 0x0a, 0x1a, 0x0a],
            [0x89, 0x44, 0x49, 0x4f, 0x0d, 0x0d, 0x0a, 0x1a],
        ] as [[UInt8]])
    func textTransfer(magic: [UInt8]) {
        let message = refusal(magic + Array(repeating: 0, count: 8))
        #expect(message?.contains("transfer in text mode") == true)
    }

    @Test func firstChunkMustBeTheSession() {
        #expect(
            refusal(ChunkBytes.fileHeader() + ChunkBytes.end(ios: 0))
                == "a.dioscope has no session at byte 16, where its first chunk must be one; record or copy it again")
        #expect(
            refusal(ChunkBytes.fileHeader() + ChunkBytes.session("{}"))
                == "a.dioscope has a damaged session at byte 16: not the JSON of a session; "
                + "copy it again or use another capture")
    }

    @Test func directoryAndMissingFile() throws {
        try withTemporaryDirectory { directory in
            #expect(throws: CaptureError.isDirectory(directory)) { try CaptureReader(path: directory) }
            let missing = directory.appending("missing")
            #expect(throws: CaptureError.cannotOpen(missing, .noSuchFileOrDirectory)) {
                try CaptureReader(path: missing)
            }
        }
    }

    @Test func devicesAndPipesAreRefused() throws {
        #expect(throws: CaptureError.empty("/dev/null")) { try CaptureReader(path: "/dev/null") }
        let pipe = try FileDescriptor.pipe()
        defer {
            try? pipe.readEnd.close()
            try? pipe.writeEnd.close()
        }
        #expect(throws: CaptureError.cannotRead("pipe", offset: 0, .illegalSeek)) {
            try CaptureReader(descriptor: pipe.readEnd, name: "pipe")
        }
    }

    @Test func contentIsRecognised() throws {
        #expect(CaptureReader.recognises(try SampleCapture(ios: 0, flushEvery: 1).bytes()))
        #expect(CaptureReader.recognises([0x89, 0x44, 0x49, 0x4f]))
        #expect(!CaptureReader.recognises([0x89, 0x44, 0x49]))
        #expect(!CaptureReader.recognises(Array("PERFILE2".utf8)))
        #expect(!CaptureReader.recognises([] as [UInt8]))
    }
}
