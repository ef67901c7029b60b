// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// A point in the life of an I/O, in causal order: each is the property of `DirectIO` of the same name.
public enum LifePoint: UInt8, Sendable, CaseIterable {
    case submitted, issued, interrupted, ended, workQueued, workStarted, completed, iocbCompleted, taskWorkRun

    /// The name in JSON: stable.
    public var name: String {
        switch self {
        case .submitted: "submitted"
        case .issued: "issued"
        case .interrupted: "interrupted"
        case .ended: "ended"
        case .workQueued: "work_queued"
        case .workStarted: "work_started"
        case .completed: "completed"
        case .iocbCompleted: "ki_completed"
        case .taskWorkRun: "task_work_run"
        }
    }

    /// Tracepoints or functions that tell of it, for those points without which the stages are coarser but true.
    /// Empty for the others: a life without them has a hole.
    public var optionalSources: [String] {
        switch self {
        case .issued: ["block_rq_issue"]
        case .ended:
            [
                "iomap_dio_bio_end_io", "iomap_dio_simple_end_io", "blkdev_bio_end_io", "blkdev_bio_end_io_async",
                "dio_bio_end_aio", "dio_bio_end_io",
            ]
        case .interrupted: ["irq_handler_entry", "softirq_entry"]
        case .taskWorkRun: ["io_req_rw_complete"]
        case .submitted, .workQueued, .workStarted, .completed, .iocbCompleted: []
        }
    }
}

/// A set of points.
public struct LifePoints: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16

    @inlinable
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    @inlinable
    public init(_ point: LifePoint) {
        rawValue = 1 << UInt16(point.rawValue)
    }

    /// Points that are only a border between two stages: without one of them there is one coarser stage, and nothing
    /// is unknown. Not every I/O passes them: requests are merged, and a CPU's own timer has no interrupt entry.
    public static let borders: LifePoints = [LifePoints(.issued), LifePoints(.interrupted)]

    /// How many different sets there are: the length of an array indexed by `rawValue`.
    public static let combinations = 1 << 9

    public var points: [LifePoint] { LifePoint.allCases.filter { contains(LifePoints($0)) } }
}
