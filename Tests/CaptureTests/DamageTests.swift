// SPDX-License-Identifier: GPL-2.0-only

import Capture
import DirectIO
import Testing

struct DamageTests {
    @Test(arguments: [0xff, 0x01, 0x80] as [UInt8])
    func flippedByteIsNeverTakenForData(mask: UInt8) throws {
        let sample = SampleCapture(ios: 5, flushEvery: 2)
        var bytes = try sample.bytes()
        var read = 0
        for index in bytes.indices {
            bytes[index] ^= mask
            defer { bytes[index] ^= mask }
            guard let reader = try openedOrRefused(bytes) else { continue }
            let content = try CaptureContent(reader)
            read += 1
            #expect(content.ios.isSubsequence(of: sample.ios), "byte \(index)")
            // All but the file header is under a checksum.
            #expect(content.summary.isComplete == (index < 16), "byte \(index)")
            if content.summary.isComplete { #expect(sample.equals(content), "byte \(index)") }
        }
        #expect(read > bytes.count / 2)
    }

    @Test func damagedPayloadLosesItsChunkOnly() throws {
        let sample = SampleCapture(ios: 9, flushEvery: 3)
        var bytes = try sample.bytes()
        let chunk = ChunkBytes.layout(of: bytes).filter { $0.kind == 2 }[1]
        bytes[chunk.start + 24 + 200] ^= 4
        let content = try CaptureContent(bytes)
        #expect(content.ios == Array(sample.ios.prefix(3) + sample.ios.suffix(3)))
        #expect(
            content.summary.damage == [
                CaptureDamage(
                    offset: UInt64(chunk.start), problem: .payload, bytesLost: UInt64(24 + 3 * 128), iosLost: 3)
            ])
        #expect(content.summary.end != nil)
        #expect(content.summary.iosLost == 3)
        #expect(content.summary.iosLostIsExact)
        #expect(!content.summary.isComplete)
    }

    @Test func damagedHeaderLosesItsChunkOnly() throws {
        let sample = SampleCapture(ios: 9, flushEvery: 3)
        var bytes = try sample.bytes()
        let chunk = ChunkBytes.layout(of: bytes).filter { $0.kind == 2 }[1]
        bytes[chunk.start + 8] ^= 4
        let content = try CaptureContent(bytes)
        #expect(content.ios == Array(sample.ios.prefix(3) + sample.ios.suffix(3)))
        #expect(
            content.summary.damage == [
                CaptureDamage(
                    offset: UInt64(chunk.start), problem: .header, bytesLost: UInt64(24 + 3 * 128), iosLost: nil)
            ])
        #expect(!content.summary.iosLostIsExact)
    }

    @Test(arguments: [1, 23, 24, 25, 511, 512, 513, 4096, 200_000])
    func garbageBetweenChunksIsSkipped(size: Int) throws {
        let sample = SampleCapture(ios: 9, flushEvery: 3)
        var bytes = try sample.bytes()
        let chunk = ChunkBytes.layout(of: bytes).filter { $0.kind == 2 }[1]
        bytes.insert(contentsOf: repeatElement(0x8a, count: size), at: chunk.start)
        let content = try CaptureContent(bytes)
        #expect(content.ios == sample.ios)
        #expect(content.summary.bytesLost == UInt64(size))
        #expect(content.summary.damageCount == 1)
    }

    /// The scan reads windows of 512 bytes, then 1024: the next header is at every place around their ends.
    @Test func headerAcrossTheEndOfAWindowIsFound() throws {
        let sample = SampleCapture(ios: 3, flushEvery: 1)
        let bytes = try sample.bytes()
        let chunk = ChunkBytes.layout(of: bytes).filter { $0.kind == 2 }[1]
        for size in Array(480...520) + Array(1480...1520) {
            var damaged = bytes
            damaged.insert(contentsOf: repeatElement(0, count: size), at: chunk.start)
            #expect(try CaptureContent(damaged).ios == sample.ios, "\(size)")
        }
    }

    @Test func lostBytesCostTheirChunkAndTheNext() throws {
        let sample = SampleCapture(ios: 12, flushEvery: 3)
        var bytes = try sample.bytes()
        let chunk = ChunkBytes.layout(of: bytes).filter { $0.kind == 2 }[1]
        bytes.removeSubrange(chunk.start + 30..<chunk.start + 41)
        let content = try CaptureContent(bytes)
        #expect(content.ios == Array(sample.ios.prefix(3) + sample.ios.suffix(3)))
        #expect(content.summary.damage.map(\.problem) == [.payload, .header])
        #expect(content.summary.end != nil)
    }

    @Test func randomDamageNeverTraps() throws {
        let sample = SampleCapture(ios: 20, flushEvery: 4)
        let original = try sample.bytes()
        var random = SplitMix(state: 5)
        for _ in 0..<2000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes.damage(by: &random, original: original) {
                    $0.replaceSubrange($1, with: repeatElement(0, count: $1.count))
                }
                if bytes.isEmpty { break }
            }
            guard let reader = try openedOrRefused(bytes) else { continue }
            let content = try CaptureContent(reader)
            #expect(content.ios.isSubsequence(of: sample.ios))
            if content.summary.isComplete { #expect(sample.equals(content)) }
        }
    }

    /// `nil` when the capture is refused with one of the module's errors.
    private func openedOrRefused(_ bytes: [UInt8]) throws -> CaptureReader? {
        do {
            return try CaptureReader(bytes: bytes, name: "damaged")
        } catch {
            #expect(!error.description.isEmpty)
            return nil
        }
    }
}

extension [DirectIO] {
    /// Whether `whole` holds these I/Os in this order, perhaps with others between them.
    func isSubsequence(of whole: [DirectIO]) -> Bool {
        var rest = whole[...]
        return allSatisfy { io in
            guard let place = rest.firstIndex(of: io) else { return false }
            rest = rest[(place + 1)...]
            return true
        }
    }
}
