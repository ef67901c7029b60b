// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// Who occupied the CPUs during random lives: sometimes more than there was time, sometimes none known.
public enum RandomOccupancies {
    public static let cpus: UInt16 = 4

    /// Gives a life CPUs and clocks, and returns occupancies that may overlap its wait.
    public static func fill(_ io: inout DirectIO, _ random: inout SeededGenerator) -> [CPUOccupancy] {
        io.workerCPU = UInt16.random(in: 0..<cpus, using: &random)
        io.submitCPU = UInt16.random(in: 0..<cpus, using: &random)
        io.queueWaitOccupants = times(io.workQueued, io.workStarted, &random)
        io.taskWorkOccupants = times(io.completed, io.taskWorkRun, &random)
        return (0..<Int.random(in: 0...3, using: &random)).map { _ in occupancy(io, &random) }
    }

    private static func times(_ from: Timestamp?, _ until: Timestamp?, _ random: inout SeededGenerator) -> OccupantTimes
    {
        guard let from, let until, from < until, Int.random(in: 0..<10, using: &random) > 0 else { return .unknown }
        let wait = min(until.nanoseconds - from.nanoseconds, UInt64(UInt32.max) * 8)
        // Up to a quarter more than the wait.
        let most = UInt32(min(wait / 8 * 5 / 4 + 1, UInt64(UInt32.max)))
        var occupied = OccupantTimes.unknown
        for occupant in CPUOccupant.allCases { occupied[occupant] = UInt32.random(in: 0...most, using: &random) }
        return occupied
    }

    private static func occupancy(_ io: DirectIO, _ random: inout SeededGenerator) -> CPUOccupancy {
        let at = (io.workStarted ?? io.taskWorkRun ?? io.submitted).nanoseconds
        let from = UInt64.random(in: (at >> 1)...at, using: &random)
        return CPUOccupancy(
            cpu: UInt16.random(in: 0..<cpus, using: &random),
            occupant: Bool.random(using: &random) ? .otherTask : .poolWork, thread: 1,
            from: Timestamp(nanoseconds: from),
            until: Timestamp(nanoseconds: UInt64.random(in: from...(at &+ 1000), using: &random)),
            name: "task \(UInt8.random(in: 0..<20, using: &random))")
    }
}
