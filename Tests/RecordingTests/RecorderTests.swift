// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Capture
import DirectIO
import Foundation
import Probes
import SystemPackage
import Testing

@testable import Recording

/// The loop, from made-up probes to the finished file.
@Suite(.serialized) final class RecorderTests {
    private let directory = FileManager.default.temporaryDirectory.appending(path: "dioscope-\(UUID().uuidString)")
    private let listener = NotingListener()
    private var path: FilePath { FilePath(directory.appending(path: "a.dioscope").path) }

    init() throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    private func recorder(
        command: [String] = [], for duration: UInt64? = nil, turns: [[probe_io]],
        _ adjust: (ScriptedProbes) -> Void = { _ in }, maxOverhead: Double? = nil
    ) throws -> (Recorder, ScriptedProbes) {
        let recorder = Recorder(command: command, duration: duration, listener: listener)
        recorder.maxOverhead = maxOverhead
        var made: ScriptedProbes?
        try recorder.prepare { sink in
            let probes = ScriptedProbes(sink, turns: turns)
            made = probes
            return probes
        }
        let probes = try #require(made)
        adjust(probes)
        try recorder.create(path, filters: ["--comm fio"], packing: .off, recorder: "test")
        return (recorder, probes)
    }

    @Test func syncsReachTheFile() throws {
        let synced = FileSyncs(
            device: DeviceNumber(major: 259, minor: 1), inode: 7, isDataOnly: true, count: 3, nanoseconds: 4000,
            firstThread: 1)
        let (recorder, _) = try recorder(for: 1, turns: [[.write(from: 10)]]) { $0.synced = [synced] }
        _ = try recorder.run()
        #expect(try CaptureReader(path: path).read { _ in }.end?.other?.syncs == [synced])
    }

    @Test func everyRecordReachesTheFile() throws {
        let (recorder, probes) = try recorder(
            for: 1, turns: [[.write(from: 10), .write(from: 20)], [.write(from: 30)]])
        let outcome = try recorder.run()
        // The second turn comes after the end: those on their way are followed.
        #expect(outcome.ios == 3)
        #expect(outcome.failure == nil)
        #expect(!probes.isActive)
        #expect(listener.events == ["began", "ended"])

        var submitted: [UInt64] = []
        let reader = try CaptureReader(path: path)
        let summary = try reader.read { submitted.append($0.submitted.nanoseconds) }
        #expect(submitted == [10, 20, 30])
        #expect(summary.end?.ios == 3)
        #expect(summary.isComplete)
        #expect(reader.session.filters == ["--comm fio"])
        #expect(reader.session.probes.map(\.name) == ["tp_btf/made_up"])
        #expect(summary.devices.map(\.major) == [259])
        #expect(summary.places?.interrupts.map(\.irq) == [29])
        #expect(summary.places?.cpus.map(\.cpu) == [1, 2])
    }

    @Test func whatIsCompleteButForALastStepReachesTheFile() throws {
        let (recorder, _) = try recorder(for: 1, turns: [[.write(from: 10)]]) {
            $0.completed = [.write(from: 20)]
            $0.counted.begun = 1
        }
        _ = try recorder.run()
        let read = try CaptureReader(path: path).read { _ in }
        #expect(read.end?.ios == 2)
        #expect(read.loss.lostIOs == 0)
    }

    @Test func aCommandEndsItAndItsStatusIsKept() throws {
        let (recorder, _) = try recorder(command: ["sh", "-c", "exit 7"], turns: [[.write(from: 10)]])
        #expect(try recorder.run().commandStatus == 7)
        #expect(try CaptureReader(path: path).read { _ in }.end?.commandStatus == 7)
    }

    @Test func aCommandThatIsMissingLeavesNoFile() throws {
        let (recorder, _) = try recorder(command: ["/nonexistent/fio"], turns: [])
        #expect { try recorder.run() } throws: { error in
            guard case RecordingError.command(let cause as CommandError) = error else { return false }
            return cause.number == ENOENT && cause.name == "/nonexistent/fio"
        }
        #expect(!FileManager.default.fileExists(atPath: path.string))
    }

    @Test func probesThatAreRefusedLeaveNoFile() throws {
        let (recorder, _) = try recorder(for: 1, turns: [], { $0.refusal = .notPermitted })
        #expect(throws: RecordingError.self) { try recorder.run() }
        #expect(!FileManager.default.fileExists(atPath: path.string))
        #expect(listener.events.isEmpty)
    }

    @Test func burstsReachTheFile() throws {
        let (recorder, probes) = try recorder(for: 250_000_000, turns: [[.write(from: 10)]])
        recorder.burstPlan = BurstPlan(length: 10_000_000, period: 50_000_000)
        _ = try recorder.run()
        let contents = try CaptureReader(path: path).read { _ in }
        #expect(contents.bursts.count >= 3)
        #expect(contents.isComplete && contents.unknownChunks == 0)
        #expect(probes.bursts.prefix(4) == ["end", "pause", "prepare", "begin"])
        for (burst, next) in zip(contents.bursts, contents.bursts.dropFirst()) {
            #expect(burst.from < burst.until && burst.until < next.from)
        }
    }

    @Test func aBurstThatCannotBeginEndsTheRecording() throws {
        let (recorder, _) = try recorder(
            for: 60_000_000_000, turns: [[.write(from: 10)]],
            { $0.burstRefusal = .refused(step: "attaching", errno: ENOMEM, detail: "") })
        recorder.burstPlan = BurstPlan(length: 10_000_000, period: 20_000_000)
        let outcome = try recorder.run()
        #expect(listener.events == ["began", "failed", "ended"])
        #expect(outcome.ios == 1)
        #expect(try CaptureReader(path: path).read { _ in }.isComplete)
    }

    @Test func anExistingFileIsNotOverwritten() throws {
        try Data("mine".utf8).write(to: directory.appending(path: "a.dioscope"))
        #expect(throws: RecordingError.self) { try recorder(turns: []) }
        #expect(try Data(contentsOf: directory.appending(path: "a.dioscope")) == Data("mine".utf8))
    }
}
