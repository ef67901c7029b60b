// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// Which program wrote a text.
public enum TextFormat: Sendable {
    case ftrace, perf, blkparse

    /// By a mark of the program, or by what most of the first lines that are events of one are.
    /// - Parameter start: where lines were not looked at yet.
    init?(of prefix: [UInt8], from start: Int = 0) {
        var votes: [TextFormat: Int] = [:]
        var found: TextFormat?
        prefix.withUnsafeBytes { bytes in
            var rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(start))
            while let base = rest.baseAddress, !rest.isEmpty, votes.values.reduce(0, +) < Self.mostVotes {
                let end = memchr(base, Int32(UInt8(ascii: "\n")), rest.count).map { UnsafeRawPointer($0) - base }
                let line = UnsafeRawBufferPointer(rebasing: rest.prefix(end ?? rest.count))
                if let format = Self.format(of: line) {
                    votes[format, default: 0] += 1
                    if let best = found { if votes[format, default: 0] > votes[best, default: 0] { found = format } }
                    if found == nil { found = format }
                }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(line.count + 1))
            }
        }
        guard let found else { return nil }
        self = found
    }

    private static let mostVotes = 256

    /// An event of another program, in a text of this one.
    func isForeign(_ line: Scanner) -> Bool {
        Self.format(at: line).map { $0 != self } ?? false
    }

    @inline(__always)
    func head(_ scanner: inout Scanner) -> LineHead? {
        switch self {
        case .ftrace: LineHead.ofFtrace(&scanner)
        case .perf: LineHead.ofPerf(&scanner)
        // Its device is in front: the line is read again.
        case .blkparse: BlkparseLine(scanner)?.head
        }
    }

    /// The head of a line that other programs may have passed on.
    func headBehindMarks(_ scanner: inout Scanner) -> LineHead? {
        if let head = head(&scanner) { return head }
        return LinePrefix.strip(&scanner).isAny ? head(&scanner) : nil
    }

    /// Lines of `perf script -F` without the event's name: all that have a thread, CPU and time go on otherwise.
    func lacksEvents(_ prefix: [UInt8]) -> Bool {
        guard self == .perf else { return false }
        var heads = 0
        for line in prefix.prefix(1 << 14).split(separator: UInt8(ascii: "\n")).prefix(256) {
            let isNamed: Bool? = line.withUnsafeBufferPointer { bytes in
                guard let start = bytes.baseAddress else { return nil }
                var scanner = Scanner(start, start + bytes.count)
                guard head(&scanner) != nil else { return nil }
                let name = scanner.word(until: UInt8(ascii: ":"))
                return !scanner.isAtEnd && name.allSatisfy(Self.isOfName)
            }
            if isNamed == true { return false }
            if isNamed == false { heads += 1 }
        }
        return heads > 0
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        let letter = byte | 0x20
        return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter) || byte == UInt8(ascii: "_")
            || isDigit(byte) || byte == UInt8(ascii: "-")
    }

    /// Lines of `perf script -F` without the thread, the CPU or the time: `fio 211 12.345678: block:block_rq_issue: ...`.
    static func lacksPlace(_ prefix: [UInt8]) -> Bool {
        let lines = String(decoding: prefix.prefix(1 << 14), as: UTF8.self).split(separator: "\n").prefix(256)
        return lines.contains { line in
            let words = line.split(separator: " ")
            guard let event = words.firstIndex(where: isEvent), event > 0 else { return false }
            let before = words[event - 1]
            if before.hasSuffix(":") { return Double(before.dropLast()) != nil }
            return Int(before) != nil || before.hasPrefix("[")
        }
    }

    /// `block:block_rq_issue: `, as perf names its events.
    private static func isEventOfPerf(_ line: Scanner) -> Bool {
        var line = line
        let word = line.word()
        return word.count < 80 && isEvent(Substring(decoding: word, as: UTF8.self))
    }

    /// `block:block_rq_issue:`.
    private static func isEvent(_ word: Substring) -> Bool {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 3 && parts[2].isEmpty
            && parts.prefix(2).allSatisfy { part in
                part.first?.isLetter == true && part.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
            }
    }

    private static func format(of line: UnsafeRawBufferPointer) -> TextFormat? {
        guard let start = line.bindMemory(to: UInt8.self).baseAddress else { return nil }
        var scanner = Scanner(start, start + line.count)
        if let format = format(at: scanner) { return format }
        return LinePrefix.strip(&scanner).isAny ? format(at: scanner) : nil
    }

    private static func format(at scanner: Scanner) -> TextFormat? {
        var probe = scanner
        if probe.skip("# tracer: ") { return .ftrace }
        probe = scanner
        // A line of perf script whose thread has a dash in its name, or no number, may look like one.
        if LineHead.ofFtrace(&probe) != nil, !isEventOfPerf(probe) { return .ftrace }
        probe = scanner
        if LineHead.ofPerf(&probe) != nil { return .perf }
        return BlkparseLine(scanner) == nil ? nil : .blkparse
    }
}
