// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Capture
import DirectIO
import Foundation
import SystemPackage
import Testing

@testable import Recording

/// Intervals of made-up probes, and the capture of the last ones.
@Suite(.serialized) struct ServiceRecorderTests {
    private static func writes(_ count: Int) -> [probe_io] {
        (0..<count).map { .write(from: UInt64(10_000 * $0 + 1)) }
    }

    private func recorder(
        _ turns: [[probe_io]], window: UInt64 = 60_000_000_000, bytes: Int = 1 << 20
    ) throws -> ServiceRecorder {
        try ServiceRecorder(window: window, mostBytes: bytes) { ScriptedProbes($0, turns: turns) }
    }

    private func written(by recorder: ServiceRecorder) throws -> (ios: UInt64, read: Int, isComplete: Bool) {
        let path = FilePath(FileManager.default.temporaryDirectory.appending(path: "serve-\(UUID()).dioscope").path)
        defer { try? FileManager.default.removeItem(atPath: path.string) }
        let ios = try recorder.write(to: path, recorder: "test")
        #expect(!FileManager.default.fileExists(atPath: path.string + ".part"))
        var read = 0
        let contents = try CaptureReader(path: path).read { _ in read += 1 }
        return (ios, read, contents.isComplete)
    }

    @Test func intervalsAreApart() throws {
        let recorder = try recorder([Self.writes(3), [], Self.writes(5)])
        #expect((0..<4).map { _ in recorder.cut().ios.count } == [3, 0, 5, 0])
        let capture = try written(by: recorder)
        #expect(capture.ios == 8 && capture.read == 8 && capture.isComplete)
    }

    @Test func whatIsOlderThanTheWindowIsForgotten() throws {
        let recorder = try recorder([Self.writes(3), Self.writes(5)], window: 1_000_000)
        _ = recorder.cut()
        usleep(5_000)
        _ = recorder.cut()
        #expect(try written(by: recorder).ios == 5)
    }

    @Test func memoryIsBounded() throws {
        let size = MemoryLayout<probe_io>.size
        let recorder = try recorder([Self.writes(10), Self.writes(3), Self.writes(4)], bytes: 5 * size)
        let first = recorder.cut()
        #expect(first.ios.count == 5)
        #expect(first.losses.first { $0.what == "service-memory" }?.count == 5)
        _ = recorder.cut()
        _ = recorder.cut()
        #expect(recorder.keptBytes == 4 * size)
        #expect(try written(by: recorder).ios == 4)
    }

    @Test func refusalIsAnError() {
        #expect(throws: RecordingError.self) {
            _ = try ServiceRecorder(window: 1, mostBytes: 1) { sink in
                let probes = ScriptedProbes(sink, turns: [])
                probes.refusal = .noBTF
                return probes
            }
        }
    }
}
