// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import KernelTraces

/// The clocks of a CPU at one moment.
struct ClockReading {
    var cpu: UInt16
    var time: UInt64
    var occupied: SIMD8<UInt64>
    /// The reading is of the same unbroken run of the clocks as another one with this number.
    var run: UInt32
}

/// Who occupies a CPU: every nanosecond belongs to exactly one occupant. A hard interrupt comes before a softirq, and that
/// before the task.
struct CPUClock {
    private var occupied = SIMD8<UInt64>.zero
    private var time: UInt64 = 0
    private var task: CPUOccupant?
    private var isInHardirq = false
    private var isInSoftirq = false
    /// Rises whenever it is not known any more who occupied the CPU.
    private var run: UInt32 = 0

    /// The thread of the task or work item that is on it now.
    private(set) var thread: UInt32 = 0
    private(set) var name = NameID.unknown
    private var since: UInt64 = 0
    /// Completions that wait for this CPU.
    var waiting = 0
    private var wasWaitedFor = false

    /// Known since the first task switch.
    var isKnown: Bool { task != nil }
    var isSubmitter: Bool { task == .submitter }
    /// Nanoseconds by `CPUOccupant.rawValue`.
    var total: [UInt64] { (0..<8).map { occupied[$0] } }
    var isWorker: Bool { task == .workerSwitch || task == .completionWork || task == .poolWork }

    @inline(__always)
    mutating func advance(to now: UInt64) {
        guard now > time else { return }
        if let task {
            let occupant = isInHardirq ? .hardirq : isInSoftirq ? .softirq : task
            occupied[Int(occupant.rawValue)] &+= now &- time
        }
        time = now
    }

    mutating func reading(at now: UInt64, cpu: UInt16) -> ClockReading? {
        advance(to: now)
        return task == nil ? nil : ClockReading(cpu: cpu, time: now, occupied: occupied, run: run)
    }

    /// Who occupied the CPU since `start`; unknown when the clocks do not say.
    mutating func occupied(since start: ClockReading?, at now: UInt64, cpu: UInt16) -> OccupantTimes {
        guard let start, start.cpu == cpu, now >= start.time, now - start.time <= UInt64(UInt32.max),
            let end = reading(at: now, cpu: cpu), end.run == start.run
        else { return .unknown }
        var times = OccupantTimes.unknown
        for index in 0..<8 {
            times.nanoseconds[index] = UInt32(truncatingIfNeeded: end.occupied[index] &- start.occupied[index])
        }
        // Times that run backwards give no sum.
        return times.total == now - start.time ? times : .unknown
    }

    mutating func enter(hardirq: Bool, at now: UInt64) {
        advance(to: now)
        if hardirq { isInHardirq = true } else { isInSoftirq = true }
    }

    mutating func leave(hardirq: Bool, at now: UInt64) {
        advance(to: now)
        if hardirq { isInHardirq = false } else { isInSoftirq = false }
    }

    /// Events were lost: nobody is known to be on it until the next task switch.
    mutating func forget(at now: UInt64) {
        advance(to: now)
        run &+= 1
        (task, isInHardirq, isInSoftirq) = (nil, false, false)
    }

    /// Another trace begins at a time that may be an earlier one.
    mutating func startAnew(_ now: UInt64) {
        forget(at: now)
        (time, waiting, wasWaitedFor) = (now, 0, false)
    }

    /// Another task, or another work item of it, has the CPU. What interrupted it has ended.
    /// - Returns: What the one before did, if it is worth a name and a completion waited meanwhile.
    mutating func give(
        to occupant: CPUOccupant, thread: UInt32, name: NameID, at now: UInt64, cpu: UInt16, names: NameTable
    ) -> CPUOccupancy? {
        advance(to: now)
        var occupancy: CPUOccupancy?
        if let task, task == .poolWork || task == .otherTask, waiting > 0 || wasWaitedFor, now > since {
            occupancy = CPUOccupancy(
                cpu: cpu, occupant: task, thread: self.thread, from: Timestamp(nanoseconds: since),
                until: Timestamp(nanoseconds: now), name: names.name(self.name))
        }
        (task, self.thread, self.name, since, wasWaitedFor) = (occupant, thread, name, now, waiting > 0)
        return occupancy
    }

    mutating func waitBegan() {
        waiting += 1
        wasWaitedFor = true
    }

    mutating func waitEnded() { waiting = max(0, waiting - 1) }

    mutating func leaveInterrupts(at now: UInt64) {
        advance(to: now)
        (isInHardirq, isInSoftirq) = (false, false)
    }
}
