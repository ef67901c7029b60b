// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// The same I/Os along the time at which they were done.
public struct Timeline: Equatable, Sendable {
    /// When the first interval begins: nanoseconds of CLOCK_MONOTONIC.
    public var origin: UInt64
    /// From the begin of the recording to there.
    public var offset: UInt64 = 0
    /// Nanoseconds.
    public var interval: UInt64
    /// The interval that was asked for; shorter than `interval` when there would be too many.
    public var asked: UInt64?
    /// Without gaps: an interval without I/Os has none.
    public var intervals: [Interval]
    /// Finished I/Os at times that no recording reaches: in no interval.
    public var outside: UInt64
    public var finding: Finding
    /// Intervals that stand out, in the order of time.
    public var spikes: [Spike]

    /// Percentiles of intervals are within this part: buckets are 16 an octave.
    public static let percentileError = 1.0 / 32

    public struct Interval: Equatable, Sendable {
        /// Nanoseconds since `origin`.
        public var start: UInt64
        public var ios: UInt64
        /// Nothing of it was recorded.
        public var isUnknown = false
        /// I/Os a second of the part that lies between the first submission and the last completion: of a sample what all I/Os
        /// probably were.
        public var iops: Double
        /// Nanoseconds, as all here; 0 without I/Os.
        public var mean: Double
        public var p50: UInt64
        public var p99: UInt64
        public var max: UInt64
        /// What its I/Os were made of.
        public var composition: Composition
        /// `nil` without I/Os.
        public var slowest: SlowIO?
    }

    /// Parts of the latency of some I/Os.
    public struct Composition: Equatable, Sendable {
        /// In causal order.
        public var stages: [Part<Stage>] = []
        /// Who had the CPU during waits for one, in the order of the closed list; what nobody accounts for is left out.
        public var causes: [Part<WaitCause>] = []

        public var largestStage: Part<Stage>? { stages.max { $0.share < $1.share } }
        private var largestCause: Part<WaitCause>? { causes.max { $0.share < $1.share } }

        /// The largest stages, until they are three quarters of the latency or three: what the I/Os were made of, even where no
        /// stage stands out.
        public var mainStages: [Part<Stage>] {
            var rest = stages.sorted { $0.share > $1.share }.prefix(3)
            var main: [Part<Stage>] = []
            while let next = rest.popFirst(), main.isEmpty || next.share >= Self.leastNamed {
                main.append(next)
                if main.reduce(0, { $0 + $1.share }) >= 0.75 { break }
            }
            return main
        }

        /// The largest cause; `nil` when that is next to nothing of the latency and so explains nothing.
        public var mainCause: Part<WaitCause>? { largestCause.flatMap { $0.share >= Self.leastNamed ? $0 : nil } }

        /// Part of the latency.
        public static let leastNamed = 0.1
    }

    public struct Part<Value: Equatable & Sendable>: Equatable, Sendable {
        public var value: Value
        /// Share of the sum of the latencies.
        public var share: Double
    }

    /// How to find it again: when it passed the first point that was seen of it.
    public struct SlowIO: Equatable, Sendable {
        public var latency: UInt64
        /// CLOCK_MONOTONIC.
        public var began: UInt64
        public var point: LifePoint
    }

    public struct Spike: Equatable, Sendable {
        /// Position in `intervals`.
        public var interval: Int
        /// The stages of its I/Os from the octave of their p99 on.
        public var composition: Composition
    }

    /// When an interval begins, nanoseconds since the recording began: what `--from` takes.
    public func time(of interval: Int) -> UInt64 { offset + intervals[interval].start }

    /// How latency went on.
    public enum Finding: Equatable, Sendable {
        /// Fewer intervals with enough I/Os than a trend needs.
        case tooShort
        /// p99 of the usual intervals, least and most.
        case steady(from: UInt64, to: UInt64)
        /// p50 of the first third and of the last.
        case drifting(from: UInt64, to: UInt64)
    }
}

extension Timeline.Interval {
    /// - Parameter covered: nanoseconds of it in which there was the load.
    init(_ sums: TimelineAccumulator.Sums, start: UInt64, covered: UInt64, population: Double) {
        let ios = sums.counts.reduce(0, &+)
        let total = sums.stages.reduce(0.0) { $0 + $1.reduce(0.0) { $0 + Double($1) } }
        let most = sums.slowest?.latency ?? 0
        self.init(
            start: start, ios: ios, isUnknown: covered == 0 && ios == 0,
            iops: covered == 0 ? 0 : Double(ios) * population * 1e9 / Double(covered),
            mean: ios == 0 ? 0 : total / Double(ios), p50: sums.percentile(50, most), p99: sums.percentile(99, most),
            max: most, composition: sums.composition(), slowest: sums.slowest)
    }
}

extension TimelineAccumulator.Sums {
    /// The middle of the bucket that the I/O is in, and no more than the largest latency.
    func percentile(_ percent: Double, _ most: UInt64) -> UInt64 {
        guard let bucket = bucket(at: percent) else { return 0 }
        let lowest = DurationBucket.lowest(of: bucket << 3)
        let next = DurationBucket.lowest(of: (bucket + 1) << 3)
        return min((lowest + next) / 2, most)
    }

    private func bucket(at percent: Double) -> Int? {
        let ios = counts.reduce(0, &+)
        guard ios > 0 else { return nil }
        let rank = max(1, UInt64((Double(ios) * percent / 100).rounded(.up)))
        var seen: UInt64 = 0
        return counts.firstIndex {
            seen &+= $0
            return seen >= rank
        }
    }

    /// The composition of the I/Os in the octave of this percentile and above; `nil`: of all.
    func composition(from percent: Double? = nil) -> Timeline.Composition {
        let first = percent.flatMap { bucket(at: $0) }.map { $0 >> 4 } ?? 0
        func sum(_ rows: [[UInt64]], _ place: Int) -> Double { rows[first...].reduce(0) { $0 + Double($1[place]) } }
        let byStage = names.indices.map { sum(stages, $0) }
        let total = byStage.reduce(0, +)
        guard total > 0 else { return Timeline.Composition() }
        let parts = zip(names, byStage).filter { $0.1 > 0 }.map { Timeline.Part(value: $0, share: $1 / total) }
        let byCause = CPUOccupant.allCases.map {
            Timeline.Part(value: WaitCause($0), share: sum(causes, Int($0.rawValue)) / total)
        }
        return Timeline.Composition(
            stages: parts.sorted { $0.value < $1.value }, causes: byCause.filter { $0.share > 0 })
    }
}
