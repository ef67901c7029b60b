// SPDX-License-Identifier: GPL-2.0-only

import Capture
import DirectIO
import Dispatch
import Synchronization
import Testing

/// Several readers of one capture read together what one reads.
struct ShareTests {
    @Test(arguments: [1, 2, 3, 8])
    func eachIOIsReadOnce(count: Int) throws {
        let sample = SampleCapture(ios: 50, flushEvery: 3)
        try expectSameOfShares(count, try sample.bytes())
    }

    @Test func readersAtTheSameTimeShareTheIOs() throws {
        let reader = try CaptureReader(bytes: SampleCapture(ios: 300, flushEvery: 1).bytes(), name: "shared")
        var whole: [DirectIO] = []
        _ = try reader.read { whole.append($0) }
        let shares = try reader.shares(4)
        let found = Mutex([[DirectIO]]())
        DispatchQueue.concurrentPerform(iterations: shares.count) { number in
            var ios: [DirectIO] = []
            _ = try? shares[number].read { ios.append($0) }
            found.withLock { $0.append(ios) }
        }
        let parts = found.withLock { $0 }
        #expect(parts.allSatisfy { $0.isSubsequence(of: whole) })
        #expect(parts.joined().count == whole.count)
        #expect(whole.allSatisfy { io in parts.contains { $0.contains(io) } })
    }

    @Test(arguments: [2, 3])
    func damageIsToldOnce(count: Int) throws {
        let original = try SampleCapture(ios: 20, flushEvery: 2).bytes()
        var random = SplitMix(state: 7)
        for _ in 0..<500 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes.damage(by: &random, original: original) { $0.removeSubrange($1.lowerBound...) }
                if bytes.isEmpty { break }
            }
            try expectSameOfShares(count, bytes)
        }
    }

    private func expectSameOfShares(_ count: Int, _ bytes: [UInt8]) throws {
        guard let reader = try? CaptureReader(bytes: bytes, name: "shared") else { return }
        var whole: [DirectIO] = []
        let summary = try reader.read { whole.append($0) }
        var ios: [DirectIO] = []
        let joined = CaptureContents(joining: try reader.shares(count).map { try $0.read { ios.append($0) } })
        #expect(ios.count == whole.count && ios.allSatisfy { whole.contains($0) })
        #expect(joined.ios == summary.ios && joined.unparsed == summary.unparsed)
        #expect(joined.end == summary.end && joined.threads == summary.threads)
        #expect(joined.damage == summary.damage)
        #expect(joined.damageCount == summary.damageCount && joined.unknownChunks == summary.unknownChunks)
        #expect(joined.loss == summary.loss && joined.isComplete == summary.isComplete)
    }
}
