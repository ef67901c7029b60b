// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import SystemPackage
import Testing

@testable import Capture

struct ColumnTests {
    private static let kinds: [ChunkKind] = [.ios, .waitedIOs, .lives, .layeredIOs, .deepIOs, .occupancies]

    @Test(arguments: kinds, [8, 9, 31, 32, 33, 64, 65, 200])
    func everyByteComesBack(kind: ChunkKind, count: Int) throws {
        let size = try #require(kind.recordSize)
        var made = 0
        for payload in RandomPayloads.fromNoiseToZeros(bytes: count * size, seed: UInt64(count)) {
            guard let packed = inColumns(payload, kind) else { continue }
            made += 1
            #expect(packed.count < payload.count)
            #expect(unpacked(packed, kind, count) == payload)
        }
        #expect(made > 4 || count < 32)
    }

    /// One value of each width at each place: every length of numbers, with and without a shift.
    @Test(arguments: kinds)
    func everyWidthComesBack(kind: ChunkKind) throws {
        let size = try #require(kind.recordSize)
        for width in 1...64 {
            var payload = [UInt8](repeating: 0, count: 40 * size)
            for word in 0..<size / 8 {
                let value = (UInt64.max >> UInt64(64 - width)) << UInt64((64 - width) * (word % 3) / 2)
                let place = ((word * 7 + width) % 40) * size + word * 8
                payload.withUnsafeMutableBytes { $0.storeBytes(of: value, toByteOffset: place, as: UInt64.self) }
            }
            let packed = try #require(inColumns(payload, kind))
            #expect(unpacked(packed, kind, 40) == payload, "\(width)")
        }
    }

    @Test(arguments: [0, 1, 2, 1 << 63, .max, .max - 1] as [UInt64])
    func everyTimeHasItsDistance(base: UInt64) {
        var random = SplitMix(state: base)
        for round in 0..<10_000 {
            let near = base &+ UInt64.random(in: 0...4, using: &random) &- 2
            let far = near &+ 1 << 63
            let time = [near, far, UInt64.random(in: 0 ... .max, using: &random)][round % 3]
            var (encoding, decoding) = (base, base)
            let code = TimeDistance.encode(time, from: &encoding)
            #expect(TimeDistance.decode(code, from: &decoding) == time)
            #expect((code == 0) == (time == 0))
            #expect(encoding == decoding)
            #expect(encoding == (time == 0 ? base : time))
            // And every code its time.
            (encoding, decoding) = (base, base)
            #expect(TimeDistance.encode(TimeDistance.decode(time, from: &decoding), from: &encoding) == time)
        }
    }

    @Test func timesNearEachOtherTakeFewBytes() throws {
        var load = SyntheticTimes()
        let payload = (0..<2048).flatMap { _ in withUnsafeBytes(of: load.next(), Array.init) }
        let packed = try #require(inColumns(payload, .waitedIOs))
        #expect(packed.count < 2048 * 24)
        #expect(unpacked(packed, .waitedIOs, 2048) == payload)
    }

    @Test func captureInColumnsReadsAsTheRawOne() throws {
        try withTemporaryDirectory { directory in
            var sizes: [UInt64] = []
            var contents: [[DirectIO]] = []
            for (name, packing) in [("raw", CaptureWriter.Packing.off), ("columns", .columns), ("packed", .shortest)] {
                let path = directory.appending(name)
                let writer = try CaptureWriter(
                    creating: path, session: SampleCapture(ios: 0, flushEvery: 1).session, packing: packing)
                var load = SyntheticTimes()
                // More than a chunk of them, and what cannot be shortened.
                for _ in 0..<5000 { try withUnsafeBytes(of: load.next()) { try writer.append($0) } }
                try writer.flush()
                for _ in 0..<3 { try withUnsafeBytes(of: load.nextOther()) { try writer.append($0) } }
                try writer.finish(RecordingEnd(wall: 1, monotonic: 2, ios: 0))
                let again = directory.appending(name + " packed")
                #expect(try CaptureReader(path: path).pack(to: again).damage.isEmpty)
                for path in [path, again] {
                    let content = try CaptureContent(CaptureReader(path: path))
                    #expect(content.summary.isComplete)
                    contents.append(content.ios)
                    sizes.append(try CaptureReader(path: path).size)
                }
            }
            #expect(contents[0].count == 5003)
            for content in contents { #expect(content == contents[0]) }
            let (raw, columns, packed) = (sizes[0], sizes[2], sizes[4])
            #expect(columns < raw / 6)
            #expect(packed < columns)
            // What is packed anew is so whatever it was before.
            #expect([sizes[1], sizes[3], sizes[5]] == [packed, packed, packed])
        }
    }

    @Test func fewRecordsAndNoiseStayAsTheyAre() {
        var random = SplitMix(state: 3)
        let noise = (0..<128 * 100).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
        let zeros = [UInt8](repeating: 0, count: 128 * 7)
        #expect(inColumns(noise, .ios) == nil)
        #expect(inColumns(zeros, .ios) == nil)
        #expect(inColumns(zeros + zeros, .threads) == nil)
        // Half a record.
        #expect(inColumns(zeros + zeros + [0], .ios) == nil)
    }

    @Test(arguments: kinds)
    func whatIsNoPackingIsRefused(kind: ChunkKind) throws {
        let size = try #require(kind.recordSize)
        var random = SplitMix(state: 4)
        let payload = (0..<size * 50).map { $0 % 61 == 0 ? UInt8.random(in: 0...7, using: &random) : 7 }
        let original = try #require(inColumns(payload, kind))
        #expect(unpacked(original, kind, 50) == payload)
        for count in [0, 1, 32, 65, 131_072] { #expect(unpacked(original, kind, count) == nil, "\(count)") }
        // All places of the smaller kinds; of larger ones as many, wherever a step of their own leads.
        let some = stride(from: 0, to: original.count, by: 1 + original.count / 400)
        for size in some { #expect(unpacked(Array(original.prefix(size)), kind, 50) == nil, "\(size)") }
        #expect(unpacked(original + [0], kind, 50) == nil)
        #expect(unpacked([], kind, 50) == nil)
        #expect(unpacked(original, .threads, 50) == nil)
        #expect(unpacked(original, kind == .ios ? .occupancies : .ios, 50) == nil)
        // Checksums find such; without them it must end well, whatever comes out.
        for index in some {
            var flipped = original
            flipped[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            _ = unpacked(flipped, kind, 50)
            flipped[index] = .random(in: 0 ... .max, using: &random)
            _ = unpacked(flipped, kind, 50)
        }
        for _ in 0..<300 {
            var damaged = original
            damaged.damage(by: &random, original: original) {
                $0.replaceSubrange($1, with: repeatElement(0xff, count: $1.count))
            }
            _ = unpacked(damaged, kind, 50)
        }
    }

    /// A payload made by hand from `Documentation/CaptureFormat.md`.
    @Test func columnsAreAsDocumented() throws {
        var records = (0..<9).map { index in
            probe_occupancy(
                CPUOccupancy(
                    cpu: 3, occupant: .otherTask, thread: 900, from: Timestamp(nanoseconds: 990 + 10 * UInt64(index)),
                    until: Timestamp(nanoseconds: 1000 + 10 * UInt64(index)), name: "x"))
        }
        records[8].tid = 900 ^ 4
        let payload = records.flatMap { withUnsafeBytes(of: $0, Array.init) }
        // Distances of 10 from occupancy to occupancy and of -10 within, then of 0 in the 23 that fill the block up.
        let until: [UInt8] = [1] + Array(repeating: 21, count: 8) + Array(repeating: 1, count: 23)
        let from = [UInt8](repeating: 20, count: 32)
        // Columns 0 and 1 are times, 2 the first 32 bits, 3 the thread number: from the ninth record on another.
        let map: [UInt8] = [0b1011, 0]
        let table: [UInt8] = [0, 5, 2, 3, 2, 1]
        let numbers = bits(until, 5) + bits(from.map { $0 / 4 }, 3) + [0, 0xff, 0xff, 0xff]
        let expected = Array(payload.prefix(64)) + map + table + numbers
        #expect(inColumns(payload, .occupancies) == expected)
        #expect(unpacked(expected, .occupancies, 9) == payload)
    }

    /// Eight values make a number.
    private func bits(_ values: [UInt8], _ width: Int) -> [UInt8] {
        stride(from: 0, to: values.count, by: 8).flatMap { first in
            let number = (0..<8).reduce(UInt64(0)) { $0 | UInt64(values[first + $1]) << UInt64($1 * width) }
            return (0..<width).map { UInt8(truncatingIfNeeded: number >> UInt64($0 * 8)) }
        }
    }

    private func inColumns(_ payload: [UInt8], _ kind: ChunkKind) -> [UInt8]? {
        payload.withUnsafeBytes { ColumnPacker().pack(kind, $0) { Array($0) } }
    }

    private func unpacked(_ packed: [UInt8], _ kind: ChunkKind, _ count: Int) -> [UInt8]? {
        packed.withUnsafeBytes { ColumnUnpacker().unpack($0, kind, count: count) { Array($0) } }
    }
}

/// I/Os as a kworker completes them, one after the other.
private struct SyntheticTimes {
    private var random = SplitMix(state: 9)
    private var now: UInt64 = 60_000_000_000

    mutating func next() -> probe_waited_io {
        var waited = probe_waited_io()
        waited.io.kind = UInt8(PROBE_RECORD_WAITED_IO.rawValue)
        now += .random(in: 5_000...9_000, using: &random)
        waited.io.completed_ns = now
        waited.io.started_ns = now - .random(in: 500...900, using: &random)
        waited.io.queued_ns = waited.io.started_ns - .random(in: 2_000...30_000, using: &random)
        waited.io.ended_ns = waited.io.queued_ns - .random(in: 200...300, using: &random)
        waited.io.interrupted_ns = waited.io.ended_ns - .random(in: 500...2_000, using: &random)
        waited.io.issued_ns = waited.io.interrupted_ns - .random(in: 40_000...90_000, using: &random)
        waited.io.submitted_ns = waited.io.issued_ns - .random(in: 3_000...4_000, using: &random)
        waited.io.offset_bytes = .random(in: 0..<65_536, using: &random) * 4096
        waited.io.dev = 259 << 20 | 1
        waited.io.length_bytes = 4096
        waited.queue_wait.ns.0 = UInt32(waited.io.started_ns - waited.io.queued_ns)
        return waited
    }

    mutating func nextOther() -> probe_io {
        var io = next().io
        io.kind = UInt8(PROBE_RECORD_IO.rawValue)
        return io
    }
}
