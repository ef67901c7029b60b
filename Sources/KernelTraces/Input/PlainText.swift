// SPDX-License-Identifier: GPL-2.0-only

/// Text as it was before a web page, a terminal or an editor had it: entities for `<`, `>` and `&`, backslashes before
/// signs that markup would read, spaces that do not break, colours, two bytes a character, lines that end in CR alone.
final class PlainText: ByteStream {
    private let source: any ByteStream
    private let unit: Unit
    /// A carriage return alone ends a line.
    private let hasReturnsAlone: Bool
    private var input: [UInt8] = []
    private var position = 0
    private var isAtEnd = false

    /// What a character takes up.
    private enum Unit { case byte, littleEndianPair, bigEndianPair }

    var cut: String? { source.cut }
    var program: String? { source.program }

    private static let escape: UInt8 = 0x1b
    /// An entity or a sequence of the terminal is no longer.
    private static let longest = 16
    private static let entities: [(spelled: [UInt8], byte: UInt8)] = [
        ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"),
        ("&nbsp;", " "), ("&#160;", " "), ("&#xa0;", " "), ("&#62;", ">"), ("&#60;", "<"), ("\\_", "_"), ("\\>", ">"),
        ("\\<", "<"), ("\\[", "["), ("\\]", "]"), ("\\*", "*"), ("\\#", "#"), ("\\-", "-"), ("\\=", "="),
        ("\\|", "|"), ("\u{a0}", " "), ("\u{2007}", " "), ("\u{202f}", " "),
    ].map { (Array($0.0.utf8), $0.1.utf8.first ?? 0) }
    /// Of each byte, whether one of them begins with it.
    private static let begins: [Bool] = {
        let first = Set(entities.compactMap(\.spelled.first) + [escape])
        return (0...UInt8.max).map { first.contains($0) }
    }()

    /// `nil` for a text that has none of it.
    /// - Parameter prefix: how it begins.
    init?(_ source: any ByteStream, prefix: [UInt8]) {
        self.source = source
        unit = Self.unit(of: prefix)
        hasReturnsAlone = unit == .byte && prefix.contains(UInt8(ascii: "\r")) && !prefix.contains(UInt8(ascii: "\n"))
        if unit == .byte, !hasReturnsAlone { guard Self.isIn(prefix) else { return nil } }
    }

    /// By the mark of the order; without one by zeros, of which every second byte of such a text is one.
    private static func unit(of prefix: [UInt8]) -> Unit {
        if prefix.starts(with: [0xff, 0xfe]) { return .littleEndianPair }
        if prefix.starts(with: [0xfe, 0xff]) { return .bigEndianPair }
        let pairs = prefix.count / 2
        guard pairs >= 16 else { return .byte }
        let (even, odd) = (0..<pairs).reduce((0, 0)) { zeros, pair in
            (zeros.0 + (prefix[2 * pair] == 0 ? 1 : 0), zeros.1 + (prefix[2 * pair + 1] == 0 ? 1 : 0))
        }
        if even == 0, odd > pairs / 10 * 9 { return .littleEndianPair }
        return odd == 0 && even > pairs / 10 * 9 ? .bigEndianPair : .byte
    }

    private static func isIn(_ prefix: [UInt8]) -> Bool {
        prefix.indices.contains { place in
            guard begins[Int(prefix[place])] else { return false }
            let rest = prefix[place...].prefix(longest)
            return entity(rest) != nil || sequence(rest) != nil
        }
    }

    private static func entity(_ text: ArraySlice<UInt8>) -> (count: Int, byte: UInt8)? {
        entities.first { text.starts(with: $0.spelled) }.map { ($0.spelled.count, $0.byte) }
    }

    /// `ESC [ 1 ; 32 m`: bytes of it.
    private static func sequence(_ text: ArraySlice<UInt8>) -> Int? {
        guard text.starts(with: [escape, UInt8(ascii: "[")]) else { return nil }
        let end = text.dropFirst(2).firstIndex { $0 >= 0x40 && $0 <= 0x7e }
        return end.map { $0 - text.startIndex + 1 }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
        var count = 0
        while count < buffer.count {
            if input.count - position < Self.longest, !isAtEnd { try refill() }
            guard position < input.count else { break }
            let byte = input[position]
            guard Self.begins[Int(byte)] else {
                buffer[count] = hasReturnsAlone && byte == UInt8(ascii: "\r") ? UInt8(ascii: "\n") : byte
                (position, count) = (position + 1, count + 1)
                continue
            }
            let rest = input[position...].prefix(Self.longest)
            if let skipped = Self.sequence(rest) {
                position += skipped
                continue
            }
            let entity = Self.entity(rest)
            buffer[count] = entity?.byte ?? byte
            (position, count) = (position + (entity?.count ?? 1), count + 1)
        }
        return count
    }

    private func refill() throws(TraceError) {
        input.removeSubrange(..<position)
        position = 0
        let more = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { more.deallocate() }
        var count = 0
        // Pairs are whole.
        repeat {
            let read = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: more[count...]))
            isAtEnd = read == 0
            count += read
        } while unit != .byte && count % 2 == 1 && !isAtEnd
        guard unit != .byte else {
            input += more[..<count]
            return
        }
        for place in stride(from: 0, to: count - 1, by: 2) {
            var (low, high) = (more[place], more[place + 1])
            if unit == .bigEndianPair { swap(&low, &high) }
            // A trace is of ASCII, but for names of threads; the mark of the order is not wanted.
            if high == 0 {
                input.append(low == 0xa0 ? UInt8(ascii: " ") : low)
            } else if high < 0xfe {
                input.append(UInt8(ascii: "?"))
            }
        }
    }
}
