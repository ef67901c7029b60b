// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import SystemPackage
import Testing

@testable import Capture

struct WritingTests {
    private let sample = SampleCapture(ios: 20, flushEvery: 5)

    @Test func existingFileIsNotOverwritten() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.dioscope")
            try sample.write(to: path)
            let before = try contents(of: path)
            let error = #expect(throws: CaptureError.exists(path)) {
                try CaptureWriter(creating: path, session: sample.session)
            }
            #expect(error?.description == "\(path) exists and is not overwritten; give another name or remove it")
            #expect(try contents(of: path) == before)
        }
    }

    @Test func missingDirectoryIsNamed() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("none/a.dioscope")
            #expect(throws: CaptureError.cannotCreate(path, .noSuchFileOrDirectory)) {
                try CaptureWriter(creating: path, session: sample.session)
            }
        }
    }

    @Test func fullDeviceIsDiskFull() throws {
        let full = try FileDescriptor.open("/dev/full", .writeOnly)
        #expect(throws: CaptureError.diskFull("/dev/full", kept: 0, .noSpace)) {
            try CaptureWriter(descriptor: full, path: "/dev/full", session: sample.session)
        }
    }

    /// The descriptor is exchanged for /dev/full in the middle.
    @Test func whatWasWrittenBeforeTheDiskWasFullIsRead() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.dioscope")
            let descriptor = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
            let writer = try CaptureWriter(descriptor: descriptor, path: path, session: sample.session)
            for io in sample.ios.prefix(5) { try writer.append(io) }
            try writer.flush()
            let full = try FileDescriptor.open("/dev/full", .writeOnly)
            _ = try full.duplicate(as: descriptor)
            try full.close()

            for io in sample.ios.suffix(5) { try writer.append(io) }
            let expected = CaptureError.diskFull(path, kept: writer.bytesWritten, .noSpace)
            #expect(throws: expected) { try writer.flush() }
            #expect(throws: expected) { try writer.finish(sample.end) }
            #expect(writer.iosWritten == 5)

            let content = try CaptureContent(CaptureReader(path: path))
            #expect(content.ios == Array(sample.ios.prefix(5)))
            #expect(!content.summary.isComplete)
        }
    }

    @Test func fullBufferIsWrittenByItself() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.dioscope")
            let writer = try CaptureWriter(creating: path, session: sample.session)
            for _ in 0..<RecordBuffer.ioCapacity { try writer.append(sample.ios[0]) }
            #expect(writer.iosWritten == 0)
            try writer.append(sample.ios[1])
            #expect(writer.iosWritten == UInt64(RecordBuffer.ioCapacity))
            #expect(try contents(of: path).count == Int(writer.bytesWritten))
        }
    }

    @Test func fileGrownDuringRecordingIsReadableAfterEveryFlush() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.dioscope")
            let writer = try CaptureWriter(creating: path, session: sample.session)
            for (index, io) in sample.ios.enumerated() {
                try writer.append(io)
                try writer.flush()
                let content = try CaptureContent(CaptureReader(path: path))
                #expect(content.ios.count == index + 1)
                #expect(content.summary.damage.map(\.bytesLost) == [0])
            }
        }
    }

    @Test func recordsThatFitNoKindAreCounted() throws {
        try withTemporaryDirectory { directory in
            let writer = try CaptureWriter(creating: directory.appending("a.dioscope"), session: sample.session)
            let records: [[UInt8]] = [
                [], [1], Array(repeating: 1, count: 127), Array(repeating: 1, count: 129),
                Array(repeating: 2, count: 128), Array(repeating: 1, count: 32), Array(repeating: 3, count: 128),
            ]
            for record in records { try record.withUnsafeBytes { try writer.append($0) } }
            #expect(writer.unparsed == UInt64(records.count))
            try writer.flush()
            #expect(writer.iosWritten == 0)
        }
    }

    @Test func endMarkCountsWhatWasWritten() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.dioscope")
            let writer = try CaptureWriter(creating: path, session: sample.session)
            try writer.append(sample.ios[0])
            try writer.finish(RecordingEnd(wall: 1, monotonic: 1, ios: 99))
            let summary = try CaptureContent(CaptureReader(path: path)).summary
            #expect(summary.end?.ios == 1)
            #expect(summary.isComplete)
            #expect(throws: CaptureError.finished(path)) { try writer.write(devices: []) }
        }
    }

    @Test func chunkBeyondTheBoundIsRefused() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.dioscope")
            var session = sample.session
            session.host = String(repeating: "x", count: CaptureFormat.maximumPayload)
            #expect(throws: CaptureError.self) { try CaptureWriter(creating: path, session: session) }
            #expect(throws: CaptureError.cannotOpen(path, .noSuchFileOrDirectory)) { try CaptureReader(path: path) }
        }
    }
}
