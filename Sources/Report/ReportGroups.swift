// SPDX-License-Identifier: GPL-2.0-only

/// Which groups a report shows, and what there is besides.
public struct ChosenGroups: Equatable, Sendable {
    public var grouper: Grouper
    public var keys: [GroupKey]
    public var otherGroups: Int
    public var otherIOs: UInt64
    /// If not, there are more than `otherGroups`.
    public var countsAllGroups: Bool
}

extension ChosenGroups {
    /// Each machine of a trace that merges several.
    public init(machines: Int) {
        self.init(
            grouper: Grouper(by: [.machine]), keys: (0..<machines).map { .machine(UInt8(clamping: $0)) },
            otherGroups: 0,
            otherIOs: 0, countsAllGroups: true)
    }
}

/// The I/Os of a report once more, by group.
public struct ReportGroups: Equatable, Sendable {
    public var chosen: ChosenGroups
    /// The most I/Os first.
    public var groups: [Group]

    public struct Group: Equatable, Sendable {
        public var key: GroupKey
        /// The report on the group's I/Os alone; its source and loss are those of the whole, its verdict has one sentence.
        public var report: Report
    }
}
