// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Capture
import DirectIO
import Foundation
import Probes
import Report
import SystemPackage
import Testing

@testable import Recording

/// Intervals of made-up probes, and what is kept of their records.
@Suite(.serialized) struct LiveWatchTests {
    private func watch(_ turns: [[probe_io]], span: UInt64 = 0, bytes: Int = 1 << 20) throws -> LiveWatch {
        var keeping = LiveWatch.Keeping()
        (keeping.span, keeping.mostBytes) = (span, bytes)
        return try LiveWatch(keeping: keeping) { ScriptedProbes($0, turns: turns) }
    }

    private static func writes(_ count: Int, inode: UInt64) -> [probe_io] {
        (0..<count).map { .write(from: UInt64(10_000 * $0 + 1), inode: inode) }
    }

    @Test func intervalsAreApart() throws {
        let watch = try watch([Self.writes(3, inode: 5), Self.writes(2, inode: 6) + Self.writes(4, inode: 7), []])
        let wish = LiveWish(groupings: [.file])
        let (first, second, third) = (watch.interval(wish), watch.interval(wish), watch.interval(wish))
        #expect([first, second, third].map(\.report.ios.total) == [3, 6, 0])
        #expect(second.groups.largest.map(\.ios) == [4, 2])
        #expect(second.groups.sample == nil)
        #expect(second.report.latency?.mean == 1000)
        #expect(third.report.latency == nil && third.groups.largest.isEmpty)
    }

    @Test func aFilterChooses() throws {
        let watch = try watch([Self.writes(3, inode: 5) + Self.writes(2, inode: 6)])
        let filter = LiveWish.Filter { _, _ in { io in io.inode == 6 } }
        let interval = watch.interval(LiveWish(groupings: [.device], filter: filter))
        #expect(interval.report.ios.total == 2)
        #expect(interval.groups.largest.map(\.ios) == [2])
    }

    @Test func whatIsKeptIsACapture() throws {
        let path = FilePath(FileManager.default.temporaryDirectory.appending(path: "kept-\(UUID()).dioscope").path)
        defer { try? FileManager.default.removeItem(atPath: path.string) }
        let watch = try watch([Self.writes(3, inode: 5), Self.writes(2, inode: 6)], span: 60_000_000_000)
        #expect(try watch.save(to: path, filters: [], recorder: "test") == nil)
        for _ in 0..<2 { _ = watch.interval(LiveWish(groupings: [.device])) }
        let saved = try watch.save(to: path, filters: ["--comm fio"], recorder: "test")
        #expect(saved?.ios == 5)
        var inodes: [UInt64] = []
        let reader = try CaptureReader(path: path)
        let summary = try reader.read { inodes.append($0.inode) }
        #expect(inodes == [5, 5, 5, 6, 6])
        #expect(summary.isComplete && reader.session.filters == ["--comm fio"])
        // A file is never overwritten.
        #expect(throws: RecordingError.self) { try watch.save(to: path, filters: [], recorder: "test") }
    }

    @Test func onlyTheLastAreKept() throws {
        let size = MemoryLayout<probe_io>.size
        let kept = KeptRecords(span: 10_000_000_000, mostBytes: 100 * size)
        func take(_ count: Int, at second: UInt64) {
            for _ in 0..<count {
                withUnsafeBytes(of: probe_io.write(from: 1)) { kept.take($0, now: second * 1_000_000_000) }
            }
        }
        for second in 1...30 { take(2, at: UInt64(second)) }
        #expect(kept.began == 20_000_000_000)
        // More than there is room for: the oldest go.
        take(90, at: 31)
        #expect((kept.began ?? 0) > 25_000_000_000)
    }
}
