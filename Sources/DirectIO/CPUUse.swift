// SPDX-License-Identifier: GPL-2.0-only

/// What one CPU did during a recording, by the clocks of the probes.
public struct CPUUse: Hashable, Sendable, Codable {
    public var cpu: UInt16
    /// Nanoseconds by `CPUHolder.rawValue`.
    public var held: [UInt64]
    /// Switches to a thread that submits I/Os.
    public var submitterRuns: UInt64
    /// Switches to a kworker that then completed I/Os.
    public var workerRuns: UInt64
    /// I/Os, traced or not, that kworkers completed.
    public var works: UInt64
    /// Nanoseconds in which a submitter stood runnable because such a kworker had taken the CPU from it.
    public var submitterStood: UInt64

    public init(
        cpu: UInt16, held: [UInt64], submitterRuns: UInt64, workerRuns: UInt64, works: UInt64, submitterStood: UInt64
    ) {
        self.cpu = cpu
        self.held = held
        self.submitterRuns = submitterRuns
        self.workerRuns = workerRuns
        self.works = works
        self.submitterStood = submitterStood
    }

    public subscript(holder: CPUHolder) -> UInt64 {
        held.indices.contains(Int(holder.rawValue)) ? held[Int(holder.rawValue)] : 0
    }

    /// What was added since `earlier`, of the same CPU.
    public func since(_ earlier: CPUUse) -> CPUUse {
        CPUUse(
            cpu: cpu, held: zip(held, earlier.held).map { $0 &- $1 },
            submitterRuns: submitterRuns &- earlier.submitterRuns, workerRuns: workerRuns &- earlier.workerRuns,
            works: works &- earlier.works, submitterStood: submitterStood &- earlier.submitterStood)
    }
}
