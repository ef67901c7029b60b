// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import Probes

struct PauseMissesTests {
    /// Only what was skipped between a pause's begin and its end is of pauses.
    @Test func missesOfPausesAreToldApart() {
        var misses = PauseMisses()
        #expect(misses.inPauses(until: .init(countedApart: 3, uncounted: 1)) == .init())
        misses.pauseBegins(at: .init(countedApart: 3, uncounted: 1))
        #expect(misses.inPauses(until: .init(countedApart: 10, uncounted: 1)) == .init(countedApart: 7, uncounted: 0))
        misses.pauseEnds(at: .init(countedApart: 12, uncounted: 2))
        #expect(misses.inPauses(until: .init(countedApart: 50, uncounted: 50)) == .init(countedApart: 9, uncounted: 1))
        misses.pauseBegins(at: .init(countedApart: 50, uncounted: 50))
        misses.pauseEnds(at: .init(countedApart: 51, uncounted: 53))
        #expect(misses.inPauses(until: .init(countedApart: 99, uncounted: 99)) == .init(countedApart: 10, uncounted: 4))
    }
}
