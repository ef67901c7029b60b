// SPDX-License-Identifier: GPL-2.0-only

import Attribution

/// One kind of wait for a CPU over all I/Os that had it: for the kworker after `queue_work`, or for the issuer to run
/// its task_work.
public struct WaitSummary: Equatable, Sendable {
    public var durations: DurationStatistics
    /// Who occupied the CPU meanwhile, the largest first; they sum to the durations' total. Empty when that was not
    /// looked at.
    public var causes: [Cause]

    public struct Cause: Equatable, Sendable {
        public var cause: WaitCause
        /// Nanoseconds, more than 0.
        public var total: UInt128
        /// Its part of the wait.
        public var share: Double
        /// Who it was, the largest first and what has no name last; they sum to `total`. Empty when no name is known.
        public var names: [Name]
    }

    public struct Name: Equatable, Sendable {
        /// A task's name, or a work's function: untrusted. `nil`: all the others, and those whose name was not seen.
        public var name: String?
        public var total: UInt128
        /// Its part of the wait.
        public var share: Double
    }

    /// The largest of the causes that are known.
    public var largest: Cause? { causes.first { $0.cause != .unattributed } }
}
