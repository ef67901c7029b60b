// SPDX-License-Identifier: GPL-2.0-only

import Attribution

/// What was missed of the I/Os' lives.
///
/// Counted by the exact set of missing points: which of them nobody could have told of is known only at the end.
struct QualityAccumulator: ~Copyable, Sendable {
    /// I/Os without any other flaw.
    private var sound = CountTable(LifePoints.combinations)
    /// I/Os that are disordered, or have unattributed time.
    private var flawed = CountTable(LifePoints.combinations)
    private(set) var disordered: UInt64 = 0
    private var unfinished: UInt64 = 0

    @inline(__always)
    mutating func add(_ life: AttributedLife) {
        let missing = Int(life.missing.rawValue)
        if life.isComplete(blind: life.missing) {
            sound[missing] &+= 1
        } else {
            flawed[missing] &+= 1
        }
        if life.isDisordered { disordered += 1 }
        if !life.isFinished { unfinished += 1 }
    }

    /// Adds so many I/Os with such a life.
    mutating func add(_ life: AttributedLife, times: UInt64) {
        let missing = Int(life.missing.rawValue)
        if life.isComplete(blind: life.missing) {
            sound[missing] &+= times
        } else {
            flawed[missing] &+= times
        }
        if life.isDisordered { disordered += times }
        if !life.isFinished { unfinished += times }
    }

    mutating func add(_ other: borrowing QualityAccumulator) {
        sound.add(other.sound)
        flawed.add(other.flawed)
        disordered += other.disordered
        unfinished += other.unfinished
    }

    func quality(of ios: UInt64, blind: LifePoints) -> Report.Quality {
        var complete: UInt64 = 0
        var missing = [UInt64](repeating: 0, count: LifePoint.allCases.count)
        for set in 0..<LifePoints.combinations where sound[set] + flawed[set] > 0 {
            let expected = LifePoints(rawValue: UInt16(set)).subtracting(blind)
            if expected.subtracting(.borders).isEmpty { complete += sound[set] }
            for point in expected.points { missing[Int(point.rawValue)] += sound[set] + flawed[set] }
        }
        return Report.Quality(
            completeIOs: complete, completeShare: ios == 0 ? nil : Double(complete) / Double(ios),
            unfinishedIOs: unfinished, disorderedIOs: disordered, blind: blind.points,
            missing: LifePoint.allCases.compactMap { point in
                let count = missing[Int(point.rawValue)]
                return count == 0 ? nil : .init(point: point, ios: count)
            })
    }
}
