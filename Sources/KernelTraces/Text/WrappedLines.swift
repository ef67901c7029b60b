// SPDX-License-Identifier: GPL-2.0-only

/// Lines that were wrapped: what does not begin an event goes on with the one before it.
struct WrappedLines {
    /// Where lines were broken.
    enum Manner: Equatable {
        /// Between words, as mail programs do.
        case words
        /// At a column, as `fold -w` does, in the midst of words too.
        /// - Parameter isQuoted: each piece has marks of quoting, which are not counted.
        case column(Int, isQuoted: Bool)
    }

    private let manner: Manner
    private var pending: [UInt8] = []
    /// The last piece filled its line.
    private var goesOn = false
    fileprivate static let longest = 4096

    init(_ manner: Manner) { self.manner = manner }

    /// Takes in a line.
    /// - Returns: The events that are whole now.
    mutating func add(_ line: UnsafeRawBufferPointer, _ parser: inout TextParser) -> [KernelEvent] {
        defer { goesOn = manner.fills(line) }
        if parser.isEvent(line) {
            let event = finish(&parser)
            pending = Array(line.prefix(Self.longest))
            return event.map { [$0] } ?? []
        }
        if !pending.isEmpty, goesOn {
            Self.append(manner.piece(line), to: &pending, spaced: false)
            return []
        }
        if !pending.isEmpty, let rest = TextParser.continues(line) {
            Self.append(rest, to: &pending, spaced: true)
            return []
        }
        return [finish(&parser), parser.event(of: line)].compactMap(\.self)
    }

    mutating func finish(_ parser: inout TextParser) -> KernelEvent? {
        defer { pending = [] }
        return pending.isEmpty ? nil : pending.withUnsafeBytes { parser.event(of: $0) }
    }

    fileprivate static func append(_ rest: UnsafeRawBufferPointer, to line: inout [UInt8], spaced: Bool) {
        guard line.count + rest.count < longest else { return }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if spaced {
            while line.last == UInt8(ascii: " ") { line.removeLast() }
            line.append(UInt8(ascii: " "))
        }
        line += rest
    }
}

extension WrappedLines.Manner {
    fileprivate func fills(_ line: UnsafeRawBufferPointer) -> Bool {
        guard case .column(let width, let isQuoted) = self else { return false }
        return Self.width(line, isQuoted: isQuoted) == width
    }

    fileprivate func piece(_ line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        self == .words ? line : Self.piece(line)
    }

    /// Without marks of quoting; a bar may be the line's own.
    private static func piece(_ line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard line.first == UInt8(ascii: ">"), var scanner = Scanner(line) else { return line }
        _ = LinePrefix.strip(&scanner, files: false)
        return scanner.rest
    }

    /// In bytes.
    private static func width(_ line: UnsafeRawBufferPointer, isQuoted: Bool) -> Int {
        (isQuoted ? piece(line) : line).count - (line.last == UInt8(ascii: "\r") ? 1 : 0)
    }

    private static let looked = 4096
    /// Fewer may be as wide by chance.
    private static let fewest = 5

    /// How lines of the text were wrapped: one of them is an event only with the line that follows it. `nil`: they are as
    /// they were.
    init?(of prefix: [UInt8], _ parser: consuming TextParser) {
        var (words, columns) = (0, 0)
        // Of lines that go on: the pieces' widths, with and without marks.
        var widths: [Int: Int] = [:]
        var quotedWidths: [Int: Int] = [:]
        prefix.withUnsafeBytes { bytes in
            // As if broken between words, and at a column.
            var (spaced, joined): ([UInt8], [UInt8]) = ([], [])
            var before = UnsafeRawBufferPointer(start: nil, count: 0)
            for slice in bytes.split(separator: UInt8(ascii: "\n"), maxSplits: Self.looked) {
                let line = UnsafeRawBufferPointer(rebasing: slice.prefix(WrappedLines.longest))
                if parser.isEvent(line) {
                    (spaced, joined) = (Array(line), Array(line))
                } else if !joined.isEmpty, !line.isEmpty {
                    // At a column, a piece may look like anything.
                    let rest = TextParser.continues(line)
                    let isSpaced = rest.map { Self.goesOn(spaced, with: $0, spaced: true, &parser) } ?? false
                    let isJoined = Self.goesOn(joined, with: Self.piece(line), spaced: false, &parser)
                    if isSpaced { words += 1 }
                    if isJoined { columns += 1 }
                    if isSpaced || isJoined {
                        widths[Self.width(before, isQuoted: false), default: 0] += 1
                        quotedWidths[Self.width(before, isQuoted: true), default: 0] += 1
                    }
                    if let rest { WrappedLines.append(rest, to: &spaced, spaced: true) }
                    WrappedLines.append(Self.piece(line), to: &joined, spaced: false)
                } else {
                    (spaced, joined) = ([], [])
                }
                before = line
            }
        }
        if words + columns > 0 {
            // What was broken between words cannot be joined without a space.
            self = columns >= words ? Self.column(widths, quotedWidths) : .words
        } else if let width = Self.edge(of: prefix, parser, isQuoted: false) {
            self = .column(width, isQuoted: false)
        } else if let width = Self.edge(of: prefix, parser, isQuoted: true) {
            self = .column(width, isQuoted: true)
        } else {
            return nil
        }
    }

    /// The width that no line exceeds and that lines have which go on, where none of them is needed for an event.
    private static func edge(of prefix: [UInt8], _ parser: borrowing TextParser, isQuoted: Bool) -> Int? {
        prefix.withUnsafeBytes { bytes in
            let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: looked)
                .map { UnsafeRawBufferPointer(rebasing: $0) }
            let widths = lines.map { width($0, isQuoted: isQuoted) }
            guard let widest = widths.max() else { return nil }
            let full = zip(widths, lines.dropFirst()).filter { $0.0 == widest }
            let goOn = full.count { !parser.isEvent($0.1) && TextParser.continues($0.1) != nil }
            return goOn >= fewest && goOn * 10 >= full.count * 9 ? widest : nil
        }
    }

    private static func column(_ widths: [Int: Int], _ quoted: [Int: Int]) -> Self {
        func most(_ widths: [Int: Int]) -> (width: Int, count: Int) {
            widths.max { ($0.value, $0.key) < ($1.value, $1.key) }.map { ($0.key, $0.value) } ?? (0, 0)
        }
        let (plain, marked) = (most(widths), most(quoted))
        return marked.count > plain.count
            ? .column(marked.width, isQuoted: true) : .column(plain.width, isQuoted: false)
    }

    private static func goesOn(
        _ line: [UInt8], with rest: UnsafeRawBufferPointer, spaced: Bool, _ parser: inout TextParser
    ) -> Bool {
        guard line.withUnsafeBytes({ parser.event(of: $0) }) == nil else {
            // An event of a probe is one also without the arguments on its second line.
            let name = rest.prefix { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: " ") }
            return spaced && name.count < rest.count && rest[name.count] == UInt8(ascii: "=")
                && ProbeArguments.field(named: String(decoding: name, as: UTF8.self)) != nil
        }
        var whole = line
        WrappedLines.append(rest, to: &whole, spaced: spaced)
        return whole.withUnsafeBytes { parser.event(of: $0) } != nil
    }
}
