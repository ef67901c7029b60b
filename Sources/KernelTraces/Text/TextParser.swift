// SPDX-License-Identifier: GPL-2.0-only

/// Makes an event of each line. A value of its own, not the reader's: Swift checks every access to a member of an object.
struct TextParser {
    private let format: TextFormat
    private let names: NameTable
    private let events = EventNames()
    private var decoder: TextDecoder
    private var summary = TraceContents()
    private var prefix: LinePrefix
    private var repeated: RepeatedText
    /// How many events there were before the last line of prose, and before the line of prose that preceded that.
    private var eventsBeforeProse = (this: UInt64.max, last: UInt64.max)
    /// Times are the time since the line before: the order of lines is all there is.
    private let hasDifferences: Bool
    /// Nanoseconds that all times are later: nothing that was seen is at 0, where a text counts from its first line.
    private var shift: UInt64 = 0
    private var lastTimes: [UInt64] = []
    /// The last times on machines other than the first, by machine and CPU.
    private var lastTimesElsewhere: [UInt32: UInt64] = [:]
    private var precision = 0
    /// How often a CPU's time went on.
    private var rises: UInt64 = 0
    /// Of no known form, and before the first event.
    private var linesBefore: UInt64 = 0
    /// See `CutColumn`.
    private let cutColumn: Int?
    /// Few, and found sooner than by a hash of their names.
    private var functions: [KernelFunction] = []
    /// By the number of the kind.
    private var occurred = [UInt64](repeating: 0, count: EventKind.allCases.count)
    /// Counts of events that are not read, by the number of the name.
    private var others: [UInt64] = []

    /// - Parameter machines: names of the files that lines are known to be of.
    init(
        _ format: TextFormat, _ names: NameTable, _ decoder: TextDecoder, machines: [String] = [],
        hasBuffers: Bool = false, marks: LineMarks = [], times: TraceDescription.Times = .clock,
        repeated: RepeatedText = RepeatedText(), cutColumn: Int? = nil
    ) {
        self.format = format
        hasDifferences = times == .differences
        prefix = LinePrefix(files: machines, areBuffers: hasBuffers, marks: marks)
        self.names = names
        self.decoder = decoder
        self.repeated = repeated
        self.cutColumn = cutColumn
    }

    /// - Parameters:
    ///   - cut: why the text is not whole.
    ///   - window: that put its events in order.
    consuming func finish(cut: String?, at offset: UInt64, _ window: ReorderWindow) -> TraceContents {
        summary.returns = window.returns
        if summary.events == 0 { summary.otherLines = linesBefore }
        // The newest event is on top.
        if rises == 0 { summary.backwardTimes = 0 }
        summary.repeatedEvents = repeated.count &+ window.repeated.count
        summary.unnamedFunctions = decoder.unnamed
        summary.hasSymbols = decoder.named > 0
        if hasDifferences { summary.times = .differences }
        summary.isMicroseconds = summary.events > 0 && precision < 9 && summary.times == .clock
        for (kind, count) in zip(EventKind.allCases, occurred) where count > 0 {
            summary.occurred.insert(kind.rawValue)
            summary.counts.append((kind.rawValue, count))
        }
        for (number, count) in others.enumerated() where count > 0 {
            summary.counts.append((names.name(NameID(number: UInt16(number))), count))
        }
        summary.counts.sort { ($0.count, $1.name) > ($1.count, $0.name) }
        for function in functions { summary.occurred.insert(function.rawValue) }
        summary.machines = prefix.files.count > 1 ? prefix.files.map { String(decoding: $0, as: UTF8.self) } : []
        if let cut {
            var damages = TraceDamages()
            damages.add(cut, at: offset)
            summary.take(damages)
        }
        return summary
    }

    /// Bytes of an event; what is longer may have swallowed the next one, with the end of its line.
    private static let longest = 160

    /// `nil` when the line is none.
    @inline(__always)
    mutating func event(of line: UnsafeRawBufferPointer) -> KernelEvent? {
        guard let whole = Self.scanner(line) else { return nil }
        if whole.count == cutColumn { return cutEvent(of: whole) }
        var scanner = whole
        guard let head = head(&scanner), !prefix.isExpected, !LinePrefix.mayPrecede(head, whole) else {
            return oddEvent(of: whole)
        }
        return event(head, &scanner, machine: 0)
    }

    /// Without the end that lines have where they end in CR LF. Nothing is lost with it.
    @inline(__always)
    private static func scanner(_ line: UnsafeRawBufferPointer) -> Scanner? {
        guard let start = line.bindMemory(to: UInt8.self).baseAddress, let last = line.last else { return nil }
        return Scanner(start, start + line.count - (last == UInt8(ascii: "\r") ? 1 : 0))
    }

    @inline(__always)
    private func head(_ scanner: inout Scanner) -> LineHead? {
        guard hasDifferences else { return format.head(&scanner) }
        var head = format.head(&scanner)
        head?.time = summary.events &+ 1
        return head
    }

    /// Such a line begins an event; else it may go on with the one before it.
    func isEvent(_ line: UnsafeRawBufferPointer) -> Bool {
        guard var scanner = Self.scanner(line) else { return false }
        if head(&scanner) != nil { return true }
        guard LinePrefix.strip(&scanner).isAny else { return false }
        return head(&scanner) != nil
    }

    /// The last line lacks its end, and is not one of the prose with which a mail ends.
    func isCut(_ unended: [UInt8]?) -> Bool {
        guard let unended else { return false }
        return unended.withUnsafeBytes { line in
            guard let scanner = Self.scanner(line) else { return false }
            let isProse = eventsBeforeProse.last == summary.events && scanner.byte > UInt8(ascii: " ")
            return !isProse || isEvent(line) || TextRemark.resemblesEvent(scanner)
        }
    }

    /// A line of a text that wraps them may go on with the event before it.
    static func continues(_ line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard var scanner = scanner(line) else { return nil }
        _ = LinePrefix.strip(&scanner, files: false)
        return TextRemark.isKnown(scanner) ? nil : scanner.rest
    }

    @inline(__always)
    private mutating func event(_ head: LineHead, _ scanner: inout Scanner, machine: UInt8) -> KernelEvent? {
        if scanner.byte == UInt8(ascii: "P"), Self.isPerfRecord(scanner) { return perfRecord(scanner, head) }
        if repeated.contains(head, scanner, machine: machine) { return nil }
        if summary.events == 0, head.time == 0 { shift = 1 }
        summary.events &+= 1
        if scanner.count > Self.longest, TextRemark.hasAnotherHead(scanner) { summary.unparsed &+= 1 }
        if head.precision > precision { precision = head.precision }
        if head.precision < 0 { summary.times = .counts }
        note(head, machine)
        guard let body = body(&scanner, head) else { return nil }
        return KernelEvent(
            time: head.time &+ shift, cpu: UInt16(truncatingIfNeeded: head.cpu), context: head.context,
            machine: machine,
            thread: head.thread, name: names.intern(head.name), body: body)
    }

    /// What follows the head: `name: ...`, perf's `system:name: ...`, or the function tracer's `function <-parent`.
    @inline(__always)
    private mutating func body(_ scanner: inout Scanner, _ head: LineHead) -> KernelEvent.Body? {
        if format == .blkparse { return blkparse(scanner) }
        let whole = scanner
        var name = scanner.word(until: UInt8(ascii: ":"))
        var isCut = scanner.isAtEnd
        scanner.skip(1)
        if format == .perf, scanner.byte != UInt8(ascii: " "), !scanner.isAtEnd {
            name = scanner.word(until: UInt8(ascii: ":"))
            isCut = scanner.isAtEnd
            scanner.skip(1)
        }
        scanner.skipSpaces()
        // A kprobe event may bear the name of a tracepoint.
        if let body = decoder.probe(name, &scanner) {
            noteFunction(of: body)
            count(name)
            return body
        }
        if let (kind, index) = events.kind(of: name) {
            occurred[index] &+= 1
            let fields = scanner
            let body = decoder.body(kind, &scanner, thread: head.thread) ?? rawBody(kind, fields, head)
            if let body { noteFunction(of: body) }
            return body
        }
        // perf ends every name by a colon.
        if isCut, format == .perf {
            summary.unparsed &+= 1
            return nil
        }
        var function = whole
        guard name.count == whole.count || name.contains(UInt8(ascii: "<")) else {
            count(name)
            return nil
        }
        occurred[EventKind.functionTrace.index] &+= 1
        guard let body = decoder.body(.functionTrace, &function, thread: head.thread) else { return nil }
        noteFunction(of: body)
        return body
    }

    private mutating func blkparse(_ line: Scanner) -> KernelEvent.Body? {
        guard let line = BlkparseLine(line) else { return nil }
        if let kind = line.kind {
            occurred[kind.index] &+= 1
        } else {
            withUnsafeBytes(of: line.action) { count($0) }
        }
        return line.body
    }

    private mutating func rawBody(_ kind: EventKind, _ fields: Scanner, _ head: LineHead) -> KernelEvent.Body? {
        guard kind != .functionTrace, kind != .dioIteration else { return nil }
        if let body = decoder.rawBody(kind, fields, thread: head.thread) { return body }
        summary.unparsed &+= 1
        if kind == .dioBegin {
            summary.unreadBegins &+= 1
            summary.unreadBeginCause = "their lines are cut, or of an unknown form"
        }
        return nil
    }

    private mutating func count(_ name: UnsafeRawBufferPointer) {
        let number = Int(names.intern(name).number)
        if number >= others.count { others += [UInt64](repeating: 0, count: number + 1 - others.count) }
        others[number] &+= 1
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
    private mutating func note(_ head: LineHead, _ machine: UInt8) {
        guard machine == 0 else {
            let place = UInt32(machine) << 16 | head.cpu
            if head.time < lastTimesElsewhere[place, default: 0] { summary.backwardTimes &+= 1 }
            lastTimesElsewhere[place] = head.time
            return
        }
        let cpu = Int(head.cpu)
        if cpu >= lastTimes.count { lastTimes += [UInt64](repeating: 0, count: cpu + 1 - lastTimes.count) }
        if head.time < lastTimes[cpu] { summary.backwardTimes &+= 1 }
        if head.time > lastTimes[cpu], lastTimes[cpu] > 0 { rises &+= 1 }
        lastTimes[cpu] = head.time
    }
}

/// Lines that are no plain event.
extension TextParser {
    /// A line that something may precede, or without an event: a remark, a mark of lost events, or something unknown.
    private mutating func oddEvent(of line: Scanner) -> KernelEvent? {
        var rest = line
        let found = prefix.strip(&rest, format)
        var scanner = rest
        if found.isAny, let head = head(&scanner) {
            return event(head, &scanner, machine: prefix.machine(of: found.file))
        }
        scanner = line
        // A thread may call itself whatever it likes.
        if let head = head(&scanner) { return event(head, &scanner, machine: 0) }
        // What looked like a file's name may be blkparse's own.
        if found.isAny, let mark = LossMark(line) { return take(mark) }
        if found.isAny, TextPreamble.isHeading(rest) { _ = prefix.machine(of: found.file) }
        return other(rest, isMessage: found.isStamped)
    }

    private mutating func other(_ line: Scanner, isMessage: Bool) -> KernelEvent? {
        let line = LinePrefix.beforeMark(line) ?? line
        if line.byte == UInt8(ascii: "#") { takeOverwritten(line) }
        if let mark = LossMark(line) { return take(mark) }
        if let graph = GraphLine(line) { return event(in: graph) }
        if TextRemark.isBlank(line) { noteProse() }
        if TextRemark.isKnown(line) { return nil }
        if format.isForeign(line) {
            summary.foreignLines &+= 1
        } else if TextRemark.resemblesEvent(line) {
            summary.unparsed &+= 1
        } else if !isMessage {
            guard summary.events > 0 else {
                linesBefore &+= 1
                return nil
            }
            summary.otherLines &+= 1
            noteProse()
        }
        return nil
    }

    /// What its last number would be is not known.
    private mutating func cutEvent(of line: Scanner) -> KernelEvent? {
        var scanner = line
        if head(&scanner) == nil {
            _ = prefix.strip(&scanner, format)
            guard head(&scanner) != nil else { return nil }
        }
        summary.events &+= 1
        summary.unparsed &+= 1
        let name = scanner.word(until: UInt8(ascii: ":"))
        count(name)
        guard events.kind(of: name)?.kind == .dioBegin else { return nil }
        summary.unreadBegins &+= 1
        summary.unreadBeginCause = "the lines of the text are cut at column \(line.count)"
        return nil
    }

    private mutating func noteProse() { eventsBeforeProse = (summary.events, eventsBeforeProse.this) }

    private mutating func take(_ mark: LossMark) -> KernelEvent? {
        summary.lostMarkers &+= 1
        summary.lostEvents &+= mark.count
        guard let cpu = mark.cpu, let latest = lastTimes.max() else { return nil }
        let own = Int(cpu) < lastTimes.count ? lastTimes[Int(cpu)] : 0
        let time = own > 0 ? own : latest
        return KernelEvent(
            time: time, cpu: cpu, context: nil, thread: 0, name: .unknown, body: .lost(mark.count))
    }

    /// `# entries-in-buffer/entries-written: 2/5493021   #P:4`, `# latency: 0 us, #2/5493021, CPU#0 | ...`: the tracer
    /// wrote over what is not in its buffer any more.
    private mutating func takeOverwritten(_ line: Scanner) {
        var line = line
        if !line.skip(through: "entries-in-buffer/entries-written: ") {
            guard line.skip("# latency: "), line.skip(through: ", #") else { return }
        }
        guard let left = line.decimal(), line.skip(byte: UInt8(ascii: "/")), let written = line.decimal(),
            written > left
        else { return }
        summary.lostMarkers &+= 1
        summary.lostEvents &+= written - left
    }

    private mutating func event(in graph: GraphLine) -> KernelEvent? {
        var scanner = graph.event
        if let head = graph.head { return event(head, &scanner, machine: 0) }
        let name = scanner.word(until: UInt8(ascii: ":"))
        if events.kind(of: name)?.kind == .dioBegin {
            summary.unreadBegins &+= 1
            summary.unreadBeginCause =
                "function_graph gives them no time and no thread: set funcgraph-abstime and funcgraph-proc"
        }
        count(name)
        return nil
    }

    private static func isPerfRecord(_ line: Scanner) -> Bool {
        var rest = line
        return rest.skip("PERF_RECORD_")
    }

    /// `PERF_RECORD_LOST lost 12`, `PERF_RECORD_LOST_SAMPLES ...`; all others are about threads and memory.
    private mutating func perfRecord(_ line: Scanner, _ head: LineHead) -> KernelEvent? {
        guard var mark = LossMark(line) else { return nil }
        mark.cpu = UInt16(truncatingIfNeeded: head.cpu)
        return take(mark)
    }
}
