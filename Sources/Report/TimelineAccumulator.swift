// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Finished I/Os by the time at which they were done: how long they took, what of, and which was the slowest.
///
/// Bounded: so many cells of time, which become longer when the recording goes on. A cell has 16 buckets of latency an
/// octave, and its stages by octave, so that at the end the slowest I/Os of a cell can be separated from the others.
struct TimelineAccumulator: ~Copyable, Sendable {
    private let axis: TimelineAxis
    private let bursts: BurstCalendar
    private var origin: UInt64
    private var hasOrigin: Bool
    /// Nanoseconds of a cell.
    private(set) var width: UInt64
    private var coarsenings = 0
    /// The cell that the last I/O was in, and when that begins.
    private var cell = 0
    private var start: UInt64
    /// Cells that there is room for, and up to the last in which an I/O was done.
    private var room = 0
    private(set) var cells = 0

    private var places = StageSlots()
    /// By cell and bucket.
    private var counts = CountTable(0)
    /// By cell and octave: nanoseconds of the eight `CPUOccupant`s, then of places of stages.
    private var sums = CountTable(0)
    private var rowWidth = TimelineAccumulator.causes + 8
    private var slowest = CountTable(0)
    private var slowestBegan = CountTable(0)
    private var slowestPoint = CountTable(0)
    /// Finished I/Os at times that no recording reaches.
    private(set) var outside: UInt64 = 0

    static let causes = CPUOccupant.allCases.count
    static let buckets = 480
    static let octaves = buckets / 16
    /// With a width that fits the recording, and with one that was asked for.
    private static let mostCells = (fitting: 1024, chosen: 4096)
    private static let finest: UInt64 = 1_000_000
    /// More than a year.
    private static let longest: UInt64 = 1 << 55

    init(_ axis: TimelineAxis, bursts: BurstCalendar) {
        self.axis = axis
        self.bursts = bursts
        origin = axis.origin ?? 0
        hasOrigin = axis.origin != nil
        start = origin
        width = max(1, axis.interval ?? Self.finest)
    }

    /// CLOCK_MONOTONIC.
    var begin: UInt64 { origin }
    private var mostCells: Int { axis.interval == nil ? Self.mostCells.fitting : Self.mostCells.chosen }

    /// - Parameter life: of `io`; stays as it is.
    @inline(__always)
    mutating func add(_ io: DirectIO, _ life: inout AttributedLife) {
        guard life.isFinished else { return }
        let time = io.began.nanoseconds &+ life.latency
        if time &- start >= width || room == 0 {
            guard move(to: time, began: io.began.nanoseconds) else { return }
        }
        let bucket = Self.bucket(of: life.latency)
        counts[cell &* Self.buckets &+ bucket] &+= 1
        let row = cell &* Self.octaves &+ bucket >> 4
        life.spans.withAll { nanoseconds, kinds, count in
            for index in 0..<count {
                let stage = kinds[index].stage
                let place = Self.causes &+ place(of: stage)
                if place >= rowWidth { widen(to: place + 1) }
                sums[row &* rowWidth &+ place] &+= nanoseconds[index]
                if stage == .queueWait, io.queueWaitOccupants.isKnown {
                    addCauses(io.queueWaitOccupants, in: nanoseconds[index], row)
                }
            }
        }
        if life.latency >= slowest[cell] { note(io, life.latency) }
        if io.taskWorkOccupants.isKnown || io.further.deliveryOccupants.isKnown || io.further.hopOccupants.isKnown {
            addOtherCauses(io, life, row)
        }
    }

    @inline(__always)
    private mutating func place(of stage: Stage) -> Int { places.place(of: stage) }

    @inline(__always)
    static func bucket(of nanoseconds: UInt64) -> Int {
        min(DurationBucket.number(of: nanoseconds) >> 3, buckets &- 1)
    }

    /// Clocks that add up to more than the wait were not those of this wait: see `CPUWait.isBelieved`.
    @inline(__always)
    private mutating func addCauses(_ times: OccupantTimes, in wait: UInt64, _ row: Int) {
        if times.total <= wait { sums.add(SIMD8<UInt64>(truncatingIfNeeded: times.nanoseconds), at: row &* rowWidth) }
    }

    @inline(never)
    private mutating func addOtherCauses(_ io: DirectIO, _ life: AttributedLife, _ row: Int) {
        life.spans.forEach { span in
            guard span.stage != .queueWait, let times = io.occupied(in: span.stage), times.isKnown else { return }
            addCauses(times, in: span.nanoseconds, row)
        }
    }

    /// Among equally slow ones it keeps the one that began first, in whatever order they come.
    @inline(never)
    private mutating func note(_ io: DirectIO, _ latency: UInt64) {
        note(latency, began: io.began.nanoseconds, UInt64(io.firstSeen.rawValue), in: cell)
    }

    private mutating func note(_ latency: UInt64, began: UInt64, _ point: UInt64, in cell: Int) {
        if latency == slowest[cell], slowestBegan[cell] != 0, slowestBegan[cell] <= began { return }
        (slowest[cell], slowestBegan[cell], slowestPoint[cell]) = (latency, began, point)
    }

    /// - Returns: `false` when there is no cell for that time.
    @inline(never)
    private mutating func move(to time: UInt64, began: UInt64) -> Bool {
        if !hasOrigin { (origin, start, hasOrigin) = (began, began, true) }
        // What was done before the begin, by a clock that was read on another CPU, was done at it.
        let since = time > origin ? time - origin : 0
        guard since < Self.longest else {
            outside += 1
            return false
        }
        while since / width >= UInt64(mostCells) { coarsen() }
        makeRoom(for: Int(since / width))
        return true
    }

    private mutating func makeRoom(for cell: Int) {
        self.cell = cell
        start = origin + UInt64(cell) * width
        cells = max(cells, cell + 1)
        guard cell >= room else { return }
        room = min(mostCells, max(cell + 1, room * 2, 16))
        counts.grow(to: room * Self.buckets)
        sums.grow(to: room * Self.octaves * rowWidth)
        slowest.grow(to: room)
        slowestBegan.grow(to: room)
        slowestPoint.grow(to: room)
    }

    private mutating func widen(to wanted: Int) {
        // Rows are whole lines of the cache.
        let wider = (wanted + 7) / 8 * 8
        var table = CountTable(room * Self.octaves * wider)
        for place in 0..<sums.count { table[place / rowWidth * wider + place % rowWidth] = sums[place] }
        sums = table
        rowWidth = wider
    }

    /// Makes one of five cells or of two: from 1 ms to 5, 10, 50, 100.
    private mutating func coarsen() {
        let factor = coarsenings % 2 == 0 ? 5 : 2
        coarsenings += 1
        width *= UInt64(factor)
        for cell in 0..<cells { fold(cell, into: cell / factor) }
        cells = (cells + factor - 1) / factor
    }

    private mutating func fold(_ cell: Int, into other: Int) {
        guard cell != other else { return }
        for bucket in 0..<Self.buckets {
            counts[other * Self.buckets + bucket] &+= counts[cell * Self.buckets + bucket]
            counts[cell * Self.buckets + bucket] = 0
        }
        let row = Self.octaves * rowWidth
        for place in 0..<row {
            sums[other * row + place] &+= sums[cell * row + place]
            sums[cell * row + place] = 0
        }
        takeSlowest(slowest[cell], slowestBegan[cell], slowestPoint[cell], in: other)
        (slowest[cell], slowestBegan[cell], slowestPoint[cell]) = (0, 0, 0)
    }

    private mutating func takeSlowest(_ latency: UInt64, _ began: UInt64, _ point: UInt64, in cell: Int) {
        if latency >= slowest[cell], began > 0 { note(latency, began: began, point, in: cell) }
    }

    /// Adds what `other` counted along the same axis.
    mutating func add(_ other: borrowing TimelineAccumulator) {
        outside += other.outside
        guard other.cells > 0 else { return }
        if !hasOrigin { (origin, hasOrigin) = (other.origin, true) }
        while width < other.width { coarsen() }
        let factor = Int(width / other.width)
        makeRoom(for: (other.cells - 1) / factor)
        let stages = other.places.stages.map { Self.causes + places.place(of: $0) }
        if let last = stages.max(), last >= rowWidth { widen(to: last + 1) }
        let columns = Array(0..<Self.causes) + stages
        for from in 0..<other.cells {
            let cell = from / factor
            for bucket in 0..<Self.buckets {
                counts[cell * Self.buckets + bucket] &+= other.counts[from * Self.buckets + bucket]
            }
            for octave in 0..<Self.octaves {
                for (place, own) in columns.enumerated() {
                    sums[(cell * Self.octaves + octave) * rowWidth + own] &+=
                        other.sums[(from * Self.octaves + octave) * other.rowWidth + place]
                }
            }
            takeSlowest(
                other.slowest[from], other.slowestBegan[from], other.slowestPoint[from], in: cell)
        }
    }
}

extension TimelineAccumulator {
    /// Several cells together.
    struct Sums {
        var counts = [UInt64](repeating: 0, count: TimelineAccumulator.buckets)
        /// By octave.
        var causes = [[UInt64]](
            repeating: [UInt64](repeating: 0, count: TimelineAccumulator.causes),
            count: TimelineAccumulator.octaves)
        var stages: [[UInt64]]
        var slowest: Timeline.SlowIO?
        /// The same places as in `stages`.
        let names: [Stage]

        init(_ names: [Stage]) {
            self.names = names
            stages = [[UInt64]](
                repeating: [UInt64](repeating: 0, count: names.count), count: TimelineAccumulator.octaves)
        }
    }

    func sums(of range: Range<Int>) -> Sums {
        var result = Sums(places.stages)
        for cell in range.clamped(to: 0..<cells) {
            for bucket in 0..<Self.buckets { result.counts[bucket] &+= counts[cell * Self.buckets + bucket] }
            for octave in 0..<Self.octaves {
                let row = (cell * Self.octaves + octave) * rowWidth
                for cause in 0..<Self.causes { result.causes[octave][cause] &+= sums[row + cause] }
                for place in places.stages.indices { result.stages[octave][place] &+= sums[row + Self.causes + place] }
            }
            let point = LifePoint(rawValue: UInt8(clamping: slowestPoint[cell])) ?? .submitted
            guard slowestBegan[cell] > 0, slowest[cell] > result.slowest?.latency ?? 0 || result.slowest == nil
            else { continue }
            result.slowest = Timeline.SlowIO(latency: slowest[cell], began: slowestBegan[cell], point: point)
        }
        return result
    }

    /// The report's view of it.
    /// - Parameters:
    ///   - population: how many I/Os there were for one that was added.
    ///   - load: from the first submission to the last completion, CLOCK_MONOTONIC.
    func timeline(population: Double, load: Range<UInt64>) -> Timeline? {
        guard let firstCell = (0..<cells).first(where: { count(in: $0) > 0 }) else { return nil }
        let merged = axis.interval == nil ? fitting(from: firstCell) : 1
        // Nothing is said of the time before the first I/O; intervals begin at multiples of their length.
        let first = firstCell / merged * merged
        let whole = stride(from: first, to: cells, by: merged).map { sums(of: $0..<$0 + merged) }
        let length = UInt64(merged) * width
        let begin = origin + UInt64(first) * width
        let load = widened(load)
        let intervals = whole.enumerated().map { place, sums in
            let start = UInt64(place) * length
            let covered = load.clamped(to: begin + start..<begin + start + length)
            return Timeline.Interval(sums, start: start, covered: recorded(covered, of: length), population: population)
        }
        let rule = TimelineRule(intervals)
        return Timeline(
            origin: begin, interval: length, asked: axis.interval, intervals: intervals,
            outside: outside,
            finding: rule.finding,
            spikes: rule.spikes.map { Timeline.Spike(interval: $0, composition: whole[$0].composition(from: 99)) })
    }

    /// Nanoseconds of this time in which I/Os were recorded: then they are not more than those that were added.
    private func recorded(_ time: Range<UInt64>, of length: UInt64) -> UInt64 {
        guard bursts.isEmpty else { return UInt64(bursts.recorded(in: time)) }
        return time.isEmpty ? length : time.upperBound - time.lowerBound
    }

    /// By the mean time between I/Os on both sides: a few at an end say nothing of a rate by themselves.
    private func widened(_ load: Range<UInt64>) -> Range<UInt64> {
        let ios = max(1, (0..<cells).reduce(UInt64(0)) { $0 &+ count(in: $1) })
        let gap = (load.upperBound - load.lowerBound) / ios
        return load.lowerBound - min(load.lowerBound, gap)..<load.upperBound + min(.max - load.upperBound, gap)
    }

    private func count(in cell: Int) -> UInt64 { counts.sum(cell * Self.buckets..<(cell + 1) * Self.buckets) }

    /// Cells that make an interval: at most a hundred intervals, of enough I/Os each.
    private func fitting(from first: Int) -> Int {
        let length = UInt64(cells - first) * width
        let ios = (first..<cells).reduce(UInt64(0)) { $0 &+ count(in: $1) }
        // Each has bursts in it, and those of one are much like those of another.
        let shortest = min(2 * bursts.longestPeriod, length)
        let fewest = max(1, min(Self.mostIntervals, ios / Self.iosOfAnInterval))
        var decade: UInt64 = Self.finest
        while true {
            for interval in [decade, 2 * decade, 5 * decade]
            where interval % width == 0 && length.dividedUp(by: interval) <= fewest && interval >= shortest {
                return Int(interval / width)
            }
            decade *= 10
            if decade > 10 * length { return max(1, cells) }
        }
    }

    private static let mostIntervals: UInt64 = 100
    private static let iosOfAnInterval: UInt64 = 40
}

extension UInt64 {
    fileprivate func dividedUp(by divisor: UInt64) -> UInt64 { (self + divisor - 1) / divisor }
}
