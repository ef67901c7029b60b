// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// Reads the text of ftrace, trace-cmd report or perf script, once.
public final class TextReader: TraceReader {
    public private(set) var description: TraceDescription
    public let names = NameTable()
    public let calls = ProbeCalls()
    private let format: TextFormat
    private let lines: LineReader
    private let events = EventNames()
    private var decoder: TextDecoder
    private var window = ReorderWindow()
    private var summary = TraceSummary()
    private var lastTimes: [UInt64] = []
    private var precision = 0
    private var occurred = [Bool](repeating: false, count: EventKind.allCases.count)

    /// - Parameter prefix: the beginning of the text, where programs tell of the machine.
    public init(_ format: TextFormat, _ stream: any ByteStream, prefix: [UInt8]) {
        self.format = format
        lines = LineReader(stream)
        description = TextPreamble.description(of: format, prefix)
        var bits = IOFlagBits()
        if description.completionRule == .flaggedWork {
            bits.libaio = 1 << 22
        } else {
            // Of the texts of kernels that name neither, only those before 6.19 have this bit, and libaio sets it.
            bits.libaio = 1 << 23
        }
        decoder = TextDecoder(names, calls, flagBits: bits)
    }

    public func read(_ each: (borrowing KernelEvent) throws -> Void) throws -> TraceSummary {
        var line: UnsafeRawBufferPointer? = try lines.next()
        while let bytes = line {
            if let event = event(of: bytes) { try window.add(event, each) }
            line = try lines.next()
        }
        try window.finish(each)
        summary.unnamedFunctions = decoder.unnamed
        summary.hasSymbols = decoder.named > 0
        summary.isMicroseconds = summary.events > 0 && precision < 9
        for (kind, seen) in zip(EventKind.allCases, occurred) where seen { summary.occurred.insert(kind.rawValue) }
        if let cut = lines.cut {
            var damages = TraceDamages()
            damages.add(cut, at: lines.offset)
            summary.take(damages)
        }
        return summary
    }

    @inline(__always)
    private func event(of line: UnsafeRawBufferPointer) -> KernelEvent? {
        guard let start = line.bindMemory(to: UInt8.self).baseAddress, let last = line.last else { return nil }
        // A text that went through a system where lines end in CR LF is whole all the same.
        var scanner = Scanner(start, start + line.count - (last == UInt8(ascii: "\r") ? 1 : 0))
        guard let head = format == .ftrace ? LineHead.ofFtrace(&scanner) : LineHead.ofPerf(&scanner) else {
            return other(scanner)
        }
        summary.events &+= 1
        precision = max(precision, head.precision)
        note(head)
        guard let body = body(&scanner, head) else { return nil }
        return KernelEvent(
            time: head.time, cpu: UInt16(truncatingIfNeeded: head.cpu), context: head.context, thread: head.thread,
            name: names.intern(head.name), body: body)
    }

    /// What follows the head: `name: ...`, perf's `system:name: ...`, or the function tracer's `function <-parent`.
    @inline(__always)
    private func body(_ scanner: inout Scanner, _ head: LineHead) -> KernelEvent.Body? {
        let whole = scanner
        var name = scanner.word(until: UInt8(ascii: ":"))
        scanner.skip(1)
        if format == .perf, scanner.byte != UInt8(ascii: " "), !scanner.isAtEnd {
            name = scanner.word(until: UInt8(ascii: ":"))
            scanner.skip(1)
        }
        scanner.skipSpaces()
        // A kprobe event may bear the name of a tracepoint.
        if scanner.byte == UInt8(ascii: "("), let body = decoder.probe(name, &scanner) {
            summary.occurred.insert(Self.name(of: body))
            return body
        }
        if let (kind, index) = events.kind(of: name) {
            occurred[index] = true
            let body = decoder.body(kind, &scanner, thread: head.thread)
            if body == nil, kind != .functionTrace { summary.unparsed &+= 1 }
            if case .function(let function, _) = body { summary.occurred.insert(function.rawValue) }
            return body
        }
        var function = whole
        guard name.count == whole.count || name.contains(UInt8(ascii: "<")),
            let body = decoder.body(.functionTrace, &function, thread: head.thread)
        else { return nil }
        summary.occurred.insert(Self.name(of: body))
        return body
    }

    private static func name(of body: KernelEvent.Body) -> String {
        switch body {
        case .function(let function, _), .functionReturn(let function, _): function.rawValue
        default: ""
        }
    }

    /// Times of one CPU never go back.
    @inline(__always)
    private func note(_ head: LineHead) {
        let cpu = Int(head.cpu)
        if cpu >= lastTimes.count { lastTimes += [UInt64](repeating: 0, count: cpu + 1 - lastTimes.count) }
        if head.time < lastTimes[cpu] { summary.backwardTimes &+= 1 }
        lastTimes[cpu] = head.time
    }

    /// A line without an event: a remark, a mark of lost events, or something unknown.
    private func other(_ line: Scanner) -> KernelEvent? {
        var line = line
        line.skipSpaces()
        if line.isAtEnd || line.byte == UInt8(ascii: "#") || TextPreamble.isRemark(line) { return nil }
        guard let mark = LossMark(line) else {
            summary.unparsed &+= 1
            return nil
        }
        summary.lostMarkers &+= 1
        summary.lostEvents &+= mark.count
        guard let cpu = mark.cpu, let time = lastTimes.max() else { return nil }
        return KernelEvent(
            time: time, cpu: cpu, context: nil, thread: 0, name: .unknown, body: .lost(mark.count))
    }
}

/// `CPU:1 [LOST 12 EVENTS]` of ftrace, `CPU:1 [12 EVENTS DROPPED]` of trace-cmd, `PERF_RECORD_LOST lost 12` of perf.
struct LossMark {
    var cpu: UInt16?
    var count: UInt64 = 0

    init?(_ line: Scanner) {
        var line = line
        if line.skip("CPU:") {
            guard let cpu = line.decimal(), cpu < 65536 else { return nil }
            self.cpu = UInt16(cpu)
            guard line.skip(" [") else { return nil }
            _ = line.skip("LOST ")
            count = line.decimal() ?? 0
            _ = line.skip(byte: UInt8(ascii: " "))
            guard line.skip("EVENTS") else { return nil }
            return
        }
        guard line.skip(through: "PERF_RECORD_LOST") else { return nil }
        if line.skip(through: " lost ") { count = line.decimal() ?? 0 }
    }
}
