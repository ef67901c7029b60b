// SPDX-License-Identifier: GPL-2.0-only

/// What one CPU did during a recording, by the clocks of the probes.
public struct CPUUse: Hashable, Sendable, Codable {
    public var cpu: UInt16
    /// Nanoseconds by `CPUOccupant.rawValue`.
    public var occupied: [UInt64]
    /// Switches to a thread that submits I/Os.
    public var submitterRuns: UInt64
    /// Switches to a kworker that then completed I/Os.
    public var workerRuns: UInt64
    /// I/Os, traced or not, that kworkers completed.
    public var works: UInt64
    /// Nanoseconds in which a submitter was runnable and off-CPU because such a kworker had displaced it.
    public var submitterDisplaced: UInt64
    /// What became of completions; `nil` if not known.
    public var reaping: Reaping?
    /// Submitters that stood still for the CPU quota of their cgroup; `nil` when none did, or if not known.
    public var quotaStops: QuotaStops?

    public struct QuotaStops: Hashable, Sendable, Codable {
        public var count: UInt64
        /// Nanoseconds in which a submitter would have run.
        public var time: UInt64

        /// - Returns: `nil` when there was none.
        public init?(count: UInt64, time: UInt64) {
            guard count > 0 else { return nil }
            (self.count, self.time) = (count, time)
        }
    }

    /// The names in captures, which are forever.
    private enum CodingKeys: String, CodingKey {
        case cpu, submitterRuns, workerRuns, works, reaping, quotaStops
        case occupied = "held"
        case submitterDisplaced = "submitterStood"
    }

    /// Whether submitters were awake when their I/Os were complete, as far as they stayed on one CPU.
    public struct Reaping: Hashable, Sendable, Codable {
        /// I/Os that were complete while their submitter was off the CPU, and which then got it again.
        public var asleep: UInt64
        /// Their nanoseconds from the completion until the submitter had a CPU.
        public var time: UInt64
        /// I/Os that were complete while their submitter had a CPU.
        public var awake: UInt64

        public init(asleep: UInt64, time: UInt64, awake: UInt64) {
            (self.asleep, self.time, self.awake) = (asleep, time, awake)
        }

        public static func + (one: Reaping, other: Reaping) -> Reaping {
            Reaping(asleep: one.asleep &+ other.asleep, time: one.time &+ other.time, awake: one.awake &+ other.awake)
        }

        func since(_ earlier: Reaping) -> Reaping {
            Reaping(
                asleep: asleep &- earlier.asleep, time: time &- earlier.time, awake: awake &- earlier.awake)
        }
    }

    public init(
        cpu: UInt16, occupied: [UInt64], submitterRuns: UInt64, workerRuns: UInt64, works: UInt64,
        submitterDisplaced: UInt64,
        reaping: Reaping? = nil, quotaStops: QuotaStops? = nil
    ) {
        self.cpu = cpu
        self.occupied = occupied
        self.submitterRuns = submitterRuns
        self.workerRuns = workerRuns
        self.works = works
        self.submitterDisplaced = submitterDisplaced
        self.reaping = reaping
        self.quotaStops = quotaStops
    }

    public subscript(occupant: CPUOccupant) -> UInt64 {
        occupied.indices.contains(Int(occupant.rawValue)) ? occupied[Int(occupant.rawValue)] : 0
    }

    /// What was added since `earlier`, of the same CPU.
    public func since(_ earlier: CPUUse) -> CPUUse {
        CPUUse(
            cpu: cpu, occupied: zip(occupied, earlier.occupied).map { $0 &- $1 },
            submitterRuns: submitterRuns &- earlier.submitterRuns, workerRuns: workerRuns &- earlier.workerRuns,
            works: works &- earlier.works, submitterDisplaced: submitterDisplaced &- earlier.submitterDisplaced,
            reaping: reaping.map { $0.since(earlier.reaping ?? Reaping(asleep: 0, time: 0, awake: 0)) },
            quotaStops: quotaStops.flatMap { now in
                QuotaStops(
                    count: now.count &- (earlier.quotaStops?.count ?? 0),
                    time: now.time &- (earlier.quotaStops?.time ?? 0))
            })
    }
}
