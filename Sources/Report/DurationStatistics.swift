// SPDX-License-Identifier: GPL-2.0-only

/// How one kind of duration is distributed over the I/Os that have it. All in nanoseconds.
public struct DurationStatistics: Equatable, Sendable {
    /// I/Os that have this duration: at least one.
    public var ios: UInt64
    /// Exact. 128 bits: 64 hold 584 years, which a corrupt capture exceeds with two I/Os.
    public var total: UInt128
    /// `total / ios`.
    public var mean: Double
    /// Percentiles are within 1%, and never above `max`.
    public var p50: UInt64
    public var p90: UInt64
    public var p99: UInt64
    public var p999: UInt64
    /// Exact.
    public var max: UInt64
    /// The percentiles that were asked for, in the order of `Report.percentiles`.
    public var chosen: [UInt64]

    public init(
        ios: UInt64, total: UInt128, p50: UInt64, p90: UInt64, p99: UInt64, p999: UInt64, max: UInt64,
        chosen: [UInt64] = []
    ) {
        self.ios = ios
        self.total = total
        self.mean = ios == 0 ? 0 : Double(total) / Double(ios)
        self.p50 = p50
        self.p90 = p90
        self.p99 = p99
        self.p999 = p999
        self.max = max
        self.chosen = chosen
    }
}
