// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import Testing

@testable import Recording

/// What came to sums between two readings, added up by the code that the probes run.
@Suite struct SummaryDifferenceTests {
    /// The sums of one kind.
    private final class Sums {
        private let memory: UnsafeMutableRawPointer
        private(set) var kind = probe_io_kind()
        static let numbers = Int(PROBE_SUMMARY_BUCKETS) * Int(PROBE_STEPS + PROBE_STEPS + 1)

        init() {
            let size = MemoryLayout<probe_summary>.stride + Self.numbers * 8
            memory = .allocate(byteCount: size, alignment: 8)
            memory.initializeMemory(as: UInt8.self, repeating: 0, count: size)
            memory.assumingMemoryBound(to: probe_summary.self).pointee.first_ns = .max
        }

        deinit { memory.deallocate() }

        func add(from submitted: UInt64, latency: UInt64) {
            var waited = probe_waited_io()
            waited.io = .write(from: submitted)
            waited.io.completed_ns = submitted + latency
            var steps = probe_steps()
            #expect(probe_kind_of(&waited, &kind, &steps) != 0)
            probe_sum_up(memory.assumingMemoryBound(to: probe_summary.self), &waited, kind.points, &steps)
        }

        var now: (sums: probe_summary, numbers: [UInt64]) {
            let first = (memory + MemoryLayout<probe_summary>.stride).assumingMemoryBound(to: UInt64.self)
            return (
                memory.load(as: probe_summary.self), Array(UnsafeBufferPointer(start: first, count: Self.numbers))
            )
        }
    }

    private static let row = Int(PROBE_STEPS) + 1

    @Test func whatCameSince() throws {
        let sums = Sums()
        for number in 0..<10 { sums.add(from: UInt64(1000 * number + 1), latency: 5_000_000) }
        let before = sums.now
        for number in 10..<14 { sums.add(from: UInt64(1000 * number + 1), latency: 20_000) }
        let all = try #require(SummaryDifference(kind: sums.kind, (nil, []), sums.now).summary())
        let new = try #require(
            SummaryDifference(kind: sums.kind, (before.sums, before.numbers), sums.now).summary())
        #expect((all.ios, new.ios) == (14, 4))
        #expect(new.bytes == 4 * 4096)
        #expect(new.total(ofStep: Int(PROBE_STEP_COMPLETED.rawValue)) == 80_000)
        // The longest of all was before.
        #expect(all.longest == 5_000_000)
        #expect(new.longest < 20_700 && new.longest > 19_300)
        sums.add(from: 1, latency: 6_000_000)
        let longer = SummaryDifference(kind: sums.kind, (before.sums, before.numbers), sums.now).summary()
        #expect(longer?.longest == 6_000_000)
        #expect(SummaryDifference(kind: sums.kind, (sums.now.sums, sums.now.numbers), sums.now).summary() == nil)
    }

    /// A CPU was in the midst of adding an I/O at either reading.
    @Test(arguments: [-1, 1, 3]) func readInTheMidst(surplus: Int) throws {
        let sums = Sums()
        for number in 0..<5 { sums.add(from: UInt64(1000 * number + 1), latency: 20_000) }
        let before = sums.now
        for number in 5..<9 { sums.add(from: UInt64(1000 * number + 1), latency: UInt64(10_000 * number)) }
        var now = sums.now
        let buckets = Int(PROBE_SUMMARY_BUCKETS)
        let spread = buckets * (Self.row + Int(PROBE_STEP_COMPLETED.rawValue))
        let bucket = spread + Int(probe_summary_bucket(60_000))
        now.numbers[bucket] = UInt64(Int(now.numbers[bucket]) + surplus)
        let new = try #require(SummaryDifference(kind: sums.kind, (before.sums, before.numbers), now).summary())
        #expect(new.ios == 4)
        #expect(new.spreads[Int(PROBE_STEP_COMPLETED.rawValue)].reduce(0) { $0 + $1.ios } == 4)
    }

    /// Its row was not counted yet: it belongs to the next interval.
    @Test func notWholeYet() {
        let sums = Sums()
        sums.add(from: 1, latency: 20_000)
        let before = sums.now
        var now = before
        now.numbers[Int(PROBE_SUMMARY_BUCKETS) * Self.row] += 1
        now.sums.bytes += 4096
        #expect(SummaryDifference(kind: sums.kind, (before.sums, before.numbers), now).summary() == nil)
    }
}
