// SPDX-License-Identifier: GPL-2.0-only

import Capture
import DirectIO
import Foundation
import SystemPackage
import TestSupport
import Testing

struct SummaryCaptureTests {
    private static let session = RecordingSession(
        recorder: "1", host: "h", kernel: "k", machine: "m", cpuCount: 4, completionRule: .defersWrites,
        commandLine: [], startedWall: 0, startedMonotonic: 0, isSummary: true)

    @Test func summariesComeBackAsTheyWere() throws {
        let summed = SummedUpIOs(SummaryReportTests.lives(seed: 30), rule: .defersWrites)
        #expect(summed.kinds.count > 10)
        let path = FilePath(FileManager.default.temporaryDirectory.path + "/\(UUID()).dioscope")
        defer { try? FileManager.default.removeItem(atPath: path.string) }
        let writer = try CaptureWriter(creating: path, session: Self.session)
        for (number, kind) in summed.kinds.enumerated() {
            try writer.write(summary: number, of: kind.kind, kind.sums, numbers: kind.words)
        }
        try writer.finish(RecordingEnd(wall: 1, monotonic: 1, ios: 0))
        let reader = try CaptureReader(path: path)
        #expect(reader.session.isSummary == true)
        let summary = try reader.read { _ in }
        #expect(summary.isComplete)
        #expect(summary.summaries == summed.summaries)
    }
}
