// SPDX-License-Identifier: GPL-2.0-only

import Capture
import DirectIO
import Testing

/// Captures whose checksums are right and whose content is not.
struct HostileCaptureTests {
    private let lives = SampleCapture(ios: 3, flushEvery: 1).ios

    private func problems(_ chunks: [UInt8]...) throws -> [CaptureDamage.Problem] {
        let summary = try CaptureContent(ChunkBytes.capture(chunks.flatMap(\.self))).summary
        #expect(!summary.isComplete)
        return summary.damage.map(\.problem)
    }

    @Test func lengthBeyondTheFileAtTheEndIsACut() throws {
        #expect(try problems(ChunkBytes.chunk(kind: 2, length: 1 << 24, count: 1 << 17, [])) == [.cut])
    }

    @Test func lengthBeyondTheFileInTheMiddleIsSkipped() throws {
        let content = try CaptureContent(
            ChunkBytes.capture(
                ChunkBytes.chunk(kind: 2, length: 1 << 24, count: .max, []), ChunkBytes.ios(lives),
                ChunkBytes.end(ios: 3)))
        #expect(content.ios == lives)
        #expect(content.summary.damage.map(\.problem) == [.header])
        #expect(content.summary.iosLost == UInt64(UInt32.max))
    }

    @Test func lengthBeyondTheBoundIsNoHeader() throws {
        let length = (1 << 24) + 1
        let chunk = ChunkBytes.chunk(kind: 2, length: UInt32(length), [])
        #expect(
            try problems(chunk, Array(repeating: 0, count: length), ChunkBytes.end(ios: 0)) == [.header])
    }

    @Test(arguments: [0, 2, 4, UInt32.max])
    func countMustFitTheLength(count: UInt32) throws {
        let payload = Array(ChunkBytes.ios(lives).dropFirst(24))
        #expect(
            try problems(ChunkBytes.chunk(kind: 2, count: count, payload), ChunkBytes.end(ios: 3)) == [.count])
        #expect(
            try problems(ChunkBytes.chunk(kind: 3, count: count, payload), ChunkBytes.end(ios: 0)) == [.count])
    }

    @Test func halfARecordIsNotRead() throws {
        #expect(
            try problems(
                ChunkBytes.chunk(kind: 2, count: 1, Array(repeating: 1, count: 130)), ChunkBytes.end(ios: 1))
                == [.count])
    }

    @Test func unknownFlagsOfAChunkMakeItUnreadable() throws {
        let payload = Array(ChunkBytes.ios(lives).dropFirst(24))
        for flags: UInt16 in [3, 4, 0x8000] {
            #expect(
                try problems(ChunkBytes.chunk(kind: 2, flags: flags, count: 3, payload), ChunkBytes.end(ios: 3))
                    == [.flags(flags)])
        }
    }

    @Test(arguments: [4, 5, 6] as [UInt16])
    func wrongJSONIsDamage(kind: UInt16) throws {
        for json in ["", "{", "[1]", "null", String(repeating: "[", count: 100_000)] {
            let found = try problems(ChunkBytes.chunk(kind: kind, Array(json.utf8)), ChunkBytes.end(ios: 0))
            #expect(found == [.json], "\(json.prefix(9))")
        }
    }

    @Test func secondRecordingIsNotMixedIn() throws {
        let one = ChunkBytes.capture(ChunkBytes.ios(lives))
        #expect(try problems(ChunkBytes.ios(lives), ChunkBytes.session()) == [.secondSession, .cut])
        let glued = try CaptureContent(one + one + ChunkBytes.end(ios: 6))
        #expect(glued.ios == lives)
        #expect(glued.summary.damage.map(\.problem) == [.header, .secondSession, .cut])
    }

    @Test func bytesAfterTheEndAreNotRead() throws {
        let one = ChunkBytes.capture(ChunkBytes.ios(lives), ChunkBytes.end(ios: 3))
        let content = try CaptureContent(one + one)
        #expect(content.ios == lives)
        #expect(content.summary.damage.map(\.problem) == [.afterEnd])
        #expect(content.summary.bytesLost == UInt64(one.count))
        #expect(!content.summary.isComplete)
    }

    @Test func endMarkMustCountTheIOs() throws {
        #expect(
            try problems(ChunkBytes.ios(lives), ChunkBytes.end(ios: 4)) == [.miscounted(expected: 4, found: 3)])
    }

    @Test func findingsAreBounded() throws {
        let gap: [UInt8] = [0xee] + ChunkBytes.ios([])
        let gaps = Array(repeatElement(gap, count: 1000).joined())
        let content = try CaptureContent(ChunkBytes.capture(gaps, ChunkBytes.end(ios: 0)))
        #expect(content.summary.damage.count == 256)
        #expect(content.summary.damageCount == 1000)
        #expect(content.summary.bytesLost == 1000)
        #expect(!content.summary.isComplete)
    }

    @Test func randomHeadersNeverTrap() throws {
        var random = SplitMix(state: 9)
        for _ in 0..<500 {
            let chunks = (0..<4).flatMap { _ in
                ChunkBytes.chunk(
                    kind: .random(in: 0...7, using: &random), flags: .random(in: 0...3, using: &random),
                    length: Bool.random(using: &random) ? nil : .random(in: 0...400, using: &random),
                    count: .random(in: 0...3, using: &random),
                    (0..<Int.random(in: 0...3, using: &random) * 128).map { _ in
                        .random(in: 0...2, using: &random)
                    })
            }
            let summary = try CaptureContent(ChunkBytes.capture(chunks)).summary
            #expect(!summary.isComplete)
        }
    }
}
