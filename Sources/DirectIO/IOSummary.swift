// SPDX-License-Identifier: GPL-2.0-only

/// I/Os of one kind that were aggregated in the kernel: what they have in common, and how long their steps
/// took. A step is the way to a point of the life from the point before that was passed.
public struct IOSummary: Equatable, Sendable {
    /// How many steps there can be; the numbers are those of `enum probe_step` and so of the capture file.
    public static let steps = 7

    /// A life of this kind in which step number *n* takes 2^n nanoseconds: the length of a stage shows which steps are in it.
    /// Its CPUs and threads are made up, but for which of the CPUs are the same; its length is 0 if the I/Os differ.
    public var example: DirectIO
    public var ios: UInt64 = 0
    /// The sum of all their lengths.
    public var bytes: UInt64 = 0
    /// I/Os that failed.
    public var errors: UInt64 = 0
    /// I/Os whose kworker had taken the CPU from the submitter.
    public var preempted: UInt64 = 0
    public var firstSubmitted = Timestamp(nanoseconds: 0)
    public var lastSeen = Timestamp(nanoseconds: 0)
    /// By bucket of latency, ascending.
    public var rows: [Row] = []
    /// By number of the step; empty where it was not taken.
    public var spreads = [[Count]](repeating: [], count: steps)
    /// The longest of each step, nanoseconds.
    public var longestSteps = [UInt64](repeating: 0, count: steps)
    /// The longest latency, nanoseconds.
    public var longest: UInt64 = 0
    /// Nanoseconds by `CPUOccupant.rawValue`, of those waits whose occupants were seen.
    public var queueWaitOccupants = SIMD8<UInt64>.zero
    public var taskWorkOccupants = SIMD8<UInt64>.zero

    public init(example: DirectIO) {
        self.example = example
    }

    /// I/Os with about the same latency.
    public struct Row: Equatable, Sendable {
        public var bucket: SummaryBucket
        public var ios: UInt64
        /// By number of the step.
        public var nanoseconds: [UInt64]

        public init(bucket: SummaryBucket, ios: UInt64, nanoseconds: [UInt64]) {
            self.bucket = bucket
            self.ios = ios
            self.nanoseconds = nanoseconds
        }
    }

    /// I/Os of which one step took about the same time.
    public struct Count: Equatable, Sendable {
        public var bucket: SummaryBucket
        public var ios: UInt64

        public init(bucket: SummaryBucket, ios: UInt64) {
            self.bucket = bucket
            self.ios = ios
        }
    }

    /// Nanoseconds of one step, over all I/Os.
    public func total(ofStep step: Int) -> UInt64 {
        rows.reduce(0) { $0 &+ $1.nanoseconds[step] }
    }
}

/// Durations that a summary does not distinguish: single nanoseconds up to 63, then 32 buckets an octave; what is longer
/// than 68 s is in the last one.
public struct SummaryBucket: Hashable, Comparable, Sendable {
    public static let count = 1024
    /// A duration is reported as the middle of its bucket: so much off at most.
    public static let error = 1.0 / 64

    /// Less than `count`.
    public let number: Int

    public init?(_ number: UInt64) {
        guard number < UInt64(Self.count) else { return nil }
        self.number = Int(number)
    }

    /// The shortest duration in it, nanoseconds.
    public var lowest: UInt64 { UInt64(number < 64 ? number : number & 31 | 32) << shift }

    /// What all of its durations are reported as. For the last one: the shortest, for it has no end.
    public var middle: UInt64 { lowest + (UInt64(1) << shift) / 2 - (shift > 0 ? 1 : 0) }

    private var shift: UInt64 { number < 64 ? 0 : UInt64(number >> 5 - 1) }

    public static func < (left: SummaryBucket, right: SummaryBucket) -> Bool { left.number < right.number }
}
