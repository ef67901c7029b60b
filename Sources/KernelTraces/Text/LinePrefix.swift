// SPDX-License-Identifier: GPL-2.0-only

/// What other programs put before the lines that they pass on: marks of quoting, stamps of dmesg and of syslog, numbers
/// of lines, and the names of files that `grep` and `trace-cmd report -i A -i B` print.
struct LinePrefix {
    struct Found {
        /// There was anything.
        var isAny = false
        /// The kernel's log: what follows may be any message of the kernel.
        var isStamped = false
        /// The file that the line is of.
        var file: UnsafeRawBufferPointer?
    }

    /// Files in the order in which they were met: each is another machine's, or another time's.
    private(set) var files: [[UInt8]] = []
    /// The names are those of buffers of one trace.
    private let areBuffers: Bool
    /// What the text is known to have before its lines.
    private let marks: LineMarks

    init(files: [String] = [], areBuffers: Bool = false, marks: LineMarks = []) {
        self.marks = marks
        self.files = files.map { Array($0.utf8) }
        self.areBuffers = areBuffers
    }

    private static let mostFiles = 64
    private static let mostMarks = 16
    private static let longestName = 15

    /// A name this long, or a line that begins so, is hardly a thread's alone.
    @inline(__always)
    static func mayPrecede(_ head: LineHead, _ line: Scanner) -> Bool {
        if head.name.count > longestName || isNumbered(line) { return true }
        switch line.byte {
        case UInt8(ascii: ">"), UInt8(ascii: "|"), UInt8(ascii: "["), UInt8(ascii: "<"), UInt8(ascii: "V"),
            UInt8(ascii: "\t"), UInt8(ascii: "+"), 0xef:
            return true
        default: return false
        }
    }

    /// `     7\t`, in front of a shorter name than a thread may have.
    @inline(__always)
    private static func isNumbered(_ line: Scanner) -> Bool {
        line.count > 8 && (line.next[6] == UInt8(ascii: "\t") || line.next[7] == UInt8(ascii: "\t"))
    }

    /// Any line may have one.
    @inline(__always) var isExpected: Bool { !marks.isEmpty }

    private var hasNumbers: Bool { !marks.isDisjoint(with: [.numbers, .lastNumbers]) }

    /// Takes all of it off.
    func strip(_ line: inout Scanner, _ format: TextFormat) -> Found {
        guard isExpected else { return Self.strip(&line) }
        var found = Self.strip(&line, files: !hasNumbers)
        for _ in 0..<Self.mostMarks {
            guard stripExpected(&line, format, &found) else { break }
            let more = Self.strip(&line, files: false)
            found.isStamped = found.isStamped || more.isStamped
        }
        return found
    }

    private func stripExpected(_ line: inout Scanner, _ format: TextFormat, _ found: inout Found) -> Bool {
        if marks.contains(.initials), LineMarks.skipInitials(&line) {
            found.isAny = true
            return true
        }
        guard hasNumbers,
            let number = LineMarks.number(line, format, isLast: marks.contains(.lastNumbers))
        else { return false }
        if !number.file.isEmpty { found.file = number.file }
        line = number.rest
        found.isAny = true
        return true
    }

    /// Takes all of it off, as far as it is of a known form.
    /// - Parameter files: names of files too: they look like the name of an event.
    static func strip(_ line: inout Scanner, files: Bool = true) -> Found {
        var found = Found()
        for _ in 0..<mostMarks {
            guard stripMark(&line, &found) || files && file(&line, &found) else { break }
            found.isAny = true
        }
        return found
    }

    /// The number of the file's machine, from 0.
    mutating func machine(of file: UnsafeRawBufferPointer?) -> UInt8 {
        guard let file, !areBuffers else { return 0 }
        let name = Self.ofMachine(file)
        if let known = files.firstIndex(where: { name.elementsEqual($0) }) { return UInt8(known) }
        guard files.count < Self.mostFiles else { return UInt8(Self.mostFiles - 1) }
        // Lines of the host are not marked where those of its guests are.
        if files.isEmpty, name.starts(with: "VM:".utf8) { files.append(Array("host".utf8)) }
        files.append(name)
        return UInt8(files.count - 1)
    }

    /// `per_cpu/cpu1/trace` is of the same machine as `per_cpu/cpu0/trace`, `trace` and `instances/x/trace`.
    private static func ofMachine(_ file: UnsafeRawBufferPointer) -> [UInt8] {
        var parts = file.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for directory: StaticString in ["instances", "per_cpu"] {
            let place = parts.firstIndex { part in
                part.elementsEqual(UnsafeBufferPointer(start: directory.utf8Start, count: directory.utf8CodeUnitCount))
            }
            if let place, place + 2 < parts.count { parts.removeSubrange(place...(place + 1)) }
        }
        return [UInt8](parts.joined(separator: CollectionOfOne(UInt8(ascii: "/")))).withUnsafeBytes { withoutCPU($0) }
    }

    /// `trace-cpu1.txt` likewise.
    private static func withoutCPU(_ file: UnsafeRawBufferPointer) -> [UInt8] {
        guard var name = Scanner(file) else { return [] }
        while name.skip(through: "cpu") {
            let start = file.count - name.count
            if name.decimal() != nil { return Array(file[..<start]) + Array(name.rest) }
        }
        return Array(file)
    }

    private static func stripMark(_ line: inout Scanner, _ found: inout Found) -> Bool {
        // A + is of a diff.
        if line.skip("\u{feff}") || line.skip("+ ") || indent(&line) { return true }
        var rest = line
        rest.skipSpaces()
        if line.count - rest.count < 8, rest.byte == UInt8(ascii: ">") || rest.byte == UInt8(ascii: "|") {
            rest.skip(1)
            _ = rest.skip(byte: UInt8(ascii: " "))
            line = rest
            return true
        }
        // Numbers of lines, by `cat -n` and `nl`.
        if rest.decimal() != nil, rest.skip(byte: UInt8(ascii: "\t")) {
            line = rest
            return true
        }
        if let timed = timeOfDay(line, &found) {
            line = timed
            return true
        }
        if let labelled = label(line, &found) {
            line = labelled
            return true
        }
        if let stamped = stamp(line) ?? facility(line) ?? syslog(line, &found) {
            line = program(stamped, &found) ?? stamped
            found.isStamped = true
            return true
        }
        return false
    }

    /// `<4>`, `[  104.156000] `, `[Sat Nov 28 09:38:04 2026] `, `[ T1234] `.
    private static func stamp(_ line: Scanner) -> Scanner? {
        var line = line
        if line.skip(byte: UInt8(ascii: "<")) {
            return line.decimal() != nil && line.skip(byte: UInt8(ascii: ">")) ? line : nil
        }
        guard line.skip(byte: UInt8(ascii: "[")) else { return nil }
        line.skipSpaces()
        let inside = line.word(until: UInt8(ascii: "]"))
        guard inside.count <= 40, isTime(inside), line.skip(byte: UInt8(ascii: "]")) else { return nil }
        _ = line.skip(byte: UInt8(ascii: " "))
        return line
    }

    /// A tab before a line that has a CPU; other lines with one are of stack traces.
    private static func indent(_ line: inout Scanner) -> Bool {
        var rest = line
        guard rest.skip(byte: UInt8(ascii: "\t")) else { return false }
        var place = rest
        while place.skip(through: "[") {
            if place.decimal() != nil, place.byte == UInt8(ascii: "]") {
                line = rest
                return true
            }
        }
        return false
    }

    /// `2026-11-28 09:38:04 `, `09:38:04.123456 `, `2026-11-28T09:38:04,123456+00:00 `; of a container's log also
    /// ` stdout F `.
    private static func timeOfDay(_ line: Scanner, _ found: inout Found) -> Scanner? {
        var line = line
        var word = line.word()
        if isDateAndTime(word) {
            guard line.skip(byte: UInt8(ascii: " ")) else { return nil }
            for stream: StaticString in ["stdout F ", "stderr F ", "stdout P ", "stderr P "] where line.skip(stream) {
                return line
            }
            return program(line, &found) ?? line
        }
        if word.count == 10, word[4] == UInt8(ascii: "-"), word[7] == UInt8(ascii: "-"),
            line.skip(byte: UInt8(ascii: " "))
        {
            word = line.word()
        }
        guard isClock(word), word.dropFirst(6).allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") }),
            line.skip(byte: UInt8(ascii: " "))
        else { return nil }
        // A zone may follow.
        var zoned = line
        let isZoned = (3...5).contains(zoned.word().count) && zoned.skip(byte: UInt8(ascii: " "))
        return (isZoned ? program(zoned, &found) : nil) ?? program(line, &found) ?? line
    }

    /// `09:38:04`, and whatever follows.
    private static func isClock(_ word: UnsafeRawBufferPointer) -> Bool {
        word.count >= 8 && word[2] == UInt8(ascii: ":") && word[5] == UInt8(ascii: ":")
    }

    /// `web-1  | ` of containers, `[pod/web/main] ` of their pods: who wrote the line.
    private static func label(_ line: Scanner, _ found: inout Found) -> Scanner? {
        var rest = line
        if rest.skip(byte: UInt8(ascii: "[")) {
            let name = rest.word(until: UInt8(ascii: "]"))
            guard rest.skip("] "), isLabel(name) else { return nil }
            found.file = name
            return rest
        }
        let name = rest.word()
        guard isLabel(name) else { return nil }
        rest.skipSpaces()
        guard rest.skip("| ") else { return nil }
        found.file = name
        return rest
    }

    /// Begins with a letter, and is no caller `T1234` of the kernel's log.
    private static func isLabel(_ name: UnsafeRawBufferPointer) -> Bool {
        guard let first = name.first, (first | 0x20) &- UInt8(ascii: "a") < 26, name.count < 256 else { return false }
        return !isTime(name) && name.allSatisfy { $0 > UInt8(ascii: " ") && $0 != UInt8(ascii: ":") }
    }

    /// `host tracer[812]: `, `host kernel: `. Several hosts may write to one journal.
    /// - Parameter isNamed: there is a program, if only by its name.
    private static func program(_ line: Scanner, _ found: inout Found, isNamed: Bool = false) -> Scanner? {
        var line = line
        let host = line.word()
        guard !host.isEmpty, line.skip(byte: UInt8(ascii: " ")) else { return nil }
        let name = line.word()
        let isNumbered = name.suffix(2).elementsEqual("]:".utf8) && name.contains(UInt8(ascii: "["))
        guard isNumbered || isNamed && name.last == UInt8(ascii: ":") || name.elementsEqual("kernel:".utf8),
            line.skip(byte: UInt8(ascii: " "))
        else { return nil }
        found.file = host
        return line
    }

    private static func isDateAndTime(_ word: UnsafeRawBufferPointer) -> Bool {
        guard (19...40).contains(word.count) else { return false }
        let marks: [(Int, StaticString)] = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")]
        return marks.allSatisfy { word[$0] == $1.utf8Start[0] } && word.prefix(4).allSatisfy { isDigit($0) }
            && word.dropFirst(17).allSatisfy { isDigit($0) || "+-:.,Z".utf8.contains($0) }
    }

    /// A mark of lost events, or of those that were overwritten, behind the name of a file or the number of its line.
    static func beforeMark(_ line: Scanner) -> Scanner? {
        mark("# entries-in-buffer", in: line) ?? mark("CPU:", in: line)
    }

    private static func mark(_ text: StaticString, in line: Scanner) -> Scanner? {
        var behind = line
        guard behind.skip(through: text) else { return nil }
        let before = line.count - behind.count - text.utf8CodeUnitCount
        var mark = line
        mark.skip(before)
        let isWhole = mark.rest.last == UInt8(ascii: "]") && LossMark(mark) != nil
        return isWhole || isPlace(UnsafeRawBufferPointer(rebasing: line.rest.prefix(before))) ? mark : nil
    }

    /// `trace.txt:`, `12:`, `trace.txt-12-`.
    private static func isPlace(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let last = text.last, text.count <= 255 else { return false }
        return (last == UInt8(ascii: ":") || last == UInt8(ascii: "-")) && !text.contains(UInt8(ascii: " "))
    }

    /// Not the number of a CPU.
    private static func isTime(_ inside: UnsafeRawBufferPointer) -> Bool {
        guard let first = inside.first else { return false }
        if inside.contains(UInt8(ascii: ".")) || inside.contains(UInt8(ascii: ":")) { return true }
        let isCaller = first == UInt8(ascii: "T") || first == UInt8(ascii: "C")
        return isCaller && inside.count > 1
            && inside.dropFirst().allSatisfy { isDigit($0) }
    }

    /// `kern  :warn  : ` of `dmesg -x`.
    private static func facility(_ line: Scanner) -> Scanner? {
        var line = line
        guard line.skip("kern") else { return nil }
        line.skipSpaces()
        guard line.skip(byte: UInt8(ascii: ":")), line.word(until: UInt8(ascii: ":")).count <= 8,
            line.skip(byte: UInt8(ascii: ":"))
        else { return nil }
        _ = line.skip(byte: UInt8(ascii: " "))
        return line
    }

    /// `Nov 28 09:38:04 host kernel: `.
    private static func syslog(_ line: Scanner, _ found: inout Found) -> Scanner? {
        if let behind = dated(line, &found) { return behind }
        var line = line
        let count = line.count
        guard line.skip(through: " kernel: "), count - line.count <= 100 else { return nil }
        return line
    }

    /// `Nov 28 09:38:04 host tracer[812]: `, and without a number; `1764465723.123456 host kernel: `.
    private static func dated(_ line: Scanner, _ found: inout Found) -> Scanner? {
        var line = line
        var clock = line
        if clock.decimal() != nil, clock.skip(byte: UInt8(ascii: ".")), clock.decimal() != nil,
            clock.skip(byte: UInt8(ascii: " "))
        {
            return program(clock, &found)
        }
        guard line.word().count == 3 else { return nil }
        line.skipSpaces()
        // `Mon 2026-11-28 09:38:04 UTC host kernel: `.
        if let behind = timeOfDay(line, &found), found.file != nil { return behind }
        guard line.decimal() != nil, line.skip(byte: UInt8(ascii: " ")) else { return nil }
        guard isClock(line.word()), line.skip(byte: UInt8(ascii: " ")) else { return nil }
        return program(line, &found, isNamed: true)
    }

    /// `VM: 1234 VCPU:003 `, which perf script prints before lines of a guest.
    private static func guest(_ line: inout Scanner, _ found: inout Found) -> Bool {
        var rest = line
        rest.skipSpaces()
        let start = rest
        guard rest.skip("VM:") else { return false }
        rest.skipSpaces()
        guard rest.decimal() != nil else { return false }
        let name = UnsafeRawBufferPointer(rebasing: start.rest.prefix(start.count - rest.count))
        guard rest.skip(" VCPU:"), rest.decimal() != nil, rest.skip(byte: UInt8(ascii: " ")) else { return false }
        found.file = name
        line = rest
        return true
    }

    /// `host.dat: `, and of `grep -n` `12:` or `host.txt:12:`.
    private static func file(_ line: inout Scanner, _ found: inout Found) -> Bool {
        var rest = line
        rest.skipSpaces()
        let word = rest.word()
        if word.starts(with: "VM:".utf8) { return guest(&line, &found) }
        guard word.count >= 2, word.count <= 255, word.last == UInt8(ascii: ":"), !rest.isAtEnd else { return false }
        _ = rest.skip(byte: UInt8(ascii: " "))
        let name = word.split(separator: UInt8(ascii: ":")).first { part in
            !part.allSatisfy { isDigit($0) }
        }
        if let name { found.file = UnsafeRawBufferPointer(rebasing: name) }
        line = rest
        return true
    }
}
