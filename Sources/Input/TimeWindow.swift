// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Host

/// A part of the time of a recording: the I/Os that were done in it.
public struct TimeWindow: Equatable, Sendable {
    public enum Bound: Equatable, Sendable {
        /// Nanoseconds since the recording began: the first I/O, where only a trace is there.
        case sinceStart(UInt64)
        case wall(WallTime)
    }

    public var from: Bound?
    /// Not in it any more.
    public var until: Bound?
    /// As it was asked for, e.g. `from 1s to 2s`.
    public var text: String

    public init(from: Bound?, until: Bound?, text: String) {
        (self.from, self.until, self.text) = (from, until, text)
    }
}

/// When a recording began, by both clocks.
struct RecordingStart {
    var monotonic: UInt64
    /// Nanoseconds since 1970.
    var wall: Int64
}

/// The same in nanoseconds since the begin.
struct TimeRange: Sendable {
    let from: UInt64
    let until: UInt64
    /// CLOCK_MONOTONIC; `nil`: the first I/O that comes.
    let origin: UInt64?

    /// - Parameter start: `nil`: not known.
    init(_ window: TimeWindow, _ start: RecordingStart?, _ path: String) throws(InputError) {
        from = try Self.nanoseconds(window.from, start, path) ?? 0
        until = try Self.nanoseconds(window.until, start, path) ?? .max
        origin = start?.monotonic
    }

    private static func nanoseconds(
        _ bound: TimeWindow.Bound?, _ start: RecordingStart?, _ path: String
    ) throws(InputError) -> UInt64? {
        switch bound {
        case nil: return nil
        case .sinceStart(let nanoseconds): return nanoseconds
        case .wall(let time):
            guard let start else { throw .noWallClock(path) }
            let since = time.nanoseconds(near: start.wall) - start.wall
            return since > 0 ? UInt64(since) : 0
        }
    }

    func contains(_ time: UInt64, origin: UInt64) -> Bool {
        let since = time > origin ? time - origin : 0
        return since >= from && since < until
    }
}
