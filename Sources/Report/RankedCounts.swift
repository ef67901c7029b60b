// SPDX-License-Identifier: GPL-2.0-only

/// Counts by a key of which a recording has few: block sizes, devices. Beyond the limit, keys are counted together.
struct RankedCounts: Sendable {
    private var counts: [UInt32: UInt64] = [:]
    /// The last key, and how often it came since: the next I/O mostly has the same.
    private var last: UInt32 = 0
    private var repeated: UInt64 = 0
    /// I/Os whose key came too late for the limit.
    private(set) var others: UInt64 = 0
    private static let limit = 65_536

    @inline(__always)
    mutating func add(_ key: UInt32) {
        if key != last { change(to: key) }
        repeated &+= 1
    }

    @inline(never)
    private mutating func change(to key: UInt32) {
        add(last, repeated)
        (last, repeated) = (key, 0)
    }

    mutating func add(_ key: UInt32, _ count: UInt64) {
        guard count > 0 else { return }
        if counts.count < Self.limit || counts[key] != nil {
            counts[key, default: 0] += count
        } else {
            others += count
        }
    }

    mutating func add(_ other: RankedCounts) {
        for (key, count) in other.counts { add(key, count) }
        add(other.last, other.repeated)
        others += other.others
    }

    /// Most frequent first; of equal ones, the smallest key.
    var ranked: [(key: UInt32, count: UInt64)] {
        var whole = self
        whole.change(to: 0)
        return whole.counts.map { (key: $0.key, count: $0.value) }
            .sorted { ($1.count, $0.key) < ($0.count, $1.key) }
    }

    /// From the smallest key to the largest; `nil` for a single one, and when some were not distinguished.
    var range: ClosedRange<UInt32>? {
        let keys = ranked.map(\.key)
        guard keys.count > 1, others == 0, let smallest = keys.min(), let largest = keys.max() else { return nil }
        return smallest...largest
    }
}
