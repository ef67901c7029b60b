// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Who held the CPU during a wait, for a part of the wait that belongs to one of them: a `CPUHolder`, or nobody known.
public struct WaitCauseKind: Hashable, Sendable {
    /// `nil`: no clock accounts for it.
    public var holder: CPUHolder?

    static let all = CPUHolder.allCases.map(Optional.some).map(WaitCauseKind.init) + [WaitCauseKind(holder: nil)]

    /// In JSON: stable.
    public var name: String {
        switch holder {
        case .submitter: "submitter"
        case .completionWork: "completion_work"
        case .poolWork: "pool_work"
        case .otherTask: "other_task"
        case .hardirq: "hardirq"
        case .softirq: "softirq"
        case .idle: "idle"
        case .workerSwitch: "worker_switch"
        case nil: "unattributed"
        }
    }
}
