// SPDX-License-Identifier: GPL-2.0-only

/// What stands in front of an event's name: who, where, when.
///
/// A thread's name is at most 15 bytes of anything: spaces, brackets, colons, even what looks like a head of its own.
/// It is padded to 16 columns (8 and cut, with trace-cmd report -l), so what follows it is looked for in that column
/// first; only lines that were indented otherwise are searched.
struct LineHead {
    var name: UnsafeRawBufferPointer
    var thread: UInt32
    var cpu: UInt32
    var context: KernelEvent.InterruptContext?
    var time: UInt64
    /// Digits after the decimal point; -1 when the clock counts something else than time.
    var precision: Int

    /// No kernel is built for more (MAXSMP of x86): a larger number is no CPU, and would take much memory.
    static let mostCPUs: UInt64 = 8192

    /// Reads ftrace's text: `comm-pid (tgid) [cpu] flags seconds.fraction: `; the scanner is then at the event.
    @inline(__always)
    static func ofFtrace(_ line: inout Scanner) -> LineHead? {
        for column in [16, 8] where line.count > column && line.next[column] == UInt8(ascii: "-") {
            if let head = ftrace(&line, dash: column) { return head }
        }
        for column in 1..<max(1, min(line.count, 64)) where line.next[column] == UInt8(ascii: "-") {
            if let head = ftrace(&line, dash: column) { return head }
        }
        return nil
    }

    private static func ftrace(_ line: inout Scanner, dash: Int) -> LineHead? {
        var scanner = line
        let name = trimmed(UnsafeRawBufferPointer(start: line.next, count: dash))
        scanner.skip(dash + 1)
        guard let thread = scanner.decimal() else { return nil }
        scanner.skipSpaces()
        if scanner.byte == UInt8(ascii: "(") {
            guard let behind = behindProcess(scanner) else { return nil }
            scanner = behind
        }
        guard let (cpu, context) = place(&scanner), let (time, precision) = time(&scanner) else { return nil }
        line = scanner
        return LineHead(
            name: name, thread: UInt32(truncatingIfNeeded: thread), cpu: cpu, context: context, time: time,
            precision: precision)
    }

    // Here and below, what is rare takes the scanner by value: one whose address is passed on is not kept in registers.

    /// `(  812) `, `(-------) `: the process.
    private static func behindProcess(_ scanner: Scanner) -> Scanner? {
        var scanner = scanner
        guard scanner.skip(through: ")") else { return nil }
        scanner.skipSpaces()
        return scanner
    }

    /// `[001] d.h1. `, `[001] `, or `1d.h1. ` of the latency format.
    @inline(__always)
    private static func place(_ scanner: inout Scanner) -> (UInt32, KernelEvent.InterruptContext?)? {
        let isBracketed = scanner.skip(byte: UInt8(ascii: "["))
        guard let cpu = scanner.decimal(), cpu < mostCPUs else { return nil }
        if isBracketed {
            guard scanner.skip(byte: UInt8(ascii: "]")) else { return nil }
            scanner.skipSpaces()
            guard !isDigit(scanner.byte) else { return (UInt32(cpu), nil) }
        }
        var context: KernelEvent.InterruptContext?
        return skipFlags(&scanner, &context) ? (UInt32(cpu), context) : nil
    }

    /// Three to eight columns. Which there are differs: mainline has 4 or 5 with the interrupt in the third, PREEMPT_RT and
    /// RHEL 7 with it in the fourth. Its letters are in no other column.
    @inline(__always)
    private static func skipFlags(
        _ scanner: inout Scanner, _ context: inout KernelEvent.InterruptContext?
    ) -> Bool {
        let start = scanner.next
        var count = 0
        while count <= 8, count < scanner.count, start[count] > UInt8(ascii: " ") {
            if count >= 2, context == nil {
                switch start[count] {
                case UInt8(ascii: "h"), UInt8(ascii: "H"), UInt8(ascii: "z"), UInt8(ascii: "Z"): context = .hardirq
                case UInt8(ascii: "s"): context = .softirq
                default: break
                }
            }
            count += 1
        }
        guard (3...8).contains(count) else { return false }
        if context == nil, start[2] == UInt8(ascii: ".") || count >= 6 { context = .task }
        scanner.skip(count)
        scanner.skipSpaces()
        return true
    }

    /// Reads perf script's text: `comm pid [cpu] seconds.fraction: `, the thread perhaps as `pid/tid`.
    @inline(__always)
    static func ofPerf(_ line: inout Scanner) -> LineHead? {
        if line.count > 17, let head = perf(&line, space: 16) { return head }
        // Without names, the number of the thread may come first.
        if beginsWithNumber(line), let head = perf(&line, space: 0) { return head }
        for column in 1..<max(1, min(line.count, 64)) where isSpace(line.next[column]) {
            if let head = perf(&line, space: column) { return head }
        }
        return nil
    }

    /// perf pads the number, too.
    @inline(__always)
    private static func beginsWithNumber(_ line: Scanner) -> Bool {
        var line = line
        line.skipSpaces()
        return isDigit(line.byte)
    }

    @inline(__always)
    private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    @inline(__always)
    private static func perf(_ line: inout Scanner, space: Int) -> LineHead? {
        var scanner = line
        let name = trimmed(UnsafeRawBufferPointer(start: line.next, count: space))
        scanner.skip(space)
        guard isSpace(scanner.byte) || space == 0 else { return nil }
        scanner.skipSpaces()
        // A thread that is gone already has the number -1.
        guard var thread = scanner.signedDecimal() else { return nil }
        if scanner.skip(byte: UInt8(ascii: "/")) {
            guard let inner = scanner.signedDecimal() else { return nil }
            thread = inner
        }
        scanner.skipSpaces()
        guard scanner.skip(byte: UInt8(ascii: "[")), let cpu = scanner.decimal(), cpu < mostCPUs,
            scanner.skip(byte: UInt8(ascii: "]"))
        else { return nil }
        scanner.skipSpaces()
        if !isDigit(scanner.byte) { scanner = behindMode(scanner) }
        guard let (time, precision) = timeOfPerf(&scanner) else { return nil }
        if isDigit(scanner.byte) { scanner = behindPeriod(scanner) }
        line = scanner
        return LineHead(
            name: name, thread: UInt32(truncatingIfNeeded: thread), cpu: UInt32(cpu), context: nil, time: time,
            precision: precision)
    }

    /// `K ` before the time, of the CPU in the kernel's mode, with `perf script -F +misc`.
    private static func behindMode(_ scanner: Scanner) -> Scanner {
        var mode = scanner
        guard mode.word().count <= 3 else { return scanner }
        mode.skipSpaces()
        return mode
    }

    @inline(__always)
    private static func timeOfPerf(_ scanner: inout Scanner) -> (UInt64, Int)? {
        let start = scanner
        if let time = time(&scanner) { return time }
        guard let (time, precision, behind) = timeOfDay(start) else { return nil }
        scanner = behind
        return (time, precision)
    }

    /// `2026-11-21 18:15:42.571830 `, with `perf script -F +tod`, and perhaps the time of the trace's clock behind it, which
    /// then counts.
    private static func timeOfDay(_ scanner: Scanner) -> (UInt64, Int, behind: Scanner)? {
        var text = scanner
        guard let year = text.decimal(), text.skip(byte: UInt8(ascii: "-")), let month = text.decimal(),
            text.skip(byte: UInt8(ascii: "-")), let day = text.decimal(), text.skip(byte: UInt8(ascii: " ")),
            let hour = text.decimal(), text.skip(byte: UInt8(ascii: ":")), let minute = text.decimal(),
            text.skip(byte: UInt8(ascii: ":")), let second = text.decimal(), text.skip(byte: UInt8(ascii: "."))
        else { return nil }
        let start = text.next
        guard let fraction = text.decimal(), text.next - start == 6, year >= 1970 else { return nil }
        _ = text.skip(byte: UInt8(ascii: ":"))
        text.skipSpaces()
        var clock = text
        if isDigit(text.byte), let (time, precision) = time(&clock) { return (time, precision, clock) }
        // A month of 31 days: a recording that goes past the end of a shorter one has a gap there.
        let days = ((year &- 1970) &* 12 &+ month) &* 31 &+ day
        let seconds = ((days &* 24 &+ hour) &* 60 &+ minute) &* 60 &+ second
        return (seconds &* 1_000_000_000 &+ fraction &* 1000, 6, text)
    }

    /// `1 ` before the event's name, with `perf script -F +period`.
    private static func behindPeriod(_ scanner: Scanner) -> Scanner {
        var period = scanner
        guard period.decimal() != nil, period.byte == UInt8(ascii: " ") else { return scanner }
        period.skipSpaces()
        return period
    }

    /// `12.345678: `, `12.345678901: `, or `12345us+: ` of a kernel's latency format. In nanoseconds.
    @inline(__always)
    private static func time(_ scanner: inout Scanner) -> (UInt64, Int)? {
        guard let whole = scanner.decimal() else { return nil }
        guard scanner.skip(byte: UInt8(ascii: ".")) else {
            guard let (time, precision, behind) = wholeTime(whole, scanner) else { return nil }
            scanner = behind
            return (time, precision)
        }
        let start = scanner.next
        guard let fraction = scanner.decimal(), scanner.skip(byte: UInt8(ascii: ":")) else { return nil }
        let digits = scanner.next - start - 1
        guard digits <= 9 else { return nil }
        scanner.skipSpaces()
        if scanner.byte == UInt8(ascii: "(") { scanner = behindDifference(scanner) }
        return (whole &* 1_000_000_000 &+ fraction &* nanoseconds[digits], digits)
    }

    private static func wholeTime(_ whole: UInt64, _ scanner: Scanner) -> (UInt64, Int, behind: Scanner)? {
        var scanner = scanner
        let isMicroseconds = scanner.skip("us")
        if isMicroseconds, scanner.byte != UInt8(ascii: ":") { scanner.skip(1) }
        guard scanner.skip(byte: UInt8(ascii: ":")) else { return nil }
        // Or a clock that counts events or cycles.
        guard isMicroseconds || scanner.byte == UInt8(ascii: " ") else { return nil }
        scanner.skipSpaces()
        return isMicroseconds ? (whole &* 1000, 6, scanner) : (whole, -1, scanner)
    }

    /// `(+770) ` of `trace-cmd report --ts-diff`: the time since the event before.
    private static func behindDifference(_ scanner: Scanner) -> Scanner {
        var difference = scanner
        guard difference.skip("(+") || difference.skip("(-"), difference.decimal() != nil else { return scanner }
        if difference.skip(byte: UInt8(ascii: ".")) { _ = difference.decimal() }
        guard difference.skip(byte: UInt8(ascii: ")")) else { return scanner }
        difference.skipSpaces()
        return difference
    }

    /// In the unit of so many digits behind the point.
    private static let nanoseconds: InlineArray<10, UInt64> = [
        1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1,
    ]

    @inline(__always)
    private static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard var start = bytes.baseAddress else { return bytes }
        var end = start + bytes.count
        // Names of threads stand on the right.
        if bytes.count >= 8, start.loadUnaligned(as: UInt64.self) == 0x2020_2020_2020_2020 { start += 8 }
        while start < end, start.load(as: UInt8.self) == UInt8(ascii: " ") { start += 1 }
        while end > start, (end - 1).load(as: UInt8.self) == UInt8(ascii: " ") { end -= 1 }
        return UnsafeRawBufferPointer(start: start, count: end - start)
    }
}
