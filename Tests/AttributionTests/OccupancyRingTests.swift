// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import TestSupport
import Testing

@testable import Attribution

struct OccupancyRingTests {
    static func wait(_ from: UInt64, _ until: UInt64) throws -> CPUWait {
        var io = Life.make(complete: .kworker, times: [])
        io.workStarted = Timestamp(nanoseconds: until)
        return try #require(
            CPUWait(StageSpan(stage: .queueWait, context: .kworker, nanoseconds: until - from), of: io))
    }

    /// By name, from the newest occupancy backwards until one ended before the wait began, without any shortcut.
    static func expected(_ occupancies: [OccupancyRing.Occupancy], _ from: UInt64, _ until: UInt64) -> [[UInt64]] {
        var parts: [[UInt64]] = []
        for occupancy in occupancies.suffix(OccupancyRing.capacity).reversed() {
            if occupancy.until <= from { break }
            guard occupancy.from < until else { continue }
            let overlap = min(occupancy.until, until) - max(occupancy.from, from)
            if let place = parts.firstIndex(where: { $0[0] == UInt64(occupancy.name) }) {
                parts[place][1] += overlap
            } else {
                parts.append([UInt64(occupancy.name), overlap])
            }
        }
        return parts
    }

    @Test(arguments: [0, 1, 50]) func whatWasAskedBeforeDoesNotMatter(percentBackwards: Int) throws {
        var random = SeededGenerator(seed: 5)
        var ring = OccupancyRing()
        var (poolWork, otherTask) = (NameSums(), NameSums())
        var occupancies: [OccupancyRing.Occupancy] = []
        var now: UInt64 = 1_000_000
        var overlapping = 0
        for _ in 0..<1500 {
            let back = Int.random(in: 1...100, using: &random) <= percentBackwards
            now = back ? now - 300 : now + UInt64.random(in: 0...100, using: &random)
            let from = now
            now += UInt64.random(in: 1...100, using: &random)
            occupancies.append(
                .init(from: from, until: now, name: .random(in: 0...6, using: &random), occupant: .otherTask))
            ring.add(try #require(occupancies.last))
            for reach in [200, 2000, 60_000] as [UInt64] where Int.random(in: 0...2, using: &random) > 0 {
                let until = now + 100 - UInt64.random(in: 0...reach, using: &random)
                let begin = until - UInt64.random(in: 1...500, using: &random)
                ring.addOverlaps(with: try Self.wait(begin, until), poolWork: &poolWork, otherTask: &otherTask)
                var parts: [[UInt64]] = []
                poolWork.take(atMost: .max) { _, _ in Issue.record("no pool's work was there") }
                otherTask.take(atMost: .max) { parts.append([UInt64($0), $1]) }
                try #require(parts == Self.expected(occupancies, begin, until))
                overlapping += parts.isEmpty ? 0 : 1
            }
        }
        #expect(overlapping > 500)
    }
}
