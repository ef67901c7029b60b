// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Report

/// Finished I/Os by when they were done and how long they took, as a whole and in each stage, by completion context; and by
/// the CPUs that they came to. Filled in the pass that makes the report.
///
/// Bounded, however long the recording is: 240 KB for each stage in each context, and so many of these.
struct LatencyGrid: Sendable {
    /// 8 an octave, up to two minutes.
    static let buckets = 240
    private static let mostSeries = 160
    private static let mostPlaces = 64
    private static let stagesOfAContext = 256
    private static let noRow = -2

    private(set) var axis = ColumnAxis()
    /// Contexts in the order in which they came.
    private(set) var contexts: [CompletionContext] = []
    private var contextPlaces = [Int](repeating: -1, count: CompletionContext.count)
    private var places = StageSlots()
    /// By context and stage: row of the tables, -1 or `noRow`.
    private var rows: [Int] = []
    private(set) var series: [Series] = []
    private var counts = ColumnTable<UInt32>(depth: buckets)
    private var sums = ColumnTable<UInt64>(depth: 1)

    private(set) var cpus: [CPUs] = []
    private var cpuRows: [CPUs: Int] = [:]
    private var lastCPUs: (cpus: CPUs, row: Int)?
    private var cpuCounts = ColumnTable<UInt32>(depth: 1)
    private var cpuSums = ColumnTable<UInt64>(depth: 1)
    /// At times that no recording reaches.
    private(set) var outside: UInt64 = 0
    /// Times in stages that have no row: there are too many kinds of them.
    private(set) var leftOut: UInt64 = 0

    /// One row of the grid.
    struct Series: Sendable, Equatable {
        /// Position in `contexts`.
        var context: Int
        /// `nil`: the whole latency.
        var stage: Stage?
    }

    /// Where an I/O was; `nil`: not seen, or no kworker.
    struct CPUs: Hashable, Sendable {
        var submit: UInt16?
        var end: UInt16?
        var worker: UInt16?
        /// One of so many that they are not told apart.
        var isOther = false
    }

    // MARK: Every I/O

    /// - Parameter life: of `io`; stays as it is.
    mutating func add(_ io: DirectIO, _ life: inout AttributedLife) {
        guard life.isFinished else { return }
        guard move(to: io.began.nanoseconds &+ life.latency) else {
            outside += 1
            return
        }
        let slot = axis.slot
        let context = place(of: life.context)
        record(life.latency, row(context, 0), slot)
        life.spans.withAll { nanoseconds, kinds, count in
            for index in 0..<count {
                let stage = places.place(of: kinds[index].stage)
                record(nanoseconds[index], row(context, stage + 1), slot)
            }
        }
        let cpus = row(of: CPUs(submit: io.submitCPU, end: io.endCPU, worker: io.workerCPU))
        cpuCounts.add(1, row: cpus, slot: slot)
        cpuSums.add(life.latency, row: cpus, slot: slot)
    }

    private mutating func move(to time: UInt64) -> Bool {
        if axis.isHere(time) { return true }
        var axis = axis
        let isThere = axis.move(to: time) { halve($0) }
        self.axis = axis
        return isThere
    }

    private mutating func coarsen() {
        var axis = axis
        axis.coarsen { halve($0) }
        self.axis = axis
    }

    private mutating func halve(_ axis: ColumnAxis) {
        counts.halve(axis)
        sums.halve(axis)
        cpuCounts.halve(axis)
        cpuSums.halve(axis)
    }

    @inline(__always)
    private mutating func record(_ nanoseconds: UInt64, _ row: Int, _ slot: Int) {
        guard row >= 0 else {
            leftOut += 1
            return
        }
        counts.add(1, row: row, slot: slot, at: Self.bucket(of: nanoseconds))
        sums.add(nanoseconds, row: row, slot: slot)
    }

    static func bucket(of nanoseconds: UInt64) -> Int { min(DurationBucket.number(of: nanoseconds) >> 4, buckets - 1) }
    /// The shortest duration in a bucket, nanoseconds.
    static func lowest(of bucket: Int) -> UInt64 { DurationBucket.lowest(of: bucket << 4) }

    // MARK: Rows

    private mutating func place(of context: CompletionContext) -> Int {
        let known = contextPlaces[context.index]
        guard known < 0 else { return known }
        contextPlaces[context.index] = contexts.count
        contexts.append(context)
        rows.append(contentsOf: repeatElement(-1, count: Self.stagesOfAContext))
        return contexts.count - 1
    }

    @inline(__always)
    private mutating func row(_ context: Int, _ place: Int) -> Int {
        guard place < Self.stagesOfAContext else { return Self.noRow }
        let known = rows[context &* Self.stagesOfAContext &+ place]
        return known == -1 ? addRow(context, place) : known
    }

    private mutating func addRow(_ context: Int, _ place: Int) -> Int {
        // The whole latency of each context always has one.
        guard place == 0 || series.count < Self.mostSeries else {
            rows[context * Self.stagesOfAContext + place] = Self.noRow
            return Self.noRow
        }
        rows[context * Self.stagesOfAContext + place] = series.count
        series.append(Series(context: context, stage: place == 0 ? nil : places.stages[place - 1]))
        counts.addRow()
        sums.addRow()
        return series.count - 1
    }

    private mutating func row(of cpus: CPUs) -> Int {
        if let lastCPUs, lastCPUs.cpus == cpus { return lastCPUs.row }
        let row = cpuRows[cpus] ?? addRow(of: cpus)
        lastCPUs = (cpus, row)
        return row
    }

    private mutating func addRow(of cpus: CPUs) -> Int {
        let isKnown = self.cpus.count < Self.mostPlaces
        let row = isKnown ? cpus : CPUs(isOther: true)
        if !isKnown, let others = cpuRows[row] { return others }
        cpuRows[row] = self.cpus.count
        self.cpus.append(row)
        cpuCounts.addRow()
        cpuSums.addRow()
        return self.cpus.count - 1
    }

    // MARK: Together

    /// Adds I/Os that were counted elsewhere.
    mutating func add(_ other: LatencyGrid) {
        outside += other.outside
        leftOut += other.leftOut
        guard !other.axis.isEmpty else { return }
        while !axis.isEmpty, axis.width < other.axis.width { coarsen() }
        let rows = other.series.map { series in
            let place = series.stage.map { places.place(of: $0) + 1 } ?? 0
            return row(self.place(of: other.contexts[series.context]), place)
        }
        let cpuRows = other.cpus.map { row(of: $0) }
        for column in other.axis.first...other.axis.last {
            guard move(to: column * other.axis.width) else { continue }
            for (from, row) in rows.enumerated() {
                guard row >= 0 else {
                    leftOut += other.counts.column(column, row: from).reduce(0) { $0 + UInt64($1) }
                    continue
                }
                for (index, count) in other.counts.column(column, row: from).enumerated() where count > 0 {
                    counts.add(count, row: row, slot: axis.slot, at: index)
                }
                sums.add(other.sums.column(column, row: from).reduce(0, &+), row: row, slot: axis.slot)
            }
            for (from, row) in cpuRows.enumerated() {
                cpuCounts.add(other.cpuCounts.column(column, row: from).reduce(0, &+), row: row, slot: axis.slot)
                cpuSums.add(other.cpuSums.column(column, row: from).reduce(0, &+), row: row, slot: axis.slot)
            }
        }
    }

    /// - Parameter columns: at most so many.
    func map(columns: Int) -> LatencyMap? {
        var grid = self
        guard !axis.isEmpty else { return nil }
        while grid.axis.last - grid.axis.first >= UInt64(max(1, columns)) { grid.coarsen() }
        return LatencyMap(grid)
    }

    func counts(_ row: Int, column: UInt64) -> ArraySlice<UInt32> { counts.column(column, row: row) }
    func sum(_ row: Int, column: UInt64) -> UInt64 { sums.column(column, row: row).reduce(0, &+) }
    func cpuCount(_ row: Int, column: UInt64) -> UInt32 { cpuCounts.column(column, row: row).reduce(0, &+) }
    func cpuSum(_ row: Int, column: UInt64) -> UInt64 { cpuSums.column(column, row: row).reduce(0, &+) }
}
