// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// Reads a trace.dat: all CPUs merged by time. Memory is bounded by the CPUs' number, not by the length of the trace.
///
/// Assumes what the kernel's ring buffer keeps: the records of one CPU are in the order of their times. Where they are
/// not, the later record is given the earlier one's place and counted.
public final class TraceDatReader: TraceReader {
    public let description: TraceDescription
    public let names = NameTable()
    public let calls = ProbeCalls()
    public var stop: ReadingStop?
    private let dat: TraceDatFile
    private let order: ByteOrder
    private let isPlain: Bool
    private var decoders: [RecordDecoder] = []
    /// By the number of the event; 0 is none, else one more than the decoder's index.
    private var decoderOfEvent = [UInt16](repeating: 0, count: 1 << 16)
    private var nameOfThread: [UInt32: NameID] = [:]
    /// By the lowest bits of the thread: nearly every event is of one of a few. At first with threads that have others.
    private var recent = (0..<256).map { (thread: ~UInt32($0), name: NameID.unknown) }

    /// So many events, less one.
    private static let askedEvery: UInt64 = 0xffff

    public init(_ file: OpenFile) throws(TraceError) {
        dat = try TraceDatFile(file)
        var description = dat.description
        let counts = description.clock.map { TraceDescription.timelessClocks.contains($0) } ?? false
        if counts, dat.options.cycles == nil { description.times = .counts }
        self.description = description
        order = dat.header.order
        isPlain = dat.options.isPlain
        guard dat.clocks.count < 2 else {
            throw .unsupported(
                file.name,
                what: "its buffers have different clocks (\(dat.clocks.joined(separator: ", "))), which give no order:"
                    + " record all of them by one")
        }
        var bits = IOFlagBits()
        let begin = dat.formats.first { $0.name == EventKind.dioBegin.rawValue }
        let newest = description.completionRule == .flaggedWork
        bits.libaio = begin?.bit(named: "AIO_RW") ?? (newest ? 1 << 22 : 1 << 23)
        bits.callerCompletion = begin?.bit(named: "CALLER_COMP") ?? 0
        for format in dat.formats {
            guard let decoder = RecordDecoder(format, flagBits: bits, dat.header.order) else { continue }
            decoders.append(decoder)
            decoderOfEvent[format.id] = UInt16(clamping: decoders.count)
        }
        for (thread, name) in dat.threadNames { nameOfThread[thread] = names.intern(name) }
    }

    public func read(_ each: (borrowing KernelEvent) throws -> Void) throws -> TraceContents {
        var summary = TraceContents()
        var damages = dat.damages
        var cpus = dat.parts.map { CPURecords($0, of: dat) }
        cpus = try cpus.filter { try $0.advance(&damages) }
        let symbols = SymbolNames(dat.symbols, names)
        var occurred = [UInt64](repeating: 0, count: 1 << 16)
        let mayRepeat = dat.mayRepeat
        var repeated = RepeatedEvents()
        var merge = MergeOrder(cpus.map(\.time))
        while let first = merge.first {
            let cpu = cpus[first]
            if summary.events & Self.askedEvery == 0, let stop, stop.isDue() {
                damages.add(ReadingStop.reason, at: cpu.fileOffset)
                break
            }
            if let lost = cpu.lost { try reportLoss(lost, of: cpu, &summary, each) }
            if !mayRepeat || !isRepeated(cpu, &repeated) { try decode(cpu, symbols, &occurred, &summary, each) }
            let before = cpu.time
            if try cpu.advance(&damages) {
                if cpu.time < before { summary.backwardTimes += 1 }
                merge.replaceFirst(with: max(cpu.time, before))
            } else {
                merge.removeFirst()
            }
        }
        summary.unnamedFunctions = symbols.unnamed
        summary.hasSymbols = !symbols.isEmpty
        for format in dat.formats where occurred[format.id] > 0 {
            summary.counts.append((format.name, occurred[format.id]))
            // Another instance's format of the same number is the same event's.
            occurred[format.id] = 0
            if decoderOfEvent[format.id] > 0 { summary.occurred.insert(format.name) }
        }
        summary.counts.sort { ($0.count, $1.name) > ($1.count, $0.name) }
        summary.occurred.formUnion(symbols.probed)
        summary.lostEvents &+= description.recordedLoss
        summary.repeatedEvents = repeated.count
        if !description.hasTimes { summary.times = .counts }
        summary.take(damages)
        return summary
    }

    private func isRepeated(_ cpu: CPURecords, _ repeated: inout RepeatedEvents) -> Bool {
        let event = Int(order.native(cpu.record.loadUnaligned(fromByteOffset: 0, as: UInt16.self)))
        return decoderOfEvent[event] > 0 && repeated.contain(cpu, event: event, at: nanoseconds(cpu))
    }

    private func reportLoss(
        _ lost: UInt64, of cpu: CPURecords, _ summary: inout TraceContents,
        _ each: (borrowing KernelEvent) throws -> Void
    ) rethrows {
        summary.lostMarkers += 1
        summary.lostEvents &+= lost
        try each(
            KernelEvent(
                time: nanoseconds(cpu), cpu: cpu.cpu, context: nil, thread: 0, name: .unknown,
                body: .lost(lost)))
    }

    /// Every record begins with its event's number, flags, preemption count and thread.
    @inline(__always)
    private func decode(
        _ cpu: CPURecords, _ symbols: SymbolNames, _ occurred: inout [UInt64], _ summary: inout TraceContents,
        _ each: (borrowing KernelEvent) throws -> Void
    ) rethrows {
        let record = cpu.record
        summary.events &+= 1
        let event = Int(order.native(record.loadUnaligned(fromByteOffset: 0, as: UInt16.self)))
        occurred[event] &+= 1
        let index = Int(decoderOfEvent[event])
        guard index > 0 else { return }
        guard let body = decoders[index - 1].body(record, symbols, calls) else { return }
        let flags = record[2]
        let thread = order.native(record.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        try each(
            KernelEvent(
                time: nanoseconds(cpu), cpu: cpu.cpu,
                context: flags & 0x08 != 0 ? .hardirq : flags & 0x10 != 0 ? .softirq : .task, thread: thread,
                name: name(of: thread), body: body))
    }

    @inline(__always)
    private func name(of thread: UInt32) -> NameID {
        let place = Int(thread & 255)
        if recent[place].thread == thread { return recent[place].name }
        let name = nameOfThread[thread] ?? .unknown
        recent[place] = (thread, name)
        return name
    }

    @inline(__always)
    private func nanoseconds(_ cpu: CPURecords) -> UInt64 { isPlain ? cpu.time : translated(cpu) }

    @inline(never)
    private func translated(_ cpu: CPURecords) -> UInt64 {
        var time = cpu.time
        if let shift = dat.options.shift { time = shift.hostTime(time, cpu: cpu.cpu) }
        if let cycles = dat.options.cycles {
            let scaled = UInt128(time &- cycles.offset) &* UInt128(cycles.multiplier)
            time = UInt64(truncatingIfNeeded: scaled >> UInt128(cycles.shift))
        }
        return time &+ UInt64(bitPattern: dat.options.timeOffset)
    }
}

/// Which of several streams has the earliest time: a heap of their numbers.
struct MergeOrder {
    private var heap: [(time: UInt64, stream: Int)]

    init(_ times: [UInt64]) {
        heap = times.enumerated().map { ($1, $0) }
        for index in stride(from: heap.count / 2, through: 0, by: -1) { sink(index) }
    }

    var first: Int? { heap.first?.stream }

    mutating func replaceFirst(with time: UInt64) {
        heap[0].time = time
        sink(0)
    }

    mutating func removeFirst() {
        heap[0] = heap[heap.count - 1]
        heap.removeLast()
        sink(0)
    }

    private mutating func sink(_ start: Int) {
        var index = start
        while true {
            var least = index
            let child = 2 * index + 1
            if child < heap.count, isBefore(child, least) { least = child }
            if child + 1 < heap.count, isBefore(child + 1, least) { least = child + 1 }
            guard least != index else { return }
            heap.swapAt(index, least)
            index = least
        }
    }

    @inline(__always)
    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].time, heap[left].stream) < (heap[right].time, heap[right].stream)
    }
}
