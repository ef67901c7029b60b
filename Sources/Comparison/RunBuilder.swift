// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Report

/// Takes the I/Os of one recording in any order, one pass, and makes a run of them.
public struct RunBuilder: ~Copyable {
    private let rule: CompletionRule
    private var report: ReportBuilder
    private var grid: BlockGrid
    /// Blocks get as long as a second while enough of them are left.
    private let choosesLength: Bool
    private var flight = FlightSample()
    private var firstSubmitted = UInt64.max
    private var lastSeen: UInt64 = 0
    private var submitCPUs: Set<UInt16> = []
    private var endCPUs: Set<UInt16> = []

    /// - Parameters:
    ///   - rule: by which the recorded kernel decides how to complete.
    ///   - blockLength: nanoseconds, at least a millisecond; `nil`: a second, or a half, a quarter, ... of it for a run
    ///     that is too short to have enough such blocks.
    ///   - bursts: of a recording in bursts.
    public init(rule: CompletionRule, blockLength: UInt64?, bursts: BurstCalendar = .none) {
        self.rule = rule
        report = ReportBuilder(rule: rule, bursts: bursts)
        choosesLength = blockLength == nil
        grid = BlockGrid(length: blockLength ?? Self.second >> 7)
    }

    /// Nanoseconds; a multiple of 2^9.
    private static let second: UInt64 = 1_000_000_000

    public mutating func add(_ io: DirectIO) {
        add(io, AttributedLife(io, rule: rule))
    }

    /// - Parameter life: of `io`, by this builder's rule.
    public mutating func add(_ io: DirectIO, _ life: AttributedLife) {
        report.add(io, life)
        let submitted = io.began.nanoseconds
        let ended = submitted + life.latency
        firstSubmitted = min(firstSubmitted, submitted)
        lastSeen = max(lastSeen, ended)
        flight.add(submitted: submitted, ended: ended)
        if let cpu = io.submitCPU { submitCPUs.insert(cpu) }
        if let cpu = io.endCPU { endCPUs.insert(cpu) }
        let position = grid.position(of: ended)
        grid.withTally(at: position) { $0.add(io, life) }
    }

    /// - Parameters:
    ///   - name: how the user calls the run.
    ///   - loss: what is missing from the I/Os that were added, as their source counted it.
    ///   - selection: which I/Os were added, when it was not all.
    ///   - thinnedOut: I/Os that were recorded and not added, to make one even sample of several.
    ///   - clocks: of I/Os that were recorded and not added.
    public consuming func finish(
        name: String, source: ReportSource, loss: [DataLoss], selection: Report.Selection? = nil,
        thinnedOut: UInt64 = 0, clocks: SeenClocks = SeenClocks()
    ) -> Run {
        let report = report.finish(
            source: source, loss: loss, selection: selection, thinnedOut: thinnedOut, clocks: clocks)
        var units: [RunUnit] = []
        if choosesLength { grid.coarsen(upTo: Self.second, leaving: Spread.neededBlocks) }
        if !grid.tallies.isEmpty {
            // The time before the first completion belongs to the first block, so that the spans sum to the whole.
            units = Self.units(
                of: grid, from: Double(firstSubmitted), until: Double(lastSeen),
                population: report.sample?.populationInSpan ?? 1)
        }
        var facts = RunFacts(name: name, report: report)
        // How many were in flight at once, the I/Os of a sample do not say.
        facts.peakInFlight = report.sample == nil ? flight.peak : nil
        facts.selection = selection?.condition
        facts.submitCPUs = submitCPUs
        facts.endCPUs = endCPUs
        return Run(facts: facts, blockLength: grid.length, units: units, firstBlock: grid.first)
    }

    private static func units(
        of grid: BlockGrid, from start: Double, until end: Double, population: Double
    ) -> [RunUnit] {
        let length = Double(grid.length)
        return grid.tallies.enumerated().map { index, tally in
            let begin = index == 0 ? start : (Double(grid.first) + Double(index)) * length
            let next = index == grid.tallies.count - 1 ? end : (Double(grid.first) + Double(index + 1)) * length
            return RunUnit(tally: tally, span: max(0, next - begin), population: population)
        }
    }
}
