// SPDX-License-Identifier: GPL-2.0-only

/// What precedes lines of a text and looks like a part of a thread's name: it takes several lines to tell.
struct LineMarks: OptionSet {
    let rawValue: UInt8

    /// The number of the line, of `grep -n`, and with `-C` of its surroundings: `12:`, `12-`, `trace.txt-12-`.
    static let numbers = LineMarks(rawValue: 1)
    /// Of whoever is quoted: `JD> `.
    static let initials = LineMarks(rawValue: 2)
    /// Such a number, behind others in the file's name: `trace-2026-11-28.txt-12-`.
    static let lastNumbers = LineMarks(rawValue: 4)

    private static let mostLines = 4096
    private static let fewest = 2
    private static let longestName = 15
}

extension LineMarks {
    /// By how the text begins: numbers of lines rise from each to the next, and initials are those of several threads,
    /// or of all.
    init(of text: [UInt8], _ format: TextFormat) {
        self = []
        var heads = 0
        var (first, last) = (Rise(), Rise())
        var (quoted, threads) = (0, Set<UInt32>())
        text.withUnsafeBytes { bytes in
            for slice in bytes.split(separator: UInt8(ascii: "\n"), maxSplits: Self.mostLines) {
                guard let line = Scanner(UnsafeRawBufferPointer(rebasing: slice)) else { continue }
                var rest = line
                guard format.head(&rest) != nil else { continue }
                heads += 1
                first.add(Self.number(line, format, isLast: false))
                last.add(Self.number(line, format, isLast: true))
                rest = line
                _ = LinePrefix.strip(&rest, files: false)
                if Self.skipInitials(&rest), let head = format.head(&rest) {
                    quoted += 1
                    threads.insert(head.thread)
                }
            }
        }
        let rising = max(first.count, last.count)
        if rising >= Self.fewest, rising * 5 >= heads * 4 {
            insert(last.count > first.count ? .lastNumbers : .numbers)
        }
        if quoted >= Self.fewest, threads.count > 1 || quoted == heads { insert(.initials) }
    }

    /// How often the number is higher than that before. Of parts of a file, or of several, it is lower now and then.
    private struct Rise {
        var count = 0
        private var value: UInt64 = 0

        mutating func add(_ number: Number?) {
            guard let number else { return }
            if number.value > value { count += 1 }
            value = number.value
        }
    }

    struct Number {
        var value: UInt64
        /// Of the file, empty when the number stands alone.
        var file: UnsafeRawBufferPointer
        var rest: Scanner
    }

    /// The first or last number behind which there is what a line begins with.
    static func number(_ line: Scanner, _ format: TextFormat, isLast: Bool) -> Number? {
        let bytes = line.rest
        var found: Number?
        for place in 0..<min(bytes.count, 256) {
            let mark = bytes[place]
            // Behind the file's name stands the same mark as behind the number.
            guard place == 0 || isMark(mark) else { continue }
            var rest = line
            rest.skip(place)
            let isFirst = place == 0
            if !isFirst { rest.skip(1) }
            guard let value = rest.decimal(), isFirst ? isMark(rest.byte) : rest.byte == mark else { continue }
            rest.skip(1)
            guard begins(rest, format) else { continue }
            let file = UnsafeRawBufferPointer(rebasing: bytes[..<place])
            found = Number(value: value, file: file, rest: rest)
            if !isLast { break }
        }
        return found
    }

    private static func isMark(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ":") || byte == UInt8(ascii: "-") }

    private static func begins(_ line: Scanner, _ format: TextFormat) -> Bool {
        if line.byte == UInt8(ascii: "#") { return true }
        var line = line
        guard let head = format.head(&line) else { return false }
        return format == .blkparse || (1...longestName).contains(head.name.count)
    }

    /// One to four letters and `>`.
    static func skipInitials(_ line: inout Scanner) -> Bool {
        var rest = line
        rest.skipSpaces()
        var letters = 0
        while letters < 5, (rest.byte | 0x20) &- UInt8(ascii: "a") < 26 {
            rest.skip(1)
            letters += 1
        }
        guard (1...4).contains(letters), rest.skip(byte: UInt8(ascii: ">")) else { return false }
        _ = rest.skip(byte: UInt8(ascii: " "))
        line = rest
        return true
    }
}
