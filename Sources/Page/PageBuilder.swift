// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Report

/// Makes a report and the pictures of its page in one pass over the I/Os.
public struct PageBuilder: ~Copyable, Sendable {
    private var report: ReportBuilder
    private var grid = LatencyGrid()
    private var slowest = SlowestIOs()
    private var clocks = SeenClocks()

    public init(_ report: consuming ReportBuilder) {
        self.report = report
    }

    public mutating func add(_ occupancy: CPUOccupancy) { report.add(occupancy) }

    /// - Parameter known: the life of `io`, by the report's rule, if somebody needed it before.
    public mutating func add(_ io: DirectIO, _ known: KnownLife?) {
        clocks.add(io)
        report.add(io, known) { life, occupancies in
            guard life.isFinished else { return }
            grid.add(io, &life)
            slowest.add(latency: life.latency) { ListedIO(io, life, &occupancies, .all) }
        }
    }

    /// Adds I/Os that were summed up when they were recorded: they are in no picture that needs single ones.
    public mutating func add(_ summary: IOSummary) { report.add(summary) }

    /// Adds all that `other` took in.
    public mutating func add(_ other: borrowing PageBuilder) {
        report.add(other.report)
        grid.add(other.grid)
        slowest.add(other.slowest)
        clocks.add(other.clocks)
    }

    public var isAtLimit: Bool { report.isAtLimit }

    public func finish(
        source: ReportSource, loss: [DataLoss], selection: Report.Selection? = nil, thinnedOut: UInt64 = 0,
        clocks others: SeenClocks = SeenClocks()
    ) -> (report: Report, pictures: PagePictures) {
        let report = report.finish(
            source: source, loss: loss, selection: selection, thinnedOut: thinnedOut, clocks: others)
        var seen = clocks
        seen.add(others)
        return (report, PagePictures(grid: grid, slowest: slowest.inOrder, clocks: seen))
    }
}

/// What the pictures of a page are drawn from, besides the report.
public struct PagePictures: Sendable {
    let grid: LatencyGrid
    /// The slowest first.
    let slowest: [ListedIO]
    /// For which waits the recording has clocks.
    let clocks: SeenClocks
}
