// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// What was missed of the I/Os' lives.
///
/// Counted by the exact set of missing points: which of them no probe could see is known only at the end.
struct QualityAccumulator: ~Copyable, Sendable {
    /// Sets of points that some I/O missed, of those without a bio apart.
    private var sets: [MissedPoints] = []
    /// Which of `sets` was missed last: by the next I/O too, as a rule.
    private var last = 0
    /// By place in `sets`: I/Os without any other flaw, and I/Os that are disordered, or have a hole.
    private var counts = CountTable(0)
    private(set) var disordered: UInt64 = 0
    private var unfinished: UInt64 = 0

    @inline(__always)
    mutating func add(_ life: AttributedLife, times: UInt64 = 1) {
        let place = place(of: MissedPoints(points: life.missing, hadNoBio: life.hadNoBio))
        counts[place &* 2 &+ (life.isComplete(blind: life.missing) ? 0 : 1)] &+= times
        if life.isDisordered { disordered += times }
        if !life.isFinished { unfinished += times }
    }

    @inline(__always)
    private mutating func place(of set: MissedPoints) -> Int {
        if last < sets.count, sets[last] == set { return last }
        return find(set)
    }

    @inline(never)
    private mutating func find(_ set: MissedPoints) -> Int {
        last = sets.firstIndex(of: set) ?? sets.count
        if last == sets.count {
            sets.append(set)
            counts.grow(to: sets.count * 2)
        }
        return last
    }

    mutating func add(_ other: borrowing QualityAccumulator) {
        for (from, set) in other.sets.enumerated() {
            let place = find(set)
            for flaw in 0..<2 { counts[place * 2 + flaw] &+= other.counts[from * 2 + flaw] }
        }
        disordered += other.disordered
        unfinished += other.unfinished
    }

    /// - Parameter seesBios: probes see what devices are given and are done with, all that `blind` does not name.
    func quality(of ios: UInt64, blind: LifePoints, seesBios: Bool) -> Report.Quality {
        let knowsBios = seesBios && blind.isDisjoint(with: [.init(.issued), .init(.ended)])
        var (complete, withoutBio) = (UInt64(0), UInt64(0))
        var missing = [UInt64](repeating: 0, count: LifePoint.count)
        for (place, set) in sets.enumerated() {
            if set.hadNoBio && knowsBios {
                withoutBio += counts[place * 2] + counts[place * 2 + 1]
                complete += counts[place * 2]
                continue
            }
            let expected = set.points.subtracting(blind)
            if expected.subtracting(.borders).isEmpty { complete += counts[place * 2] }
            for point in expected.points { missing[Int(point.rawValue)] += counts[place * 2] + counts[place * 2 + 1] }
        }
        return Report.Quality(
            completeIOs: complete, of: ios,
            unfinishedIOs: unfinished, disorderedIOs: disordered, blind: blind.points,
            missing: LifePoint.allCases.compactMap { point in
                let count = missing[Int(point.rawValue)]
                return count == 0 ? nil : .init(point: point, ios: count)
            }, withoutBioIOs: withoutBio)
    }
}

private struct MissedPoints: Equatable, Sendable {
    var points: LifePoints
    var hadNoBio: Bool
}
