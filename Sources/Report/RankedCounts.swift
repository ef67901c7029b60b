// SPDX-License-Identifier: GPL-2.0-only

/// Counts by a key of which a recording has few: block sizes, devices. Beyond the limit, keys are counted together.
struct RankedCounts<Key: Equatable & Sendable> {
    private var keys: [Key] = []
    private var counts: [UInt64] = []
    /// Where the last key was: the next I/O mostly has the same.
    private var last = 0
    /// I/Os whose key came too late for the limit.
    private(set) var others: UInt64 = 0
    private let limit = 64

    @inline(__always)
    mutating func add(_ key: Key) {
        if last < keys.count, keys[last] == key {
            counts[last] += 1
        } else {
            addSearching(key)
        }
    }

    private mutating func addSearching(_ key: Key) {
        if let found = keys.firstIndex(of: key) {
            last = found
            counts[found] += 1
        } else if keys.count < limit {
            last = keys.count
            keys.append(key)
            counts.append(1)
        } else {
            others += 1
        }
    }

    /// Most frequent first; of equal ones, that which came first.
    var ranked: [(key: Key, count: UInt64)] {
        zip(keys, counts).enumerated()
            .sorted { ($1.element.1, $0.offset) < ($0.element.1, $1.offset) }
            .map { (key: $0.element.0, count: $0.element.1) }
    }
}
