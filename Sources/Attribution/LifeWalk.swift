// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// Walks the points of one life along its path and cuts the time between them into stages.
///
/// Times come from several CPUs and, from saved traces, from files that anyone can have written. Where they contradict
/// each other, `completed` is believed first, since every record is made at that point, then `ended`, then whichever
/// came first on the walk; the others are dropped.
struct LifeWalk {
    private(set) var spans = StageSpans()
    private(set) var isDisordered = false
    /// When the I/O was completed, unless that lies before its submission.
    private(set) var completed: Timestamp?
    private var ended: Timestamp?

    private let path: LifePath
    private let start: Timestamp
    /// In a partial life, the first one that was seen.
    private let first: LifePoint
    private var point: LifePoint
    private var time: Timestamp

    init(_ io: DirectIO, context: CompletionContext) {
        first = io.firstSeen
        point = first
        start = io.began
        time = io.began
        path = LifePath(of: io, context: context)
        completed = believed(io.completed, until: nil)
        ended = believed(io.ended, until: completed)
    }

    /// The walk came to where the I/O was complete, or beyond.
    var isFinished: Bool { point.rawValue >= LifePoint.completed.rawValue }

    /// Nanoseconds from submission to the last point.
    var elapsed: UInt64 { time.nanoseconds(since: start) }

    mutating func run(_ io: DirectIO) {
        path.forEachSeen { next in
            switch next {
            case first: break
            case .completed: pass(next, completed, until: nil, io)
            case .ended: pass(next, ended, until: completed, io)
            default: pass(next, io[next], until: limit(of: next), io)
            }
        }
    }

    /// The first time that is believed of a point after this one.
    private func limit(of point: LifePoint) -> Timestamp? {
        if let ended, path.isBefore(point, .ended) { return ended }
        return path.isBefore(point, .completed) ? completed : nil
    }

    private mutating func believed(_ time: Timestamp?, until limit: Timestamp?) -> Timestamp? {
        guard let time else { return nil }
        if time >= start, limit.map({ time <= $0 }) ?? true { return time }
        isDisordered = true
        return nil
    }

    @inline(__always)
    private mutating func pass(_ next: LifePoint, _ seen: Timestamp?, until limit: Timestamp?, _ io: DirectIO) {
        guard let seen else { return }
        if seen < time, LifePoints.mayPrecede.contains(LifePoints(next)) { return }
        guard seen >= time, limit.map({ seen <= $0 }) ?? true else {
            isDisordered = true
            return
        }
        let leg = path.leg(from: point, to: next, of: io)
        spans.append(
            StageSpan(stage: leg.stage, context: leg.context, nanoseconds: seen.nanoseconds(since: time)),
            isHole: leg.isHole)
        point = next
        time = seen
    }
}
