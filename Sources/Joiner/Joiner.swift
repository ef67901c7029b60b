// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import KernelTraces

/// Joins the events of a kernel trace into lives of direct I/Os.
///
/// Events come ordered by time. What identifies an I/O is (device, inode, offset), which both its begin and its
/// completion show; everything between depends on what the kernel does next on the same CPU: a completed request is
/// followed by its `end_io`, that by `queue_work` or by the completion itself; a work is known by its pointer; a thread
/// submits one I/O at a time. Pointers are used again within microseconds, so every key is consumed when it is met.
///
/// Memory is bounded by the I/Os in flight: at most 65,536 are followed, and as many work items and requests.
public struct Joiner {
    public typealias Sink = (DirectIO) throws -> Void

    public internal(set) var counts = JoinCounts()
    /// Names of the threads that submitted; the first 65,536.
    public internal(set) var threads: [UInt32: ThreadName] = [:]
    /// Who else had a CPU that completions waited for, since this was emptied last: before the I/Os that waited.
    public var occupancies: [CPUOccupancy] = []

    let rule: CompletionRule
    let machine: UInt8
    let names: NameTable
    let calls: ProbeCalls
    /// I/Os may be lost unseen: of several at one offset the last one is the likelier to complete.
    let isLossy: Bool

    var lives = LifeTable()
    var byKey: [IOKey: KeyChain] = [:]
    var byIOCB: [UInt64: LifeID] = [:]
    /// The I/O that a thread is in the midst of submitting.
    var submitting: [UInt32: LifeID] = [:]
    /// I/Os whose submission returned before any request was seen: they are in a plug.
    var plugged: [UInt32: [LifeID]] = [:]
    var requests = PlaceQueues<PendingBlock>()
    var works: [UInt64: QueuedWork] = [:]
    /// Work items whose addresses the trace hides, by CPU and in their order, as keys of `works`.
    var hiddenWorks: [UInt16: [UInt64]] = [:]
    var lastHiddenWork: UInt64 = 1 << 63
    var running: [UInt32: RunningWork] = [:]
    var partial = PartialLives()
    var cpus: [CPUState] = []
    /// I/Os whose `iomap_dio_complete` was entered and not yet left, by where that is; see `Moment.flow`.
    var completing: [UInt64: LifeID] = [:]
    var sawQueueing = false
    /// A work that completes a direct I/O was seen to start.
    var sawWorkStart = false
    /// When the last event was, and the longest that an I/O took so far.
    var last: UInt64 = 0
    var longest: UInt64 = 0
    /// The tracepoint of completions was seen: an I/O of iomap's that another event completes has lost its own.
    var sawCompletion = false
    /// Where the last completion was one of an I/O that had not begun: what follows there is of that too.
    var unknownCompletions: Set<UInt64> = []
    /// The trace shows when interrupts come.
    var tellsInterrupts = false
    /// The trace shows when end_io is called.
    var sawEnds = false
    /// The trace shows when a bio comes to the block layer.
    var sawBios = false
    /// Threads for which io_uring was seen to complete.
    var uringThreads: Set<UInt32> = []

    static let limit = 1 << 16

    /// - Parameters:
    ///   - rule: by which the traced kernel decides how to complete.
    ///   - machine: number of the machine in a trace of several.
    ///   - reader: whose events are joined.
    ///   - isLossy: the tracer loses events without saying so.
    public init(rule: CompletionRule, machine: UInt8 = 0, reader: any TraceReader, isLossy: Bool = false) {
        self.rule = rule
        self.machine = machine
        names = reader.names
        calls = reader.calls
        self.isLossy = isLossy
    }

    /// Takes in one event; I/Os that it completes go to `sink`.
    @inline(__always)
    public mutating func add(_ event: borrowing KernelEvent, _ sink: Sink) rethrows {
        let cpu = Int(event.cpu)
        if cpu >= cpus.count { cpus += [CPUState](repeating: CPUState(), count: cpu + 1 - cpus.count) }
        if event.context == nil, cpus[cpu].isInInterrupt {
            // Its exit is not in the trace.
            // A closure, as || makes one, cannot have what is borrowed.
            let isOver = event.thread == cpus[cpu].interruptedThread ? isOfTask(event.body, event.thread) : true
            if isOver { leaveInterrupts(cpu, event.time, isRecorded: false) }
        }
        last = event.time
        let context = cpus[cpu].context(recorded: event.context)
        let moment = Moment(
            time: event.time, cpu: event.cpu, thread: event.thread, name: event.name, context: context,
            isContextTold: event.context != nil || tellsInterrupts, isContextRecorded: event.context != nil)
        switch event.body {
        case .taskSwitch(let change): switched(change, moment)
        case .irqEntry(let irq): enterHardirq(irq, moment)
        case .vectorEntry: enterHardirq(nil, moment)
        case .irqExit, .vectorExit: leaveHardirq(moment)
        case .softirqRaise(let vector): raised(vector, moment)
        case .softirqEntry(let vector): enterSoftirq(vector, moment)
        case .softirqExit: leaveSoftirq(moment)
        case .lost: lost(moment)
        case .anotherTrace: try startAnew(moment, sink)
        case .dioBegin(let begin): try self.begin(begin, moment, sink)
        case .dioQueued: letGo(moment)
        case .dioComplete(let complete): try completed(complete, moment, sink)
        case .dioDirection(let isWrite): learnDirection(isWrite, moment)
        case .uringSubmit(let isWrite): uringSubmits(isWrite: isWrite, moment)
        case .fileChange(let change): changes(change, moment)
        case .bioQueue(let block): queued(block, moment)
        case .bioRemap(let block, let source):
            remapped(partial: block, from: BlockPlace(device: source.device, sector: source.sector))
        case .requestIssue(let block): issued(block, moment)
        case .requestRequeue(let block): requeued(block)
        case .requestComplete(let block): try requestCompleted(block, moment, sink)
        case .requestMade(let block): requestMade(block, moment)
        case .requestInsert(let block): inserted(block, moment)
        case .workQueue(let work): try queued(work, moment, sink)
        case .workStart(let work): try started(work, moment, sink)
        case .workEnd(let work): try ended(work, moment, sink)
        case .function(let function, let call): try called(function, calls[call], moment, sink)
        case .functionReturn(let function, let call): try returned(function, calls[call], moment, sink)
        }
    }

    /// No interrupt does that.
    @inline(__always)
    private func isOfTask(_ body: borrowing KernelEvent.Body, _ thread: UInt32) -> Bool {
        switch body {
        case .dioBegin, .dioQueued, .uringSubmit, .workStart, .workEnd: true
        // A layer may send its own from an interrupt.
        case .bioQueue: submitting[thread] != nil
        case .function(let function, _): function.begins
        default: false
        }
    }

    /// Requests of a trace without begins that move no data, in the order of their kinds.
    public var otherRequests: [OtherRequests] { OtherRequests.merged(partial.requests.others.tallies.values) }

    /// The trace is at its end: I/Os that are complete but for what might have followed go to `sink`.
    public mutating func finish(_ sink: Sink) rethrows {
        try finishPartial(sink)
        try finishLives(sink)
        counts.settle()
    }

    private mutating func finishLives(_ sink: Sink) rethrows {
        // Paired by their order: with one left, others may have taken each other's starts.
        if sawWorkStart { counts.unpaired += hiddenWorks.values.reduce(0) { $0 + UInt64($1.count) } }
        for id in lives.all {
            if lives[id].io.completed != nil {
                try emit(id, sink)
                continue
            }
            if lives[id].isFutile || sawQueueing && lives[id].isSuperseded && lives[id].isOnlyBegun {
                noteFruitless(id)
            } else if isOverdue(lives[id].io) {
                counts.withoutCompletion += 1
            } else {
                counts.inFlight += 1
            }
            remove(id)
        }
    }

    /// It would have been complete long ago.
    private func isOverdue(_ io: DirectIO) -> Bool {
        let began = io.submitted.nanoseconds
        return longest > 0 && last > began && last - began > 1_000_000 && (last - began) / 10 > longest
    }

    /// Another trace of the machine begins: what is under way has ended unseen.
    private mutating func startAnew(_ at: Moment, _ sink: Sink) rethrows {
        try finishLives(sink)
        (works, hiddenWorks, running, completing) = ([:], [:], [:], [:])
        requests = PlaceQueues()
        (submitting, plugged) = ([:], [:])
        for cpu in cpus.indices { startAnew(cpu, at) }
    }
}

/// When and where an event was.
struct Moment {
    var time: UInt64
    var cpu: UInt16
    var thread: UInt32
    var name: NameID
    var context: KernelEvent.InterruptContext
    /// Else a task may be one that an interrupt came to.
    var isContextTold: Bool
    /// By the event itself: whether interrupts begin and end in pairs does not matter.
    var isContextRecorded: Bool

    var timestamp: Timestamp { Timestamp(nanoseconds: time) }

    /// The flow of control: a thread, wherever it runs, or the interrupts of one kind of a CPU.
    var flow: UInt64 {
        context == .task ? UInt64(thread) : 1 << 40 | UInt64(context.rawValue) << 32 | UInt64(cpu)
    }
}

/// I/Os in flight that begin at one place of one file, in the order in which they began.
struct KeyChain {
    /// More are not believed: the first is given up.
    static let longest = 256

    var first: LifeID
    var last: LifeID
    var count = 1
}

/// A place on a disk where a bio or request begins.
struct BlockPlace: Hashable {
    var device: UInt32
    var sector: UInt64

    /// Odd, with bits all over.
    static let mixer: UInt64 = 0x9e37_79b9_7f4a_7c15

    func hash(into hasher: inout Hasher) { hasher.combine(UInt64(device) &* Self.mixer ^ sector) }
}

extension BlockPlace {
    init(_ block: BlockRange) { self.init(device: block.device, sector: block.sector) }
}

/// A bio or request on its way.
struct PendingBlock {
    var life: LifeID
    var sectors: UInt32
    var isWrite: Bool
    /// The device is done with it; what follows has not been seen.
    var isDone = false
}
