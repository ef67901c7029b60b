// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// Counts I/Os by group, in a pass before the one that makes the report: which groups have the most I/Os is known only
/// at the end, and a full set of histograms for every file of a file system would not fit into memory.
public struct GroupCounts: Sendable {
    public let grouper: Grouper
    private var counts: [GroupKey: Count] = [:]
    private var last: (key: GroupKey, place: Dictionary<GroupKey, Count>.Index)?
    /// I/Os whose group came too late for the limit.
    private var uncounted: UInt64 = 0
    private static let limit = 65_536

    private struct Count {
        var ios: UInt64
        let order: Int
    }

    public init(by grouper: Grouper) {
        self.grouper = grouper
    }

    /// - Parameter ios: so many I/Os like this one.
    public mutating func add(_ io: DirectIO, ios: UInt64 = 1) {
        let key = grouper.key(of: io)
        if let last, last.key == key {
            counts.values[last.place].ios += ios
            return
        }
        if counts.count >= Self.limit, counts[key] == nil {
            uncounted += ios
            return
        }
        let order = counts.count
        counts[key, default: Count(ios: 0, order: order)].ios += ios
        last = counts.index(forKey: key).map { (key, $0) }
    }

    /// I/Os of a group, as far as they were counted.
    public func ios(of key: GroupKey) -> UInt64 { counts[key]?.ios ?? 0 }

    /// I/Os of all groups.
    public var total: UInt64 { counts.values.reduce(uncounted) { $0 + $1.ios } }

    /// The groups with the most I/Os, of equal ones those that came first; and what is left.
    public func largest(_ number: Int) -> ChosenGroups {
        let ranked = counts.sorted { ($1.value.ios, $0.value.order) < ($0.value.ios, $1.value.order) }
        let rest = ranked.dropFirst(number)
        return ChosenGroups(
            grouper: grouper, keys: ranked.prefix(number).map(\.key), otherGroups: rest.count,
            otherIOs: rest.reduce(uncounted) { $0 + $1.value.ios }, countsAllGroups: uncounted == 0)
    }
}
