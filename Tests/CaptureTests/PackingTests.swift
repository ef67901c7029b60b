// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import SystemPackage
import Testing

@testable import Capture

struct PackingTests {
    private static let kinds: [ChunkKind] = [.ios, .waitedIOs, .lives, .occupancies]

    @Test(arguments: kinds, [32, 33, 64, 65, 1000])
    func everyByteComesBack(kind: ChunkKind, count: Int) throws {
        let size = try #require(kind.recordSize)
        var made = 0
        for payload in RandomPayloads.fromNoiseToZeros(bytes: count * size, seed: UInt64(count)) {
            guard let packed = payload.withUnsafeBytes({ ChunkPacker().pack(kind, $0) }) else { continue }
            made += 1
            #expect(packed.count < payload.count)
            #expect(unpacked(packed, kind, count) == payload)
        }
        #expect(made > 4)
    }

    @Test(arguments: [0, 1, 2, 1 << 63, .max, .max - 1] as [UInt64])
    func everyTimeHasItsCode(base: UInt64) {
        var random = SplitMix(state: base)
        for _ in 0..<10_000 {
            let near = base &+ UInt64.random(in: 0...4, using: &random) &- 2
            let time = Bool.random(using: &random) ? near : UInt64.random(in: 0 ... .max, using: &random)
            let code = TimeCode.encode(time, from: base)
            #expect(TimeCode.decode(code, from: base) == time)
            #expect((code == 0) == (time == 0))
            #expect(TimeCode.encode(TimeCode.decode(time, from: base), from: base) == time)
        }
    }

    @Test func fewRecordsAndNoiseStayAsTheyAre() {
        var random = SplitMix(state: 3)
        let noise = (0..<128 * 100).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
        let zeros = [UInt8](repeating: 0, count: 128 * 31)
        #expect(noise.withUnsafeBytes { ChunkPacker().pack(.ios, $0) } == nil)
        #expect(zeros.withUnsafeBytes { ChunkPacker().pack(.ios, $0) } == nil)
        #expect(zeros.withUnsafeBytes { ChunkPacker().pack(.threads, $0) } == nil)
    }

    @Test func whatIsNoPackingIsRefused() throws {
        let payload = [UInt8](repeating: 7, count: 128 * 50)
        let packed = try #require(payload.withUnsafeBytes { ChunkPacker().pack(.ios, $0) })
        #expect(unpacked(packed, .ios, 50) == payload)
        for count in [0, 1, 49, 51, 131_072] { #expect(unpacked(packed, .ios, count) == nil, "\(count)") }
        for size in packed.indices { #expect(unpacked(Array(packed.prefix(size)), .ios, 50) == nil, "\(size)") }
        #expect(unpacked([], .ios, 50) == nil)
        #expect(unpacked(packed, .threads, 50) == nil)
        // Another kind's records have another size.
        #expect(unpacked(packed, .waitedIOs, 50) == nil)
        var random = SplitMix(state: 4)
        for _ in 0..<2000 {
            var flipped = packed
            flipped[Int.random(in: flipped.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            // Checksums find such; without them it must end well, whatever comes out.
            _ = unpacked(flipped, .ios, 50)
        }
    }

    @Test(arguments: [CaptureWriter.Packing.shortest, .columns])
    func packedCaptureReadsAsTheRawOne(packing: CaptureWriter.Packing) throws {
        let sample = SampleCapture(ios: 700, flushEvery: 100)
        let bytes = try packed(sample, packing)
        #expect(try sample.equals(CaptureContent(bytes)))
        let raw = try sample.bytes()
        #expect(bytes.count <= raw.count)
        #expect(ChunkBytes.layout(of: bytes).filter { $0.kind == 2 }.count == 7)
    }

    @Test func packingAnewKeepsEverything() throws {
        try withTemporaryDirectory { directory in
            let sample = SampleCapture(ios: 700, flushEvery: 100)
            let (raw, small) = (directory.appending("raw"), directory.appending("small"))
            try sample.write(to: raw)
            let made = try CaptureReader(path: raw).pack(to: small)
            #expect(made.damage.isEmpty)
            let bytes = try contents(of: small)
            #expect(bytes.count == Int(made.size))
            #expect(try sample.equals(CaptureContent(bytes)))
            #expect(throws: CaptureError.exists(small)) { try CaptureReader(path: raw).pack(to: small) }
            // A cut one is read as far as it is whole.
            let cut = try CaptureReader(bytes: Array(bytes.dropLast(100)), name: "cut")
            let again = directory.appending("again")
            #expect(try cut.pack(to: again).damage.map(\.problem) == [.cut])
            #expect(try CaptureContent(contents(of: again)).ios == Array(sample.ios.prefix(700)))
        }
    }

    @Test func cutPackedCaptureGivesItsWholeChunks() throws {
        let sample = SampleCapture(ios: 150, flushEvery: 50)
        let bytes = try packed(sample, .shortest)
        let chunks = ChunkBytes.layout(of: bytes)
        for size in stride(from: chunks[0].end, to: bytes.count, by: 37) {
            let content = try CaptureContent(Array(bytes.prefix(size)))
            let ios = chunks.filter { $0.end <= size && $0.kind == 2 }.reduce(0) { $0 + $1.count }
            #expect(content.ios == Array(sample.ios.prefix(ios)), "size \(size)")
            #expect(!content.summary.isComplete)
        }
    }

    @Test func packedRecordsThatCannotBeUnpackedAreDamage() throws {
        let chunk = ChunkBytes.chunk(kind: 2, flags: 1, count: 40, Array(repeating: 9, count: 100))
        let content = try CaptureContent(ChunkBytes.capture(chunk, ChunkBytes.end(ios: 40)))
        #expect(content.summary.damage.map(\.problem) == [.packing])
        #expect(content.summary.iosLost == 40)
        // More than the longest payload, unpacked.
        let bomb = ChunkBytes.chunk(kind: 2, flags: 1, count: 131_073, Array(repeating: 9, count: 100))
        let refused = try CaptureContent(ChunkBytes.capture(bomb, ChunkBytes.end(ios: 0)))
        #expect(refused.summary.damage.map(\.problem) == [.count])
        let json = ChunkBytes.chunk(kind: 4, flags: 1, Array("[]".utf8))
        #expect(try CaptureContent(ChunkBytes.capture(json)).summary.damage.map(\.problem) == [.flags(1), .cut])
    }

    private func packed(_ sample: SampleCapture, _ packing: CaptureWriter.Packing) throws -> [UInt8] {
        try withTemporaryDirectory { directory in
            let path = directory.appending("packed.dioscope")
            try sample.write(to: path, packing: packing)
            return try contents(of: path)
        }
    }

    private func unpacked(_ packed: [UInt8], _ kind: ChunkKind, _ count: Int) -> [UInt8]? {
        packed.withUnsafeBytes { ChunkUnpacker().unpack($0, kind, count: count) { Array($0) } }
    }
}
