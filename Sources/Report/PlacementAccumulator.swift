// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Counts and latencies by the CPUs of an I/O.
struct PlacementAccumulator: ~Copyable, Sendable {
    /// Four numbers of each combination: key, I/Os, nanoseconds of latency, and how often those went beyond 64 bits.
    private var entries = CountTable(0)
    private var count = 0
    /// Open addressing: the number of an entry and 1, or 0. A dictionary in the path of every I/O costs a tenth of all.
    private var slots = CountTable(slotCount)
    /// The last key and where its entry begins: the next I/O mostly has the same CPUs.
    private var last: (key: UInt64, place: Int) = (.max, -1)
    private var summedUp = false
    private var others = [(ios: UInt64, total: UInt128)](repeating: (0, 0), count: PlacementTable.Kind.allCases.count)
    private static let slotCount = 1 << 13
    private static let limit = 1 << 12
    private static let rows = 256

    @inline(__always)
    mutating func add(_ io: DirectIO, _ life: AttributedLife) {
        let key = Self.key(io, life)
        if key != last.key { last = (key, place(of: key)) }
        if last.place >= 0 {
            add(1, life.latency, at: last.place)
        } else {
            addOther(key, 1, UInt128(life.latency))
        }
    }

    @inline(__always)
    private static func key(_ io: DirectIO, _ life: AttributedLife) -> UInt64 {
        bits(io.submitCPU) | bits(io.endCPU) << 17 | bits(io.workerCPU) << 34 | (life.isDeferred ? deferred : 0)
    }

    /// Adds I/Os that were aggregated in the kernel: who shared a CPU is known of them, and not which one.
    mutating func add(_ whole: AttributedSummary) {
        let io = whole.summary.example
        let total = whole.summary.rows.reduce(UInt128(0)) { sum, row in
            sum + row.nanoseconds.reduce(UInt128(0)) { $0 + UInt128($1) }
        }
        addOther(Self.key(io, whole.life), whole.summary.ios, total)
        summedUp = true
    }

    /// Where the entry of `key` begins, a new one if there is none; negative when there are too many.
    private mutating func place(of key: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 51)
        while slots[slot] != 0 {
            let place = Int(truncatingIfNeeded: slots[slot] &- 1) &* 4
            if entries[place] == key { return place }
            slot = (slot &+ 1) & (Self.slotCount - 1)
        }
        return newPlace(of: key, slot)
    }

    @inline(never)
    private mutating func newPlace(of key: UInt64, _ slot: Int) -> Int {
        guard count < Self.limit else { return -1 }
        let place = count * 4
        if place >= entries.count { entries.grow(to: max(64, entries.count * 2)) }
        entries[place] = key
        count += 1
        slots[slot] = UInt64(count)
        return place
    }

    @inline(__always)
    private mutating func add(_ ios: UInt64, _ nanoseconds: UInt64, at place: Int) {
        entries[place &+ 1] &+= ios
        let (sum, isBeyond) = entries[place &+ 2].addingReportingOverflow(nanoseconds)
        entries[place &+ 2] = sum
        if isBeyond { entries[place &+ 3] &+= 1 }
    }

    private mutating func addOther(_ key: UInt64, _ ios: UInt64, _ total: UInt128) {
        let place = PlacementTable.Kind.allCases.firstIndex(of: Self.kind(key)) ?? 0
        others[place].ios += ios
        others[place].total += total
    }

    mutating func add(_ other: borrowing PlacementAccumulator) {
        for entry in 0..<other.count {
            let row = other.row(entry)
            let key = other.entries[entry * 4]
            let place = place(of: key)
            if place >= 0 {
                add(row.ios, UInt64(truncatingIfNeeded: row.total), at: place)
                entries[place + 3] &+= UInt64(truncatingIfNeeded: row.total >> 64)
            } else {
                addOther(key, row.ios, row.total)
            }
        }
        summedUp = summedUp || other.summedUp
        for (place, sums) in other.others.enumerated() {
            others[place].ios += sums.ios
            others[place].total += sums.total
        }
    }

    /// There were more combinations than are counted apart.
    var isAtLimit: Bool { !summedUp && others.contains { $0.ios > 0 } }

    private static let deferred: UInt64 = 1 << 51

    private static func bits(_ cpu: UInt16?) -> UInt64 { cpu.map { UInt64($0) + 1 } ?? 0 }

    private static func cpu(_ bits: UInt64) -> UInt16? {
        let number = bits & 0x1ffff
        return number == 0 ? nil : UInt16(number - 1)
    }

    private static func kind(_ key: UInt64) -> PlacementTable.Kind {
        let (submit, end, worker) = (cpu(key), cpu(key >> 17), cpu(key >> 34))
        guard let submit, let end else { return .unknown }
        guard key & deferred != 0 else { return submit == end ? .submitIRQ : .irqApart }
        guard let worker else { return .unknown }
        return end != worker ? .workerApart : submit == end ? .submitIRQWorker : .irqWorker
    }

    private func row(_ entry: Int) -> PlacementTable.Row {
        let key = entries[entry * 4]
        return PlacementTable.Row(
            kind: Self.kind(key), submitCPU: Self.cpu(key), endCPU: Self.cpu(key >> 17),
            workerCPU: Self.cpu(key >> 34), ios: entries[entry * 4 + 1],
            total: UInt128(entries[entry * 4 + 3]) << 64 | UInt128(entries[entry * 4 + 2]))
    }

    /// `nil` without I/Os.
    var table: PlacementTable? {
        guard count > 0 || summedUp else { return nil }
        // Equal ones are sorted by kind, then the lowest numbers, whatever order they came in.
        let keyed = (0..<count).map { entry in
            let row = row(entry)
            return (kind: PlacementTable.Kind.allCases.firstIndex(of: row.kind) ?? 0, key: entries[entry * 4], row: row)
        }
        let ranked = keyed.sorted { ($1.row.ios, $0.kind, $0.key) < ($0.row.ios, $1.kind, $1.key) }.map(\.row)
        let kinds = zip(PlacementTable.Kind.allCases, others).compactMap { kind, other in
            let own = ranked.filter { $0.kind == kind }
            let ios = own.reduce(other.ios) { $0 + $1.ios }
            return ios == 0
                ? nil
                : PlacementTable.SharingStatistics(
                    kind: kind, ios: ios, total: own.reduce(other.total) { $0 + $1.total })
        }
        guard !summedUp else {
            // The CPUs of those I/Os that have records would pass for those of all.
            return PlacementTable(kinds: kinds, rows: [], otherIOs: kinds.reduce(0) { $0 + $1.ios })
        }
        return PlacementTable(
            kinds: kinds, rows: Array(ranked.prefix(Self.rows)),
            otherIOs: ranked.dropFirst(Self.rows).reduce(0) { $0 + $1.ios } + others.reduce(0) { $0 + $1.ios })
    }
}
