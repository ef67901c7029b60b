// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import TestSupport
import Testing

struct SummaryBucketTests {
    private func bucket(of nanoseconds: UInt64) throws -> SummaryBucket {
        try #require(SummaryBucket(probe_summary_bucket(nanoseconds)))
    }

    @Test func theProbesAndTheReportMeanTheSameBuckets() throws {
        var random = SeededGenerator(seed: 1)
        let edges: [UInt64] = (0..<36).flatMap { octave -> [UInt64] in
            let begin = UInt64(1) << UInt64(octave)
            return [begin, begin - 1, begin + 1]
        }
        let others: [UInt64] = (0..<2_000).map { _ in
            UInt64.random(in: 0..<1 << UInt64.random(in: 1...36, using: &random), using: &random)
        }
        for nanoseconds in edges + others {
            let bucket = try bucket(of: nanoseconds)
            #expect(bucket.lowest <= nanoseconds)
            if let next = SummaryBucket(UInt64(bucket.number + 1)) { #expect(nanoseconds < next.lowest) }
            let off = abs(Double(bucket.middle) - Double(nanoseconds))
            #expect(off <= SummaryBucket.error * Double(nanoseconds))
        }
    }

    @Test func whatIsLongerThanAllIsInTheLast() throws {
        for nanoseconds in [UInt64(1) << 36, 1 << 40, .max] {
            #expect(try bucket(of: nanoseconds).number == SummaryBucket.count - 1)
        }
        #expect(SummaryBucket(1024) == nil)
    }

    @Test func bucketsFollowEachOther() {
        let lowest = (0..<1024).compactMap { SummaryBucket($0)?.lowest }
        #expect(lowest.count == 1024)
        #expect(zip(lowest, lowest.dropFirst()).allSatisfy { $0 < $1 })
    }
}
