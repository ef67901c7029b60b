// SPDX-License-Identifier: GPL-2.0-only

/// What a CPU was doing while an I/O waited for it. Numbers are those of `enum probe_occupant` and so of the capture
/// file: append-only.
public enum CPUOccupant: UInt8, Sendable, CaseIterable {
    /// A thread that submits traced I/Os.
    case submitter = 0
    /// A kworker, completing other direct I/Os: earlier work items of the queue.
    case completionWork = 1
    /// A kworker of the pool that completes direct I/Os, with a work item of another user.
    case poolWork = 2
    /// Any other task; kworkers of other pools too.
    case otherTask = 3
    case hardirq = 4
    case softirq = 5
    /// The idle task: the CPU sleeps or is waking up.
    case idle = 6
    /// A kworker between work items: it was switched to, and has not begun the next one.
    case workerSwitch = 7
}

/// How long each occupant had the CPU during one wait, in nanoseconds, from cumulative clocks of that CPU read at its
/// begin and end. A wait of 2^32 ns or longer has none.
public struct OccupantTimes: Equatable, Sendable {
    /// By `CPUOccupant.rawValue`.
    public var nanoseconds: SIMD8<UInt32>

    @inlinable
    public init(nanoseconds: SIMD8<UInt32>) {
        self.nanoseconds = nanoseconds
    }

    /// Not known: no clock was read, or the wait ended on another CPU than it began.
    public static let unknown = OccupantTimes(nanoseconds: .zero)

    @inlinable
    public var isKnown: Bool {
        // In words: the comparison of vectors is done number by number.
        let words = unsafeBitCast(nanoseconds, to: SIMD4<UInt64>.self)
        return words[0] | words[1] | words[2] | words[3] != 0
    }

    @inlinable
    public subscript(occupant: CPUOccupant) -> UInt32 {
        get { nanoseconds[Int(occupant.rawValue)] }
        set { nanoseconds[Int(occupant.rawValue)] = newValue }
    }

    /// The part of the wait that is accounted for.
    @inlinable
    public var total: UInt64 { SIMD8<UInt64>(truncatingIfNeeded: nanoseconds).wrappedSum() }
}

/// A stretch of time in which somebody occupied a CPU that I/Os were waiting for; recorded for those occupants that are worth a
/// name, `poolWork` and `otherTask`.
public struct CPUOccupancy: Equatable, Sendable {
    /// The name of the recorder's own thread: longer than any that a thread can give itself.
    public static let recorderName = "dioscope recording"

    public var cpu: UInt16
    public var occupant: CPUOccupant
    /// The thread of the task, 0 when it is not known.
    public var thread: UInt32
    public var from: Timestamp
    public var until: Timestamp
    /// The task's name, or the work's function. Untrusted.
    public var name: String

    public init(cpu: UInt16, occupant: CPUOccupant, thread: UInt32, from: Timestamp, until: Timestamp, name: String) {
        self.cpu = cpu
        self.occupant = occupant
        self.thread = thread
        self.from = from
        self.until = until
        self.name = name
    }
}
