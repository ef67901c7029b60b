// SPDX-License-Identifier: GPL-2.0-only

/// What the traced application says of its I/Os itself, such as fio does: to be put beside what was recorded of them.
/// Untrusted.
public struct ApplicationAccount: Hashable, Sendable, Codable {
    /// e.g. `fio-3.39`.
    public var name: String
    public var jobs: [String]
    public var ios: UInt64
    /// Means over all I/Os, nanoseconds: from the application's first look at the clock to the return of its submitting
    /// call (fio's slat); from there to where it reaped the I/O (clat); and both (lat). `nil`: it does not say.
    public var submission: Double?
    public var completion: Double?
    public var total: Double
    /// Of `completion`, ascending; `nil`: it has none for all its I/Os together.
    public var percentiles: [Percentile]?

    public struct Percentile: Hashable, Sendable, Codable {
        /// 0 to 100.
        public var percent: Double
        public var nanoseconds: UInt64

        public init(percent: Double, nanoseconds: UInt64) {
            (self.percent, self.nanoseconds) = (percent, nanoseconds)
        }
    }

    public init(
        name: String, jobs: [String], ios: UInt64, submission: Double?, completion: Double?, total: Double
    ) {
        self.name = name
        self.jobs = jobs
        self.ios = ios
        self.submission = submission
        self.completion = completion
        self.total = total
    }
}
