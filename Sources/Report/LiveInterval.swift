// SPDX-License-Identifier: GPL-2.0-only

/// What an interval of I/O that is watched was made of.
public struct LiveInterval: Sendable {
    public var report: Report
    /// Its end by the wall clock, nanoseconds since 1970.
    public var wall: Int64
    /// How long it was.
    public var nanoseconds: UInt64
    /// Begun and not completed, at its end.
    public var inFlight: UInt64
    /// I/Os of it that were lost.
    public var lost: UInt64
    /// Part of one CPU that the watching process took; what the probes took is in the I/Os' own time.
    public var ownShare: Double
    public var groups: Groups

    /// Its I/Os by what they have in common.
    public struct Groups: Sendable {
        public var grouper: Grouper
        /// The most I/Os first.
        public var largest: [Group]
        /// How many I/Os the groups are estimated from; `nil`: they are counted.
        public var sample: UInt64?

        public init(grouper: Grouper, largest: [Group], sample: UInt64?) {
            (self.grouper, self.largest, self.sample) = (grouper, largest, sample)
        }
    }

    public struct Group: Sendable {
        public var key: GroupKey
        public var ios: UInt64
        /// `nil` where none was finished.
        public var latency: DurationStatistics?

        public init(key: GroupKey, ios: UInt64, latency: DurationStatistics?) {
            (self.key, self.ios, self.latency) = (key, ios, latency)
        }
    }

    public init(
        report: Report, groups: Groups, wall: Int64, nanoseconds: UInt64, inFlight: UInt64, lost: UInt64,
        ownShare: Double
    ) {
        (self.report, self.groups, self.wall, self.nanoseconds) = (report, groups, wall, nanoseconds)
        (self.inFlight, self.lost, self.ownShare) = (inFlight, lost, ownShare)
    }

    /// I/Os a second.
    public var iops: Double { Double(report.ios.total) * 1e9 / Double(nanoseconds) }
    public var bytesPerSecond: Double { Double(report.ios.bytes) * 1e9 / Double(nanoseconds) }
}
