// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// The points that one I/O passes, seen or not, in their order.
///
/// That order is the table's, with one exception: with `IOCB_DIO_CALLER_COMP` the issuer completes the I/O in its
/// task_work, so that is run first.
struct LifePath {
    private let context: CompletionContext
    private let seen: LifePoints
    /// Bit *n*: an I/O on this path passes the point whose place on it is *n*, seen or not.
    private let expected: UInt32
    private let isTaskWorkFirst: Bool

    init(of io: DirectIO, context: CompletionContext) {
        let seen = io.times.seen
        let ran = io.taskWorkRun
        // Whoever ran end_io himself had nothing to be woken up for.
        let wokeUp = context != .syncWait || !io.facts.contains(.endBySubmitter)
        self.init(
            seen: seen, context: wokeUp ? context : .submitRace,
            isTaskWorkFirst: context == .taskWork && (ran == nil || io.completed.map { ran ?? $0 <= $0 } ?? true))
    }

    /// - Parameter isTaskWorkFirst: of one that is completed in task_work: that ran no later than its completion.
    init(seen: LifePoints, context: CompletionContext, isTaskWorkFirst: Bool) {
        // Nobody in between has its issuer complete an I/O.
        self.seen = isTaskWorkFirst ? seen.subtracting(Self.hop) : seen
        self.context = context
        self.isTaskWorkFirst = isTaskWorkFirst
        var points = LifePoints.always
        for (path, members) in Self.paths where path == context || !seen.isDisjoint(with: members) {
            points.formUnion(members)
        }
        expected = isTaskWorkFirst ? Self.withTaskWorkFirst(points.rawValue) : points.rawValue
    }

    private static let hop = LifePoints(.hopQueued).union(LifePoints(.hopStarted)).union(LifePoints(.iocbCompleted))

    /// Those that some I/Os pass, and others do not.
    private static let paths = CompletionContext.allCases.map { ($0, LifePoints.on($0)) }.filter { !$0.1.isEmpty }

    /// What was seen besides the submission, in its order.
    @inline(__always)
    func forEachSeen(_ body: (LifePoint) -> Void) {
        var left = (isTaskWorkFirst ? Self.withTaskWorkFirst(seen.rawValue) : seen.rawValue) & ~1
        while left != 0 {
            if let point = point(at: left.trailingZeroBitCount) { body(point) }
            left &= left &- 1
        }
    }

    func isBefore(_ point: LifePoint, _ other: LifePoint) -> Bool { place(of: point) < place(of: other) }

    /// What an I/O does between two points that were seen, one next to the other.
    struct Leg {
        var stage: Stage
        var context: StageContext
        /// Where the device's part of it ends was not seen, or who completed it.
        var isHole: Bool
    }

    func leg(from point: LifePoint, to next: LifePoint, of io: DirectIO) -> Leg {
        var place = place(of: point)
        let end = self.place(of: next)
        var (first, from) = (AtomicStage?.none, point)
        var leg = Leg(stage: .unattributed, context: .device, isHole: false)
        var letter: StageContext?
        let passed = expected | 1 << UInt32(end)
        while place < end {
            place += 1 + (passed >> UInt32(place + 1)).trailingZeroBitCount
            guard let to = self.point(at: place) else { break }
            let part = AtomicStage.between(from, to, context)
            letter = StageContext(of: part, in: io).joined(to: letter, owner: part.row.owner)
            first = first ?? part
            leg.stage = first.flatMap { Stage($0, through: part) } ?? .unattributed
            from = to
        }
        leg.context = leg.stage == .unattributed ? .device : letter ?? .device
        leg.isHole = isHole(leg.stage)
        return leg
    }

    private func isHole(_ stage: Stage) -> Bool {
        if stage.last == .completion || stage.last == .callerReturn || stage.last == .unattributed { return true }
        let endsDevice =
            stage.first.rawValue <= AtomicStage.device.rawValue
            && stage.last.rawValue > AtomicStage.interrupt.rawValue
        // A submitter that waits does not see more, and nothing happens between.
        return endsDevice && context != .syncWait && context != .submitRace
    }

    // MARK: Places on the path

    private static let completed = Int(LifePoint.completed.rawValue)
    private static let taskWorkRun = Int(LifePoint.taskWorkRun.rawValue)

    private func place(of point: LifePoint) -> Int {
        let number = Int(point.rawValue)
        guard isTaskWorkFirst, number >= Self.completed, number <= Self.taskWorkRun else { return number }
        return point == .taskWorkRun ? Self.completed : number + 1
    }

    private func point(at place: Int) -> LifePoint? {
        guard isTaskWorkFirst, place >= Self.completed, place <= Self.taskWorkRun else {
            return LifePoint(rawValue: UInt8(truncatingIfNeeded: place))
        }
        return place == Self.completed ? .taskWorkRun : LifePoint(rawValue: UInt8(truncatingIfNeeded: place - 1))
    }

    /// Moves the bit of that point before that of the completion.
    private static func withTaskWorkFirst(_ points: UInt32) -> UInt32 {
        let below = points & (1 << UInt32(completed) - 1)
        let above = points & ~(1 << UInt32(taskWorkRun + 1) - 1)
        let between = points & (1 << UInt32(taskWorkRun) - 1) & ~(1 << UInt32(completed) - 1)
        let ran = points >> UInt32(taskWorkRun) & 1
        return below | ran << UInt32(completed) | between << 1 | above
    }
}
