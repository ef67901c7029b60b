// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// What an I/O's wait for a CPU was spent on: a closed list. The raw value is the name in JSON: stable.
public enum WaitCause: String, Sendable, CaseIterable {
    case submitter
    case completionWork = "completion_work"
    case poolWork = "pool_work"
    case otherTask = "other_task"
    case hardirq, softirq, idle
    case workerSwitch = "worker_switch"
    /// The submitter's cgroup had used up its CPU quota: no wait for a CPU.
    case quota
    /// The submitter had asked to be woken for several completions.
    case batching
    /// The submitter slept for something else.
    case elsewhere
    /// The workqueue ran as many works as it may, and the CPU was idle.
    case workqueueLimit = "workqueue_limit"
    /// No clock accounts for it.
    case unattributed

    /// How many there are: the length of an array indexed by `index`.
    public static let count = 13

    /// Position in the closed list, for arrays of sums; that of an occupant's is its number.
    @inlinable
    public var index: Int {
        switch self {
        case .submitter: 0
        case .completionWork: 1
        case .poolWork: 2
        case .otherTask: 3
        case .hardirq: 4
        case .softirq: 5
        case .idle: 6
        case .workerSwitch: 7
        case .quota: 8
        case .batching: 9
        case .elsewhere: 10
        case .workqueueLimit: 11
        case .unattributed: 12
        }
    }

    /// `nil`: nobody's time on a CPU.
    @inlinable
    public var occupant: CPUOccupant? { CPUOccupant(rawValue: UInt8(index)) }

    public init(_ occupant: CPUOccupant) {
        self =
            switch occupant {
            case .submitter: .submitter
            case .completionWork: .completionWork
            case .poolWork: .poolWork
            case .otherTask: .otherTask
            case .hardirq: .hardirq
            case .softirq: .softirq
            case .idle: .idle
            case .workerSwitch: .workerSwitch
            }
    }

    /// The label in text, at most 18 characters.
    public var label: String {
        switch self {
        case .submitter: "submitters on CPU"
        case .completionWork: "dio completions"
        case .poolWork: "same-pool work"
        case .otherTask: "other tasks"
        case .hardirq: "hard interrupts"
        case .softirq: "softirqs"
        case .idle: "idle exit / wakeup"
        case .workerSwitch: "kworker switching"
        case .quota: "cgroup cpu.max"
        case .batching: "batch not full"
        case .elsewhere: "asleep elsewhere"
        case .workqueueLimit: "max_active reached"
        case .unattributed: "unattributed"
        }
    }
}
