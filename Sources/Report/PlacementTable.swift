// SPDX-License-Identifier: GPL-2.0-only

/// Which CPUs the I/Os were submitted, ended and worked on, and how long they took there.
public struct PlacementTable: Equatable, Sendable {
    /// Only those that occurred, in the order of the closed list.
    public var kinds: [SharingStatistics]
    /// The most I/Os first.
    public var rows: [Row]
    /// Finished I/Os in no row.
    public var otherIOs: UInt64

    /// Who shared a CPU: of deferred I/Os as `CPUPlacement` says, and of the others without a kworker. The raw value
    /// is the name in JSON: stable.
    public enum Kind: String, Sendable, CaseIterable {
        case submitIRQWorker = "submit_irq_worker"
        case irqWorker = "irq_worker"
        case workerApart = "worker_apart"
        /// No kworker; `end_io` on the submitter's CPU.
        case submitIRQ = "submit_irq"
        /// No kworker; `end_io` on another CPU.
        case irqApart = "irq_apart"
        case unknown
    }

    public struct SharingStatistics: Equatable, Sendable {
        public var kind: Kind
        /// Finished ones.
        public var ios: UInt64
        /// Nanoseconds of latency.
        public var total: UInt128
        public var mean: Double { Double(total) / Double(ios) }
    }

    public struct Row: Equatable, Sendable {
        public var kind: Kind
        /// `nil`: not seen, or no kworker.
        public var submitCPU: UInt16?
        public var endCPU: UInt16?
        public var workerCPU: UInt16?
        public var ios: UInt64
        public var total: UInt128
        public var mean: Double { Double(total) / Double(ios) }
    }
}
