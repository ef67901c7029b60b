// SPDX-License-Identifier: GPL-2.0-only

/// Text as it was before a web page, a terminal or an editor had it: entities for `<`, `>` and `&`, colours, two bytes a
/// character.
final class PlainText: ByteStream {
    private let source: any ByteStream
    private let unit: Unit
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
        ("&nbsp;", " "), ("&#62;", ">"), ("&#60;", "<"),
    ].map { (Array($0.0.utf8), $0.1.utf8.first ?? 0) }

    /// `nil` for a text that has none of it.
    /// - Parameter prefix: how it begins.
    init?(_ source: any ByteStream, prefix: [UInt8]) {
        self.source = source
        if prefix.starts(with: [0xff, 0xfe]) {
            unit = .littleEndianPair
        } else if prefix.starts(with: [0xfe, 0xff]) {
            unit = .bigEndianPair
        } else {
            unit = .byte
            guard Self.isIn(prefix) else { return nil }
        }
    }

    private static func isIn(_ prefix: [UInt8]) -> Bool {
        prefix.indices.contains { place in
            guard prefix[place] == UInt8(ascii: "&") || prefix[place] == escape else { return false }
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
            guard byte == UInt8(ascii: "&") || byte == Self.escape else {
                buffer[count] = byte
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
            if high == 0 { input.append(low) } else if high < 0xfe { input.append(UInt8(ascii: "?")) }
        }
    }
}
