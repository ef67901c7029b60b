// SPDX-License-Identifier: GPL-2.0-only

/// Lines that a text has more than once: a mail shows a trace and quotes it again, two files of one trace were put
/// together, a pipe wrote each line twice. They are read once.
///
/// Only where the clock goes back are lines compared with those before. Of a long text all of its first lines are known,
/// and of the rest a sample: what goes on after a copy of those is a copy too, as long as no line of the sample is new.
struct RepeatedText {
    /// How many were left out.
    private(set) var count: UInt64 = 0
    /// The latest time of a line that is none of a copy, and that of the line at hand.
    private var latest: UInt64 = 0
    private var previous: UInt64 = 0
    /// Rises where the clock goes back: a line cannot repeat one of the same pass.
    private var pass: UInt32 = 0
    private var seen: [UInt64: Line] = [:]
    /// Of a text in which each stands so many times in a row; `nil` where lines that are alike need not be copies.
    private let multiple: Int?
    private var last: UInt64 = 0
    private var timesInARow = 0
    /// Lines left out in a row.
    private var copied = 0
    /// There are no more lines that have to be known one and all.
    private var isSampling = false
    /// Of the mark of a line: none of these is set in one of the sample.
    private var sampled: UInt64 = 0

    private struct Line {
        var pass: UInt32
        /// How often one pass has it, and how often this pass did so far: a bio ends like the one before.
        var count: UInt16 = 1
        var times: UInt16 = 1
    }

    private static let mostKnown = 1 << 17
    private static let mostSampled = 1 << 18
    private static let firstSampled: UInt64 = 0xfc00_0000_0000_0000
    /// As many lines of a copy, and it is believed to be one.
    private static let enough = 16
    private static let mostLooked = 4096
    /// Of fewer lines it cannot be told.
    private static let fewest = 4
    private static let mostInARow = 8

    /// - Parameter multiple: how many times in a row each line is there; `nil`: none is a copy.
    init(multiple: Int? = 1) {
        self.multiple = multiple
    }

    /// How many times in a row a text has each of its lines, by how it begins. Records of the function tracer may be
    /// alike of themselves.
    static func multiple(_ format: TextFormat, _ prefix: [UInt8]) -> Int {
        prefix.withUnsafeBytes { bytes in
            var (lines, different, last): (Int, Int, UInt64) = (0, 0, 0)
            for slice in bytes.split(separator: UInt8(ascii: "\n"), maxSplits: mostLooked) {
                guard var scanner = Scanner(UnsafeRawBufferPointer(rebasing: slice)),
                    let head = format.headBehindMarks(&scanner), scanner.rest.contains(UInt8(ascii: ":"))
                else { continue }
                let hash = hash(head, scanner, 0)
                lines += 1
                if hash != last { different += 1 }
                last = hash
            }
            guard lines >= fewest else { return 1 }
            let multiple = (lines + different / 2) / different
            // Where not all are there so often, it is for another reason.
            let isEven = abs(lines - multiple * different) * 20 <= lines + 20 * multiple
            return (2...mostInARow).contains(multiple) && isEven ? multiple : 1
        }
    }

    /// - Parameter rest: what follows the head.
    @inline(__always)
    mutating func contains(_ head: LineHead, _ rest: Scanner, machine: UInt8) -> Bool {
        guard let multiple else { return false }
        if isSampling, multiple == 1, machine == 0, head.time > latest || head.time == latest && copied == 0,
            Self.mark(head.time) & sampled != 0
        {
            (latest, previous) = (head.time, head.time)
            return false
        }
        guard compares(head, rest, machine, multiple) else { return false }
        count &+= 1
        return true
    }

    /// The high bits of a line's hash.
    @inline(__always)
    private static func mark(_ time: UInt64) -> UInt64 { (time &* 0x9e37_79b9_7f4a_7c15) & 0xffff_ffff_0000_0000 }

    @inline(never)
    private mutating func compares(_ head: LineHead, _ rest: Scanner, _ machine: UInt8, _ multiple: Int) -> Bool {
        let hash = Self.hash(head, rest, machine)
        if multiple > 1, isInARow(hash, multiple) { return true }
        if head.time < previous { pass &+= 1 }
        previous = head.time
        if head.time > latest {
            // Nothing before was as late. Of several machines each has its own clock.
            if machine == 0 { latest = head.time }
            copied = 0
        }
        guard var line = seen[hash] else {
            let isOfSample = !isSampling || hash & sampled == 0
            if !isOfSample, copied >= Self.enough { return true }
            guard isOfSample else { return false }
            copied = 0
            note(hash)
            return false
        }
        if line.pass != pass { (line.pass, line.times) = (pass, 0) }
        line.times = min(line.times, .max - 1) + 1
        let isRepeated = line.times <= line.count
        line.count = max(line.count, line.times)
        seen[hash] = line
        copied = isRepeated ? copied + 1 : 0
        return isRepeated
    }

    private mutating func isInARow(_ hash: UInt64, _ multiple: Int) -> Bool {
        (timesInARow, last) = (hash == last ? timesInARow + 1 : 0, hash)
        return timesInARow % multiple != 0
    }

    private mutating func note(_ hash: UInt64) {
        seen[hash] = Line(pass: pass)
        guard seen.count >= Self.mostKnown else { return }
        if !isSampling { (isSampling, sampled) = (true, Self.firstSampled) }
        guard seen.count >= Self.mostSampled else { return }
        sampled = sampled >> 1 | 1 << 63
        seen = seen.filter { $0.key & sampled == 0 }
    }

    /// Of when, where and what, so that the same line has the same one whatever stands before it, and however many
    /// blanks a mail program left between its words.
    private static func hash(_ head: LineHead, _ rest: Scanner, _ machine: UInt8) -> UInt64 {
        var hash = UInt64(machine) << 48 | UInt64(head.cpu) << 32 | UInt64(head.thread)
        func mix(_ value: UInt64) {
            hash = (hash ^ value) &* 0x9e37_79b9_7f4a_7c15
            hash ^= hash >> 29
        }
        // Eight signs at a time.
        var (word, signs) = (UInt64(0), 0)
        for byte in rest.rest where byte > UInt8(ascii: " ") {
            (word, signs) = (word << 8 | UInt64(byte), signs + 1)
            if signs & 7 == 0 { mix(word) }
        }
        mix(signs & 7 == 0 ? 0 : word)
        mix(head.time)
        return mark(head.time) | hash >> 32
    }
}
