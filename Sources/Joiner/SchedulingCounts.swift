// SPDX-License-Identifier: GPL-2.0-only

/// How often one CPU was given to submitters and to workers that completed I/Os; counted as the probes of a live
/// recording do.
struct SchedulingCounts {
    private(set) var submitterRuns: UInt64 = 0
    private(set) var workerRuns: UInt64 = 0
    private(set) var works: UInt64 = 0
    private(set) var submitterDisplaced: UInt64 = 0
    /// Since the last task switch.
    private var worksOfRun = 0
    private var switched: UInt64 = 0
    /// A worker took the CPU from a submitter then.
    private var submitterStands = false

    /// - Parameters:
    ///   - standing: the CPU is taken from a submitter, who would have gone on, for a worker.
    ///   - toSubmitter: the CPU is given to a submitter.
    mutating func taskSwitched(standing: Bool, toSubmitter: Bool, at now: UInt64) {
        if submitterStands, worksOfRun > 0, now > switched { submitterDisplaced &+= now &- switched }
        submitterStands = standing
        (switched, worksOfRun) = (now, 0)
        if toSubmitter { submitterRuns += 1 }
    }

    mutating func workStarted() {
        works += 1
        if worksOfRun == 0 { workerRuns += 1 }
        worksOfRun += 1
    }

    /// Events were lost: who runs now is not who ran then.
    mutating func forget() {
        submitterStands = false
        worksOfRun = 0
    }
}
