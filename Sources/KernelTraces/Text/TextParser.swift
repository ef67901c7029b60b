// SPDX-License-Identifier: GPL-2.0-only

/// Makes an event of each line. A value of its own, not the reader's: Swift checks every access to a member of an object.
struct TextParser {
    private let format: TextFormat
    private let names: NameTable
    private let events = EventNames()
    private var decoder: TextDecoder
    private var summary = TraceSummary()
    private var lastTimes: [UInt64] = []
    private var precision = 0
    /// Few, and found sooner than by a hash of their names.
    private var functions: [KernelFunction] = []
    private var occurred = [Bool](repeating: false, count: EventKind.allCases.count)

    init(_ format: TextFormat, _ names: NameTable, _ decoder: TextDecoder) {
        self.format = format
        self.names = names
        self.decoder = decoder
    }

    /// - Parameter cut: why the text is not whole.
    consuming func finish(cut: String?, at offset: UInt64) -> TraceSummary {
        summary.unnamedFunctions = decoder.unnamed
        summary.hasSymbols = decoder.named > 0
        summary.isMicroseconds = summary.events > 0 && precision < 9
        for (kind, seen) in zip(EventKind.allCases, occurred) where seen { summary.occurred.insert(kind.rawValue) }
        for function in functions { summary.occurred.insert(function.rawValue) }
        if let cut {
            var damages = TraceDamages()
            damages.add(cut, at: offset)
            summary.take(damages)
        }
        return summary
    }

    /// `nil` when the line is none.
    @inline(__always)
    mutating func event(of line: UnsafeRawBufferPointer) -> KernelEvent? {
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
    private mutating func body(_ scanner: inout Scanner, _ head: LineHead) -> KernelEvent.Body? {
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
            noteFunction(of: body)
            return body
        }
        if let (kind, index) = events.kind(of: name) {
            occurred[index] = true
            let body = decoder.body(kind, &scanner, thread: head.thread)
            if body == nil, kind != .functionTrace { summary.unparsed &+= 1 }
            if let body { noteFunction(of: body) }
            return body
        }
        var function = whole
        guard name.count == whole.count || name.contains(UInt8(ascii: "<")),
            let body = decoder.body(.functionTrace, &function, thread: head.thread)
        else { return nil }
        noteFunction(of: body)
        return body
    }

    @inline(__always)
    private mutating func noteFunction(of body: KernelEvent.Body) {
        switch body {
        case .function(let function, _), .functionReturn(let function, _):
            if !functions.contains(function) { functions.append(function) }
        default: break
        }
    }

    /// Times of one CPU never go back.
    @inline(__always)
    private mutating func note(_ head: LineHead) {
        let cpu = Int(head.cpu)
        if cpu >= lastTimes.count { lastTimes += [UInt64](repeating: 0, count: cpu + 1 - lastTimes.count) }
        if head.time < lastTimes[cpu] { summary.backwardTimes &+= 1 }
        lastTimes[cpu] = head.time
    }

    /// A line without an event: a remark, a mark of lost events, or something unknown.
    private mutating func other(_ line: Scanner) -> KernelEvent? {
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
