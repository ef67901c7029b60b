// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import Testing

@testable import Recording

/// Which kinds of I/Os are aggregated in the kernel.
struct SeenKindsTests {
    /// Every point of a deferred write was seen.
    private func whole(length: UInt32 = 4096) -> probe_io {
        var io = probe_io.write(from: 1_000)
        io.facts |= PROBE_FACT_END_SEEN.rawValue | PROBE_FACT_END_DECIDES.rawValue
        io.length_bytes = length
        io.issued_ns = 1_100
        io.interrupted_ns = 1_200
        io.ended_ns = 1_300
        io.queued_ns = 1_400
        io.started_ns = 1_500
        io.completed_ns = 1_600
        return io
    }

    private func note(_ io: probe_io, times count: Int, in kinds: inout SeenKinds) {
        for _ in 0..<count { withUnsafeBytes(of: io) { kinds.note($0) } }
    }

    @Test func aKindIsChosenOnceItKeepsComing() {
        var kinds = SeenKinds(rule: .defersWrites)
        note(whole(), times: 31, in: &kinds)
        #expect(kinds.takeChosen().isEmpty)
        note(whole(), times: 1, in: &kinds)
        #expect(kinds.takeChosen().map(\.length_bytes) == [4096])
        note(whole(), times: 100, in: &kinds)
        #expect(kinds.takeChosen().isEmpty)
    }

    @Test func onlySoManyLengthsHaveAKindOfTheirOwn() {
        var kinds = SeenKinds(rule: .defersWrites)
        for length in 1...6 { note(whole(length: UInt32(length) * 4096), times: 40, in: &kinds) }
        #expect(kinds.takeChosen().map(\.length_bytes) == [4096, 8192, 12288, 16384])
    }

    @Test func timesThatContradictEachOtherStayRecords() {
        var kinds = SeenKinds(rule: .defersWrites)
        var io = whole()
        io.ended_ns = 900
        note(io, times: 100, in: &kinds)
        #expect(kinds.takeChosen().isEmpty)
    }
}
