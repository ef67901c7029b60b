// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Report

/// A file that I/Os can be had from, whatever its format.
protocol IOSource {
    /// By which the recorded kernel decides how to complete.
    var rule: CompletionRule { get }
    /// Most of its I/Os were aggregated in the kernel: only the summary has them.
    var isSummary: Bool { get }
    /// Of its I/Os it is known when they passed their points, not only in which order.
    var hasTimes: Bool { get }
    /// What stands where its events have their times is what passed since the one before.
    var hasDifferences: Bool { get }
    /// Makes one sample of its I/Os, which were recorded at several rates; `nil`: they were not.
    var thinning: Thinning? { get }
    /// When everything was recorded, of a recording that paused between.
    var bursts: BurstCalendar { get }
    /// Machines whose traces are merged in it, by number; empty of one alone.
    var machines: [String] { get }
    /// When it began; `nil` where only the I/Os say.
    var start: RecordingStart? { get }
    /// Calls `each` with every I/O, in no particular order, and `occupancies` with everybody who occupied a CPU that I/Os waited
    /// for, before those I/Os.
    func read(occupancies: (CPUOccupancy) throws -> Void, each: (DirectIO) throws -> Void) throws -> SourceSummary
}

extension IOSource {
    var isSummary: Bool { false }
    var hasTimes: Bool { true }
    var hasDifferences: Bool { false }
    var thinning: Thinning? { nil }
    var bursts: BurstCalendar { .none }
    var machines: [String] { [] }
    var start: RecordingStart? { nil }

    func read(_ each: (DirectIO) throws -> Void) throws -> SourceSummary {
        try read(occupancies: { _ in }, each: each)
    }
}

/// Why a source has no I/Os.
public struct Absence: Sendable {
    /// Continues "NAME has ".
    public var what = "no direct I/O"
    /// Continues that behind a colon.
    public var reason: String
    /// What to do, if anything helps.
    public var remedy: String?

    public init(reason: String, remedy: String?) {
        (self.reason, self.remedy) = (reason, remedy)
    }
}

/// What there is to say of a source once its I/Os were read.
public struct SourceSummary: Sendable {
    public var name: String
    public var source: ReportSource
    public var loss: [DataLoss]
    public var threads: [UInt32: ThreadName]
    /// Read, or aggregated in the kernel.
    public var ios: UInt64
    /// Those that are requests, of a trace that has no direct I/O.
    public var requests: UInt64 = 0
    /// I/Os that were aggregated in the kernel, and have no record.
    public var summaries: [IOSummary] = []
    /// Where it is cut or damaged, the first places.
    public var damage: [String]
    public var damageCount: Int
    /// Why there are no I/Os, and what to do, if more is known than that there are none.
    public var absence: Absence?
    /// I/Os that were left out to make one even sample of several.
    public internal(set) var thinnedOut: UInt64 = 0
    /// `nil` when every I/O that passed the filters was to be recorded; else of all I/Os, wanted or not.
    public var sample: Sample? {
        let left = ios - min(ios, thinnedOut)
        return Sample(ios: left, sampledOut: loss.sampledOut(further: thinnedOut).sampledOut)
    }
    /// From the I/Os that were not wanted, or left out.
    public internal(set) var clocks = SeenClocks()
    /// When the recording began, nanoseconds of CLOCK_MONOTONIC; `nil`: with the first I/O that was wanted.
    public internal(set) var began: UInt64?
}
