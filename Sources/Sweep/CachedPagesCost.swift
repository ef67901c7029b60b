// SPDX-License-Identifier: GPL-2.0-only

/// What it costs a write by itself that pages of its file are cached: it looks for those in its range, when it is submitted
/// and when it is completed. That is no cost of deferring it.
///
/// From the recorded runs: how much longer a quick submission and a quick completion take than without cached pages. What
/// deferring does to the CPU's caches is in it too, so it is what looking costs at most.
public struct CachedPagesCost: Equatable, Sendable {
    /// A write where nothing came between: the lower quartiles of its submission and of its completion, in nanoseconds; and
    /// on how many CPUs writes were submitted.
    public struct QuickWrite: Equatable, Sendable {
        public var submission: Double
        public var completion: Double
        public var cpus: Double

        /// - Parameter submittedOn: I/Os by the CPU that submitted them. CPUs with fewer count for less: the inverse of the
        ///   sum of the squares of their shares.
        public init(submission: Double, completion: Double, submittedOn: [UInt64]) {
            self.submission = submission
            self.completion = completion
            let all = submittedOn.reduce(0.0) { $0 + Double($1) }
            let squares = submittedOn.reduce(0.0) { $0 + Double($1) * Double($1) }
            cpus = squares > 0 ? all * all / squares : 1
        }
    }

    /// Nanoseconds per write.
    public let submission: Double
    public let completion: Double
    /// CPUs among which that is divided at most: two of one core may take turns.
    let cpus: Double

    public var nanoseconds: Double { submission + completion }

    /// `nil` without a recorded run of either side.
    init?(deferred: [QuickWrite], inline: [QuickWrite]) {
        guard !deferred.isEmpty, !inline.isEmpty else { return nil }
        func mean(_ runs: [QuickWrite], _ value: KeyPath<QuickWrite, Double>) -> Double {
            runs.reduce(0) { $0 + $1[keyPath: value] } / Double(runs.count)
        }
        submission = max(0, mean(deferred, \.submission) - mean(inline, \.submission))
        completion = max(0, mean(deferred, \.completion) - mean(inline, \.completion))
        cpus = max(1, mean(deferred, \.cpus) / 2)
    }

    /// The part of a load's time that it takes at most, if each write has to wait for it.
    /// - Parameter rate: writes per second.
    func share(at rate: Double) -> Double { min(1, nanoseconds * rate / 1e9 / cpus) }
}
