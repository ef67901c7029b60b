// SPDX-License-Identifier: GPL-2.0-only

import Attribution

/// One stage over all I/Os.
public struct StageStatistics: Equatable, Sendable {
    public var stage: Stage
    /// I/Os that have it in each context, by `StageContext.rawValue`.
    public var contexts: [UInt64]
    /// Over the I/Os that have it.
    public var durations: DurationStatistics
    /// Its part of the sum of all latencies.
    public var share: Double

    /// Whose time it is for most of its I/Os.
    public var context: StageContext {
        StageContext.allCases.max { contexts[Int($0.rawValue)] < contexts[Int($1.rawValue)] } ?? .device
    }
}

/// What the slowest I/Os are made of. Percentiles of stages do not add up; these shares do.
public struct TailComposition: Equatable, Sendable {
    /// The tail begins in the histogram bucket of this percentile of latency.
    public static let percent = 99.0

    /// All I/Os of at least this latency, in nanoseconds.
    public var from: UInt64
    /// How many these are: 1% of all, or more where many have about the same latency.
    public var ios: UInt64
    /// Their part of all finished I/Os.
    public var shareOfIOs: Double
    /// Their mean latency in nanoseconds.
    public var mean: Double
    /// In causal order: each stage's part of the tail's latency.
    public var stages: [StageShare]
    /// As slow, and not among them: a large part of their latency was the recorder's.
    public var recorders: UInt64 = 0

    public struct StageShare: Equatable, Sendable {
        public var stage: Stage
        public var share: Double
    }
}
