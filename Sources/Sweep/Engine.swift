// SPDX-License-Identifier: GPL-2.0-only

/// How fio submits and reaps: the engines that a sweep compares.
public enum Engine: String, Codable, Sendable, CaseIterable {
    case libaio
    case ioUring = "io_uring"
    /// io_uring whose submitter polls the device: it needs one with poll queues.
    case ioUringPoll = "io_uring_poll"
    /// One I/O at a time, by pread and pwrite.
    case psync

    var fioArguments: [String] {
        switch self {
        case .libaio, .psync: ["--ioengine=\(rawValue)"]
        case .ioUring: ["--ioengine=io_uring"]
        case .ioUringPoll: ["--ioengine=io_uring", "--hipri=1"]
        }
    }

    /// It has one I/O in flight, whatever depth is asked for.
    var isSynchronous: Bool { self == .psync }
}
