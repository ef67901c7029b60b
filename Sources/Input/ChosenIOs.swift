// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Capture
import DirectIO
import Report
import Selection

/// What is wanted of the I/Os of a file.
public struct IOWish {
    /// `nil`: all of them.
    public var selection: IOSelection?
    /// Only those that completed in it; `nil`: whenever.
    public var window: TimeWindow?
    /// What single I/Os are needed for, in the user's words; `nil`: sums will do.
    public var purpose: String?
    /// What times are needed for, in the user's words; `nil`: without them there is something to say too.
    public var timed: String?
    /// Names of threads and devices are known before the first I/O.
    public var needsNames = false
    /// Each comes with what it waited for.
    public var needsCauses = false
    /// I/Os that were recorded at several rates are thinned out to one even sample.
    public var isEvenSample = true
    /// They are read more than once.
    public var isReadAgain = false

    public init(selection: IOSelection? = nil, purpose: String? = nil) {
        self.selection = selection
        self.purpose = purpose
    }

    /// What comes late in a file and is needed early asks for a pass of its own.
    var needsFirstPass: Bool { needsNames || needsCauses || selection?.needsNames ?? false }
    var needsPasses: Bool { needsFirstPass || isReadAgain }
}

/// The I/Os of a capture or a trace that are wanted: the one door to them, whatever the file is.
public final class ChosenIOs {
    private let source: any IOSource
    private let wish: IOWish
    private let filter: IOFilter?
    private let thinning: Thinning?
    /// Known when causes are needed.
    private var clocks = SeenClocks()
    private var first: SourceSummary?

    /// - Parameter path: `-` is standard input.
    public convenience init(_ path: String, _ wish: IOWish, _ listener: (any ReadingListener)? = nil) throws {
        switch try InputFile(path, again: wish.needsPasses, listener) {
        case .ios(let source): try self.init(source, path, wish)
        case .savedReport: throw InputError.savedReport(path)
        case .savedSweep: throw InputError.savedSweep(path)
        }
    }

    init(_ source: any IOSource, _ path: String, _ wish: IOWish) throws {
        if let purpose = wish.purpose, source.isSummary { throw InputError.summaryOnly(path, purpose: purpose) }
        if !source.hasTimes, let purpose = wish.purpose ?? wish.window?.text ?? wish.timed {
            throw InputError.noTimes(path, purpose: purpose, areDifferences: source.hasDifferences)
        }
        if wish.selection?.needsStart == true, source.start == nil { throw InputError.noStart(path) }
        self.source = source
        self.wish = wish
        thinning = wish.isEvenSample ? source.thinning : nil
        let start = source.start.map { RecordedNames.Start(monotonic: $0.monotonic, wall: $0.wall) }
        var names = RecordedNames(start: start)
        if wish.needsFirstPass {
            var clocks = SeenClocks()
            let summary = try source.read { clocks.add($0) }
            names = RecordedNames(
                threads: summary.threads, devices: summary.source.devices, files: summary.source.files, start: start)
            first = summary
            self.clocks = clocks
        }
        self.names = names
        let range = try wish.window.map { try TimeRange($0, source.start, path) }
        filter =
            wish.selection == nil && range == nil
            ? nil : IOFilter(selection: wish.selection, range: range, names: names, rule: source.rule)
        origin = source.start.map { $0.monotonic &+ (range?.from ?? 0) }
    }

    /// Where a time axis of what is wanted begins, nanoseconds of CLOCK_MONOTONIC; `nil`: with the first I/O.
    public let origin: UInt64?
    /// When everything was recorded, of a recording that paused between.
    public var bursts: BurstCalendar { source.bursts }

    /// By which the recorded kernel decides how to complete.
    public var rule: CompletionRule { source.rule }
    /// Most of its I/Os were aggregated in the kernel.
    public var isSummary: Bool { source.isSummary }
    /// Machines whose traces are merged in it, by number; empty of one alone.
    public var machines: [String] { source.machines }
    /// The names that a first pass found, where one was needed.
    public let names: RecordedNames

    /// What there is to say of the source before its I/Os are read: asks for names or causes, or to read again.
    public func summary() throws -> SourceSummary {
        if let first { return first }
        let summary = try source.read { _ in }
        first = summary
        return summary
    }

    /// Calls `each` with every I/O that is wanted, in file order.
    public func read(_ each: (DirectIO, AttributedLife) throws -> Void) throws -> SourceSummary {
        try read(occupancies: { _ in }) { io, life in try each(io, life?.life ?? AttributedLife(io, rule: source.rule))
        }
    }

    /// Calls `each` with every I/O that is wanted, in file order, and `occupancies` with everybody who occupied a CPU that I/Os
    /// waited for, before those I/Os. An I/O comes with its attributed life only where the selection needed that.
    public func read(
        occupancies: (CPUOccupancy) throws -> Void, each: (DirectIO, KnownLife?) throws -> Void
    ) throws -> SourceSummary {
        var choice = choice
        var summary = try source.read(occupancies: occupancies) { io in try choice.take(io, each) }
        summary.thinnedOut = choice.thinnedOut
        summary.clocks = choice.clocks
        summary.began = source.start?.monotonic ?? choice.origin
        return summary
    }

    private var choice: IOChoice { IOChoice(filter: filter, thinning: thinning) }

    /// Calls `each` with every I/O that is wanted, in file order; `listed` makes it one with what it waited for.
    public func readWithCauses(
        _ each: (_ io: DirectIO, _ life: AttributedLife, _ listed: () -> ListedIO) throws -> Void
    ) throws -> SourceSummary {
        var occupancies = OccupancyLog()
        return try read {
            occupancies.add($0)
        } each: { io, known in
            let life = known?.life ?? AttributedLife(io, rule: source.rule)
            try each(io, life) { ListedIO(io, life, &occupancies, clocks) }
        }
    }

    // MARK: Several threads

    /// Threads that are worth while to read it with, where nothing depends on the order of the I/Os.
    public var threads: Int { (source as? CaptureIOs)?.threads ?? 1 }

    /// Reads with as many threads at once: calls `read` with each part of the I/Os, on a thread of its own.
    /// - Returns: `nil` when it cannot be read in parts: `threads` is 1.
    public func read(
        threads: Int, _ read: @escaping @Sendable (_ number: Int, _ part: IOPart) throws -> IOPart.Contents
    ) throws -> SourceSummary? {
        guard let capture = source as? CaptureIOs else { return nil }
        let choice = choice
        var summary = try capture.readShared(threads) { number, share, progress in
            try read(number, IOPart(share: share, choice: choice, progress: progress))
        }
        summary.began = capture.start?.monotonic
        return summary
    }
}
