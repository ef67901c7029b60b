// SPDX-License-Identifier: GPL-2.0-only

/// Lines that a mail program wrapped: what does not begin an event goes on with the one before it.
struct WrappedLines {
    private var pending: [UInt8] = []
    private static let longest = 4096
    private static let looked = 4096

    /// Whether lines of the text are: one of them is an event only with the line that follows it.
    static func areIn(_ prefix: [UInt8], _ parser: consuming TextParser) -> Bool {
        prefix.withUnsafeBytes { bytes in
            var last: [UInt8] = []
            for slice in bytes.split(separator: UInt8(ascii: "\n"), maxSplits: looked) {
                let line = UnsafeRawBufferPointer(rebasing: slice.prefix(longest))
                if parser.isEvent(line) {
                    last = Array(line)
                } else if !last.isEmpty, let rest = TextParser.continues(line) {
                    if goesOn(last, with: rest, &parser) { return true }
                    append(rest, to: &last)
                } else {
                    last = []
                }
            }
            return false
        }
    }

    private static func goesOn(_ line: [UInt8], with rest: UnsafeRawBufferPointer, _ parser: inout TextParser) -> Bool {
        guard line.withUnsafeBytes({ parser.event(of: $0) }) == nil else {
            // An event of a probe is one also without the arguments on its second line.
            let name = rest.prefix { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: " ") }
            return name.count < rest.count && rest[name.count] == UInt8(ascii: "=")
                && ProbeArguments.field(named: String(decoding: name, as: UTF8.self)) != nil
        }
        var joined = line
        append(rest, to: &joined)
        return joined.withUnsafeBytes { parser.event(of: $0) } != nil
    }

    private static func append(_ rest: UnsafeRawBufferPointer, to line: inout [UInt8]) {
        guard line.count + rest.count < longest else { return }
        while line.last == UInt8(ascii: " ") || line.last == UInt8(ascii: "\r") { line.removeLast() }
        line.append(UInt8(ascii: " "))
        line += rest
    }

    /// Takes in a line.
    /// - Returns: The events that are whole now.
    mutating func add(_ line: UnsafeRawBufferPointer, _ parser: inout TextParser) -> [KernelEvent] {
        if parser.isEvent(line) {
            let event = finish(&parser)
            pending = Array(line.prefix(Self.longest))
            return event.map { [$0] } ?? []
        }
        if !pending.isEmpty, let rest = TextParser.continues(line) {
            Self.append(rest, to: &pending)
            return []
        }
        return [finish(&parser), parser.event(of: line)].compactMap(\.self)
    }

    mutating func finish(_ parser: inout TextParser) -> KernelEvent? {
        defer { pending = [] }
        return pending.isEmpty ? nil : pending.withUnsafeBytes { parser.event(of: $0) }
    }
}
