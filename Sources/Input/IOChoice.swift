// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Capture
import DirectIO
import Report
import Selection

/// Which I/Os are wanted, once all that this asks for is known.
struct IOFilter: Sendable {
    let selection: IOSelection?
    let range: TimeRange?
    let names: RecordedNames
    let rule: CompletionRule

    /// - Parameter origin: when the recording began.
    /// - Returns: `nil` when it is not wanted.
    func life(_ io: DirectIO, origin: UInt64) -> AttributedLife? {
        let life = AttributedLife(io, rule: rule)
        if let range, !range.contains(io.began.nanoseconds &+ life.latency, origin: origin) { return nil }
        if let selection, !selection.contains(Subject(io, life, names)) { return nil }
        return life
    }
}

/// Lets those I/Os of a stream through that are wanted.
struct IOChoice: Sendable {
    /// `nil`: all are wanted.
    let filter: IOFilter?
    let thinning: Thinning?
    /// I/Os that were left out to make one even sample of several.
    private(set) var thinnedOut: UInt64 = 0
    /// From the I/Os that were not wanted.
    private(set) var clocks = SeenClocks()
    /// When the recording began, once that is known.
    private(set) var origin: UInt64?

    init(filter: IOFilter?, thinning: Thinning?) {
        self.filter = filter
        origin = filter?.range?.origin
        self.thinning = thinning
    }

    @inline(__always)
    mutating func take(_ io: DirectIO, _ each: (DirectIO, KnownLife?) throws -> Void) rethrows {
        if let thinning, !thinning.keeps(io) {
            thinnedOut &+= 1
            clocks.add(io)
        } else if let filter {
            let origin = origin ?? io.began.nanoseconds
            self.origin = origin
            guard let life = filter.life(io, origin: origin) else { return clocks.add(io) }
            try each(io, KnownLife(life))
        } else {
            try each(io, nil)
        }
    }
}

/// What one of several threads reads of the I/Os.
public struct IOPart {
    let share: CaptureShare
    let choice: IOChoice
    let progress: (Double) -> Void

    /// What it read, for the whole.
    public struct Contents: Sendable {
        let capture: CaptureContents
        let thinnedOut: UInt64
        let clocks: SeenClocks
    }

    /// As `ChosenIOs.read(occupancies:each:)`.
    public func read(
        occupancies: (CPUOccupancy) throws -> Void, each: (DirectIO, KnownLife?) throws -> Void
    ) throws -> Contents {
        var choice = choice
        let capture = try share.read(occupancies: occupancies, progress: progress) { io in try choice.take(io, each) }
        return Contents(capture: capture, thinnedOut: choice.thinnedOut, clocks: choice.clocks)
    }
}
