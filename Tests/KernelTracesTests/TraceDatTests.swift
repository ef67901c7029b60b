// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Foundation
import TestSupport
import Testing

@testable import KernelTraces

/// The ring buffer's records in a trace.dat, and files that are not what they should be.
@Suite struct TraceDatTests {
    private struct Reading {
        var events: [(time: UInt64, cpu: UInt16, irq: UInt32)] = []
        var lost: [UInt64] = []
        var summary = TraceContents()
        var description: TraceDescription

        init(_ bytes: [UInt8]) throws {
            let reader = try TraceDatReader(OpenFile(holding: bytes))
            description = reader.description
            var (events, lost) = (self.events, self.lost)
            summary = try reader.read { event in
                if case .irqEntry(let irq) = event.body { events.append((event.time, event.cpu, irq)) }
                if case .lost(let count) = event.body { lost.append(count) }
            }
            (self.events, self.lost) = (events, lost)
        }
    }

    @Test(arguments: [false, true])
    func plainAndPacked(isZlib: Bool) throws {
        var file = TraceDatBytes(isZlib: isZlib)
        file.data = TraceDatBytes.event(29, delta: 10) + TraceDatBytes.event(30, delta: 5)
        let reading = try Reading(file.bytes)
        #expect(reading.events.map(\.irq) == [29, 30])
        #expect(reading.events.map(\.time) == [1_000_010, 1_000_015])
        #expect(reading.events.allSatisfy { $0.cpu == 3 })
        #expect(reading.summary.isComplete && reading.summary.events == 2)
        #expect(reading.summary.occurred == ["irq_handler_entry"])
        #expect(reading.description.kernel == "6.12.1" && reading.description.host == "box")
        #expect(reading.description.completionRule == .flaggedInline && reading.description.kind == "trace.dat v7")
    }

    @Test func timesBeyond27Bits() throws {
        var file = TraceDatBytes()
        file.data =
            TraceDatBytes.time(30, 5_000_000_000) + TraceDatBytes.event(1, delta: 0)
            + TraceDatBytes.time(31, 9_000_000_000) + TraceDatBytes.event(2, delta: 1)
        #expect(try Reading(file.bytes).events.map(\.time) == [5_001_000_000, 9_000_000_001])
    }

    @Test func aDiscardedRecordIsSkipped() throws {
        var file = TraceDatBytes()
        let discarded: [UInt8] =
            TraceDatBytes.little(UInt32(7) << 5 | 29) + TraceDatBytes.little(UInt32(8)) + [0, 0, 0, 0]
        file.data = TraceDatBytes.event(1, delta: 1) + discarded + TraceDatBytes.event(2, delta: 1)
        let reading = try Reading(file.bytes)
        #expect(reading.events.map(\.irq) == [1, 2] && reading.events.last?.time == 1_000_009)
    }

    @Test func lostEventsAreCounted() throws {
        var file = TraceDatBytes()
        file.data = TraceDatBytes.event(1, delta: 1)
        (file.commitFlags, file.lost) = (1 << 31 | 1 << 30, 17)
        let reading = try Reading(file.bytes)
        #expect(reading.lost == [17] && reading.summary.lostEvents == 17 && reading.summary.lostMarkers == 1)
    }

    @Test func aRecordBeyondItsPageIsDamage() throws {
        var file = TraceDatBytes()
        file.data = TraceDatBytes.event(1, delta: 1) + TraceDatBytes.little(UInt32(28))
        let reading = try Reading(file.bytes)
        #expect(reading.events.count == 1 && !reading.summary.isComplete)
    }

    @Test(arguments: [("8", "version 8"), ("x", "a version")])
    func anotherVersion(version: String, said: String) throws {
        var bytes = TraceDatBytes().bytes
        bytes[10] = try #require(version.utf8.first)
        let error = try #require(throws: TraceError.self) { try Reading(bytes) }
        #expect(error.description.contains(said))
    }

    @Test func aByteOrderThatItHasNotIsDamage() throws {
        var bytes = TraceDatBytes().bytes
        bytes[12] = 1
        #expect(try #require(throws: TraceError.self) { try Reading(bytes) }.description.contains("damaged"))
    }

    /// Flipped bytes of a real recording: any answer but a trap.
    @Test func flippedBytesNeverTrap() throws {
        let captures = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../captures")
        let path = captures.appending(path: "trace-cmd-nvme-ext4-libaio-overwrite-7.2.dat")
        let whole = Array(try Data(contentsOf: path))
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<30 {
            var bytes = whole
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            _ = try? Reading(bytes)
        }
    }

    /// Samples of one CPU: times of the guest, and what is added to them.
    private func shift(_ samples: [(time: UInt64, offset: Int64)], flags: UInt32) -> ClockShift? {
        var bytes = TraceDatBytes.little(UInt64(7)) + TraceDatBytes.little(flags) + TraceDatBytes.little(UInt32(1))
        bytes += TraceDatBytes.little(UInt32(samples.count))
        bytes += samples.flatMap { TraceDatBytes.little($0.time) } + samples.flatMap { TraceDatBytes.little($0.offset) }
        bytes += samples.flatMap { _ in TraceDatBytes.little(UInt64(3)) }
        bytes += samples.flatMap { _ in TraceDatBytes.little(UInt64(1)) }
        var cursor = ByteCursor(bytes, .little)
        return ClockShift(&cursor)
    }

    @Test func timesOfAGuestBecomeItsHosts() throws {
        // Three halves of the guest's time, and an offset that goes from 500 to 700.
        let samples: [(time: UInt64, offset: Int64)] = [(2000, 700), (1000, 500)]
        let interpolating = try #require(shift(samples, flags: 1))
        #expect([1000, 1500, 2000, 3000].map { interpolating.hostTime($0, cpu: 0) } == [2000, 2850, 3700, 5400])
        let stepping = try #require(shift(samples, flags: 0))
        #expect([1500, 2500].map { stepping.hostTime($0, cpu: 0) } == [2750, 4250])
        #expect(interpolating.hostTime(1500, cpu: 1) == 1500)
        let single = try #require(shift([(time: 1000, offset: -400)], flags: 1))
        #expect(single.hostTime(2000, cpu: 0) == 2600)
        #expect(shift([], flags: 0) == nil)
    }
}
