// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Capture
import DirectIO
import Foundation
import SystemPackage

/// What a capture holds, for writing it and for comparing it with what was read.
struct SampleCapture {
    var session = RecordingSession(
        recorder: "1.0", host: "testbox", kernel: "6.1.0", machine: "x86_64", cpuCount: 4,
        completionRule: .defersWrites, commandLine: ["dioscope", "record", "-o", "a/b \"c\""], tracedCommand: ["fio"],
        filters: ["device 8:0"], probes: [.init(name: "tp_btf/x", attached: false, reason: "not in BTF")],
        startedWall: 1_700_000_000_123_456_789, startedMonotonic: .max)
    var ios: [DirectIO]
    var threads = [
        ThreadName(thread: 7, process: 7, name: "fio"), ThreadName(thread: 8, process: 7, name: "\u{1b}[31m"),
    ]
    var devices = [
        DeviceName(device: DeviceNumber(major: 259, minor: 1), name: "nvme0n1", fileSystem: "ext4", mountPoint: nil)
    ]
    var loss = [DataLoss(what: "ring-full", count: 3, severity: .loss, help: "use a larger ring")]
    var end = RecordingEnd(wall: 1_700_000_001_000_000_000, monotonic: 9, ios: 0, commandStatus: 0)
    /// Records between two flushes.
    var flushEvery: Int

    init(ios count: Int, flushEvery: Int, seed: UInt64 = 1) {
        var random = SplitMix(state: seed)
        ios = (0..<count).map { _ in .random(using: &random) }
        self.flushEvery = flushEvery
        end.ios = UInt64(count)
    }

    func write(to path: FilePath, packing: CaptureWriter.Packing = .off) throws {
        let writer = try CaptureWriter(creating: path, session: session, packing: packing)
        try writer.write(devices: devices)
        for thread in threads { try writer.append(thread) }
        for (index, io) in ios.enumerated() {
            try writer.append(io)
            if (index + 1).isMultiple(of: flushEvery) { try writer.flush() }
        }
        try writer.write(loss: loss)
        try writer.finish(end)
    }

    /// The file that `write(to:)` makes.
    func bytes() throws -> [UInt8] {
        try withTemporaryDirectory { directory in
            let path = directory.appending("sample.dioscope")
            try write(to: path)
            return try contents(of: path)
        }
    }

    /// Whether nothing in `content` differs from this.
    func equals(_ content: CaptureContent) -> Bool {
        content.session == session && content.ios == ios && content.summary.ios == UInt64(ios.count)
            && content.summary.devices == devices && content.summary.recordedLoss == loss
            && content.summary.end == end
            && content.summary.threads == Dictionary(uniqueKeysWithValues: threads.map { ($0.thread, $0) })
            && content.summary.unparsed == 0 && content.summary.unknownChunks == 0
    }
}

/// All that a reader gives.
struct CaptureContent {
    var session: RecordingSession
    var ios: [DirectIO] = []
    var summary: CaptureContents

    init(_ reader: CaptureReader) throws {
        session = reader.session
        var ios: [DirectIO] = []
        summary = try reader.read { ios.append($0) }
        self.ios = ios
    }

    init(_ bytes: [UInt8]) throws {
        try self.init(CaptureReader(bytes: bytes, name: "memory"))
    }
}

extension CaptureWriter {
    func append(_ io: DirectIO) throws {
        try withUnsafeBytes(of: probe_io(io)) { try append($0) }
    }

    func append(_ thread: ThreadName) throws {
        try withUnsafeBytes(of: probe_task(thread)) { try append($0) }
    }
}

func contents(of path: FilePath) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: path.string)))
}

func withTemporaryDirectory<Result>(_ body: (FilePath) throws -> Result) throws -> Result {
    let url = FileManager.default.temporaryDirectory.appending(path: "dioscope-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(FilePath(url.path))
}
