// SPDX-License-Identifier: GPL-2.0-only

import Capture
import DirectIO
import Testing

struct CutTests {
    @Test func fileCutAtEveryByteGivesItsWholeChunks() throws {
        let sample = SampleCapture(ios: 7, flushEvery: 3)
        let bytes = try sample.bytes()
        let chunks = ChunkBytes.layout(of: bytes)
        let sessionEnd = chunks[0].end
        for size in 0..<bytes.count {
            let part = Array(bytes.prefix(size))
            guard size >= sessionEnd else {
                expectOpeningError(of: part)
                continue
            }
            let content = try CaptureContent(part)
            let whole = chunks.filter { $0.end <= size }
            let ios = whole.filter { $0.kind == 2 }.reduce(0) { $0 + $1.count }
            #expect(content.ios == Array(sample.ios.prefix(ios)), "size \(size)")
            #expect(!content.summary.isComplete, "size \(size)")
            #expect(content.summary.end == nil)
            let dropped = size - (whole.last?.end ?? 0)
            #expect(
                content.summary.damage.map(\.description) == [
                    "cut at byte \(size): the end mark is missing, "
                        + "\(dropped) bytes after the last whole chunk dropped"
                ])
            #expect(content.summary.loss.contains { $0.what == "capture-cut" })
        }
        #expect(try sample.equals(CaptureContent(bytes)))
    }

    @Test func iosOfACutChunkAreCounted() throws {
        let bytes = try SampleCapture(ios: 7, flushEvery: 7).bytes()
        let chunk = try #require(ChunkBytes.layout(of: bytes).first { $0.kind == 2 })
        let summary = try CaptureContent(Array(bytes.prefix(chunk.end - 1))).summary
        #expect(summary.iosLost == 7)
        #expect(summary.damage.first?.offset == UInt64(chunk.start))
    }

    private func expectOpeningError(of part: [UInt8]) {
        let error = #expect(throws: CaptureError.self) { try CaptureReader(bytes: part, name: "cut") }
        switch (part.count, error) {
        case (0, .empty), (1..<16, .cutInHeader), (16, .missingSession), (17..., .damagedSession): break
        default: Issue.record("size \(part.count): \(String(describing: error))")
        }
    }
}
