// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import KernelTraces

/// What one CPU is in the midst of.
struct CPUState {
    /// One level for each kind of context, by its raw value.
    var levels = InlineArray<3, ContextLevel>(repeating: ContextLevel())
    /// When each softirq was raised that did not run since; 0 is never.
    var raises = InlineArray<10, UInt64>(repeating: 0)
    static let softirqs = 10
    /// Timers, what the network sends, scheduling and RCU bring no completion; see `delivers()` of the probes.
    static let delivering: UInt32 = ~(1 << 1 | 1 << 2 | 1 << 7 | 1 << 9)
    var isInHardirq = false
    var isInSoftirq = false
    /// The thread that the interrupt came to.
    var interruptedThread: UInt32 = 0
    var clock = CPUClock()
    var counts = SchedulingCounts()
    /// The last task switch.
    var switchedFrom: UInt32 = 0
    var switchedTo: UInt32 = 0
    var preempted = false

    @inline(__always)
    func context(recorded: KernelEvent.InterruptContext?) -> KernelEvent.InterruptContext {
        recorded ?? (isInHardirq ? .hardirq : isInSoftirq ? .softirq : .task)
    }

    @inline(__always)
    var isInInterrupt: Bool { isInHardirq || isInSoftirq }

    /// Tasks are not switched in interrupts: all that was under way is over.
    @inline(__always)
    mutating func beginAnew() {
        (isInHardirq, isInSoftirq) = (false, false)
        for level in levels.indices { levels[level].begin() }
    }

    subscript(context: KernelEvent.InterruptContext) -> ContextLevel {
        // Where it is: a level is large, and of most only one member is looked at.
        _read { yield levels[Int(context.rawValue)] }
        _modify { yield &levels[Int(context.rawValue)] }
    }
}

/// One interrupt, softirq or stretch of a task, and the completion that it is in the midst of.
struct ContextLevel {
    /// Its entry, `nil` when that was not seen.
    var entered: UInt64?
    /// When a softirq was raised, 0 when that was not seen.
    var raised: UInt64 = 0
    var irq: UInt32?
    /// Ends of I/Os in it so far.
    var ends: UInt16 = 0
    /// The request that was completed last, and whose end_io is next: its I/O, and where its bios go on.
    var request: RequestDone?
    /// The end_io that was seen last, until what it led to is seen.
    var end: BioEnd?

    /// Another one begins. What has no value any more is not written anew, as a `ContextLevel()` would.
    @inline(__always)
    mutating func begin(entered time: UInt64? = nil, irq line: UInt32? = nil) {
        (entered, irq, raised, ends) = (time, line, 0, 0)
        (request, end) = (nil, nil)
    }
}

/// A request of which the device is done.
struct RequestDone {
    var device: UInt32
    /// From here on, the bios have yet to end.
    var sector: UInt64
    var end: UInt64
    var life: LifeID?
}

/// An `end_io`, or the place where one must have been.
struct BioEnd {
    var place: EndSite
    var time: UInt64?
    var life: LifeID?
    /// What the probe of it read.
    var facts: EndFacts?
    var function = KernelFunction.bioEnd
}

/// Where end_io ran.
struct EndSite {
    var cpu: UInt16
    /// `nil` when the trace does not tell.
    var context: ExecutionContext?
    var interrupted: UInt64?
    /// See `ContextLevel.raised`.
    var raised: UInt64 = 0
    var irq: UInt32?
    var batchPosition: UInt16?
}

/// A completion on its way to a kworker.
struct QueuedWork {
    var time: UInt64
    var end: BioEnd
    var clocks: ClockReading?
    /// The CPU on which it was queued.
    var cpu: UInt16
}

/// A completion that a kworker is in the midst of.
struct RunningWork {
    var work: QueuedWork?
    var address: UInt64
    var started: UInt64
    var cpu: UInt16
    var occupied: OccupantTimes
    var switchedFrom: UInt32
    var preempted: Bool
    var completesDirectIO: Bool
    /// Else it may be any work.
    var isNamed: Bool
}
