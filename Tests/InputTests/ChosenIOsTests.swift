// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Capture
import DirectIO
import Foundation
import Selection
import SystemPackage
import Testing

@testable import Input

/// The one door: what comes out of it is the same whatever the file is and however often it is read.
final class ChosenIOsTests {
    private let directory = FileManager.default.temporaryDirectory.appending(path: "dioscope-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    private func path(_ name: String) -> String { directory.appending(path: name).path }

    private func write(_ text: String, _ name: String) throws -> String {
        try Data(text.utf8).write(to: directory.appending(path: name))
        return path(name)
    }

    /// Ten writes by thread 7, whose name comes after them.
    private func capture(_ name: String = "a.dioscope", isSummary: Bool = false) throws -> String {
        let session = RecordingSession(
            recorder: "test", host: "h", kernel: "6.12.0", machine: "x86_64", cpuCount: 2,
            completionRule: .flaggedInline, commandLine: [], tracedCommand: [], filters: [], probes: [],
            startedWall: 1, startedMonotonic: 1, isSummary: isSummary ? true : nil)
        let writer = try CaptureWriter(creating: FilePath(path(name)), session: session, packing: .off)
        for number in 1...10 {
            var io = probe_io()
            io.kind = UInt8(PROBE_RECORD_IO.rawValue)
            io.complete_context = UInt8(PROBE_CONTEXT_HARDIRQ.rawValue)
            io.submitted_ns = UInt64(number) * 1_000_000
            io.completed_ns = io.submitted_ns + 1000
            io.submitter_tid = number % 2 == 0 ? 7 : 8
            try withUnsafeBytes(of: io) { record throws(CaptureError) in try writer.append(record) }
        }
        var task = probe_task()
        task.kind = UInt8(PROBE_RECORD_TASK.rawValue)
        (task.tid, task.tgid) = (7, 7)
        withUnsafeMutableBytes(of: &task.comm) { $0.copyBytes(from: "fio".utf8) }
        try withUnsafeBytes(of: task) { record throws(CaptureError) in try writer.append(record) }
        try writer.finish(RecordingEnd(wall: 2, monotonic: 2, ios: 10, commandStatus: 0))
        return path(name)
    }

    private func submitted(_ path: String, _ wish: IOWish) throws -> [UInt64] {
        var times: [UInt64] = []
        _ = try ChosenIOs(path, wish).read { io, _ in times.append(io.submitted.nanoseconds / 1_000_000) }
        return times
    }

    @Test func everythingIsWantedWithoutASelection() throws {
        #expect(try submitted(try capture(), IOWish()) == Array(1...10))
    }

    @Test func namesThatComeLateAreAskedForEarly() throws {
        let selection = try IOSelection(parsing: "comm=fio")
        #expect(try submitted(try capture(), IOWish(selection: selection)) == [2, 4, 6, 8, 10])
    }

    @Test func aSelectionWithoutNamesTakesOnePass() throws {
        let selection = try IOSelection(parsing: "submitted<4000000")
        #expect(!IOWish(selection: selection).needsPasses)
        #expect(try submitted(try capture(), IOWish(selection: selection)) == [1, 2, 3])
    }

    @Test func summariesHaveNoSingleIOs() throws {
        let path = try capture(isSummary: true)
        #expect(throws: InputError.summaryOnly(path, purpose: "list")) {
            _ = try ChosenIOs(path, IOWish(purpose: "list"))
        }
        _ = try ChosenIOs(path, IOWish())
    }

    @Test func savedReportsAndSweepsAreRecognised() throws {
        let report = try write("\n {\"schema\": \"dioscope.report/1\"}\n", "report.json")
        let sweep = try write("{\"sweep\": {}}\n", "a.sweep")
        #expect(throws: InputError.savedReport(report)) { _ = try ChosenIOs(report, IOWish()) }
        #expect(throws: InputError.savedSweep(sweep)) { _ = try ChosenIOs(sweep, IOWish()) }
        guard case .savedReport = try RunInput(report, IOWish(), nil) else {
            Issue.record("not a saved report")
            return
        }
        #expect(try savedSweep(sweep) == Array("{\"sweep\": {}}\n".utf8))
        #expect(throws: InputError.notASweep(report)) { _ = try savedSweep(report) }
        let prose = try write("hello\n", "prose")
        #expect(throws: InputError.notASweep(prose)) { _ = try savedSweep(prose) }
    }
}
