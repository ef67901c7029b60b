// SPDX-License-Identifier: GPL-2.0-only

import Comparison

/// A run of a sweep that has ended, well or not.
public struct FinishedRun: Sendable {
    public var record: Record
    /// What was recorded of a traced run, without the ramp.
    public var report: SavedReport?

    public init(record: Record, report: SavedReport? = nil) {
        self.record = record
        self.report = report
    }

    /// What is saved beside the report.
    public struct Record: Codable, Sendable {
        public var planned: PlannedRun
        /// Nanoseconds since 1970.
        public var started: Int64
        /// `nil` when the run failed.
        public var fio: FioResult?
        /// Why it failed, one line; untrusted.
        public var failure: String?
        /// Part of the recorded I/Os that ended on the CPU that submitted them; `nil`: not seen.
        public var submitEndShare: Double?

        public init(
            planned: PlannedRun, started: Int64, fio: FioResult? = nil, failure: String? = nil,
            submitEndShare: Double? = nil
        ) {
            self.planned = planned
            self.started = started
            self.fio = fio
            self.failure = failure
            self.submitEndShare = submitEndShare
        }
    }
}
