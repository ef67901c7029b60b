// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Counts and latencies by the CPUs of an I/O.
struct PlacementAccumulator {
    private struct Entry {
        let key: UInt64
        let kind: PlacementTable.Kind
        var ios: UInt64 = 0
        var total: UInt128 = 0
    }

    private var entries: [Entry] = []
    /// Open addressing: the number of an entry and 1, or 0. A dictionary in the path of every I/O costs a tenth of all.
    private var slots = [UInt16](repeating: 0, count: slotCount)
    private var others = [(ios: UInt64, total: UInt128)](repeating: (0, 0), count: PlacementTable.Kind.allCases.count)
    private static let slotCount = 1 << 13
    private static let limit = 1 << 12
    private static let rows = 256

    @inline(__always)
    mutating func add(_ io: DirectIO, _ life: AttributedLife) {
        let key =
            Self.bits(io.submitCPU) | Self.bits(io.endCPU) << 17 | Self.bits(io.workerCPU) << 34
            | (life.isDeferred ? 1 << 51 : 0)
        var slot = Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 51)
        while slots[slot] != 0 {
            let place = Int(slots[slot]) - 1
            if entries[place].key == key {
                entries[place].ios += 1
                entries[place].total += UInt128(life.latency)
                return
            }
            slot = (slot + 1) & (Self.slotCount - 1)
        }
        addNew(key, slot, io, life)
    }

    @inline(never)
    private mutating func addNew(_ key: UInt64, _ slot: Int, _ io: DirectIO, _ life: AttributedLife) {
        let kind = Self.kind(io, life)
        guard entries.count < Self.limit else {
            let place = PlacementTable.Kind.allCases.firstIndex(of: kind) ?? 0
            others[place].ios += 1
            others[place].total += UInt128(life.latency)
            return
        }
        entries.append(Entry(key: key, kind: kind, ios: 1, total: UInt128(life.latency)))
        slots[slot] = UInt16(entries.count)
    }

    private static func bits(_ cpu: UInt16?) -> UInt64 { cpu.map { UInt64($0) + 1 } ?? 0 }

    private static func cpu(_ bits: UInt64) -> UInt16? {
        let number = bits & 0x1ffff
        return number == 0 ? nil : UInt16(number - 1)
    }

    private static func kind(_ io: DirectIO, _ life: AttributedLife) -> PlacementTable.Kind {
        switch life.placement {
        case .submitIRQWorker: .submitIRQWorker
        case .irqWorker: .irqWorker
        case .none?: .workerApart
        case .unknown: .unknown
        case nil:
            if let submit = io.submitCPU, let end = io.endCPU {
                submit == end ? .submitIRQ : .irqApart
            } else {
                .unknown
            }
        }
    }

    /// `nil` without I/Os.
    var table: PlacementTable? {
        guard !entries.isEmpty else { return nil }
        let kinds = zip(PlacementTable.Kind.allCases, others).compactMap { kind, other in
            let own = entries.filter { $0.kind == kind }
            let ios = own.reduce(other.ios) { $0 + $1.ios }
            return ios == 0
                ? nil
                : PlacementTable.KindSummary(kind: kind, ios: ios, total: own.reduce(other.total) { $0 + $1.total })
        }
        // The sort is stable: of equal ones the first that came.
        let ranked = entries.sorted { $0.ios > $1.ios }
        return PlacementTable(
            kinds: kinds,
            rows: ranked.prefix(Self.rows).map { entry in
                PlacementTable.Row(
                    kind: entry.kind, submitCPU: Self.cpu(entry.key), endCPU: Self.cpu(entry.key >> 17),
                    workerCPU: Self.cpu(entry.key >> 34), ios: entry.ios, total: entry.total)
            },
            otherIOs: ranked.dropFirst(Self.rows).reduce(0) { $0 + $1.ios } + others.reduce(0) { $0 + $1.ios })
    }
}
