// SPDX-License-Identifier: GPL-2.0-only

/// Text that a mail carries as quoted-printable: `=3D` for `=`, and lines that end in `=` go on in the next.
final class QuotedPrintable: ByteStream {
    private let source: any ByteStream
    private var input: [UInt8] = []
    private var position = 0
    private var isAtEnd = false
    /// Bytes before those of `input`, and how many there were where the last mark ended.
    private var consumed = 0
    private var marked = -1

    var cut: String? { source.cut }

    init(_ source: any ByteStream) {
        self.source = source
    }

    /// A mail that says so, or text in which every `=` is of that form.
    static func isIn(_ prefix: [UInt8]) -> Bool {
        var marks = 0
        var others = 0
        for place in prefix.indices where prefix[place] == UInt8(ascii: "=") {
            guard place + 3 < prefix.count else { break }
            let follows = prefix[(place + 1)...]
            if decoded(follows, isBehindMark: place > 2 && prefix[place - 3] == UInt8(ascii: "=")) != nil
                || isEnd(prefix[place + 1])
            {
                marks += 1
            } else {
                others += 1
            }
        }
        guard marks > 0 else { return false }
        return others == 0 || String(decoding: prefix, as: UTF8.self).contains("quoted-printable")
    }

    private static func isEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }

    /// Only what has to be written so: `=`, a blank at the end of a line, what is no ASCII. A `sector=2152` stays, also in
    /// a thread of which only some mails are encoded.
    /// - Parameters:
    ///   - text: behind the `=`.
    ///   - isBehindMark: another one ends there: a character may have several.
    private static func decoded(_ text: ArraySlice<UInt8>, isBehindMark: Bool) -> UInt8? {
        guard text.count > 1, let high = digit(text[text.startIndex]), let low = digit(text[text.startIndex + 1])
        else { return nil }
        let byte = high << 4 | low
        switch byte {
        case UInt8(ascii: "="), 0xa0...: return byte
        case 0x80...: return isBehindMark ? byte : nil
        case UInt8(ascii: " "), UInt8(ascii: "\t"):
            return text.count == 2 || isEnd(text[text.startIndex + 2]) ? byte : nil
        default: return nil
        }
    }

    /// Upper case alone: an address in hexadecimal is not taken for one.
    private static func digit(_ byte: UInt8) -> UInt8? {
        (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte) ? nil : hexDigit(byte)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
        var count = 0
        while count < buffer.count {
            // What follows a mark must be at hand with it.
            if input.count - position < 4, !isAtEnd { try refill() }
            guard position < input.count else { break }
            let byte = input[position]
            position += 1
            if byte == UInt8(ascii: "="), skipBreak() { continue }
            if byte == UInt8(ascii: "="),
                let decoded = Self.decoded(input[position...], isBehindMark: marked == consumed + position - 1)
            {
                buffer[count] = decoded
                position += 2
                marked = consumed + position
            } else {
                buffer[count] = byte
            }
            count += 1
        }
        return count
    }

    /// The end of a line that goes on.
    private func skipBreak() -> Bool {
        if position < input.count, input[position] == UInt8(ascii: "\n") {
            position += 1
            return true
        }
        guard position + 1 < input.count, input[position] == UInt8(ascii: "\r"),
            input[position + 1] == UInt8(ascii: "\n")
        else { return false }
        position += 2
        return true
    }

    private func refill() throws(TraceError) {
        input.removeSubrange(..<position)
        consumed += position
        position = 0
        let more = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { more.deallocate() }
        let count = try source.read(into: more)
        isAtEnd = count == 0
        input += more[..<count]
    }
}
