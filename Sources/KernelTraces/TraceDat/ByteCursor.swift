// SPDX-License-Identifier: GPL-2.0-only

/// Walks through bytes of a file. What lies beyond their end is `nil`, and then so is all that follows.
struct ByteCursor {
    let bytes: [UInt8]
    private(set) var position: Int
    var order: ByteOrder

    init(_ bytes: [UInt8], at position: Int = 0, _ order: ByteOrder) {
        self.bytes = bytes
        self.order = order
        self.position = min(position, bytes.count)
    }

    var remaining: Int { bytes.count - position }

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, count <= remaining else {
            position = bytes.count
            return nil
        }
        defer { position += count }
        return bytes[position..<(position + count)]
    }

    mutating func integer<Value: FixedWidthInteger & UnsignedInteger>(_ type: Value.Type) -> Value? {
        guard let part = take(MemoryLayout<Value>.size) else { return nil }
        let little: Value = part.reversed().reduce(0) { $0 << 8 | Value($1) }
        return order == .big ? little.byteSwapped : little
    }

    /// As many bytes as the integer before them says.
    mutating func sized<Value: FixedWidthInteger & UnsignedInteger>(by type: Value.Type) -> ArraySlice<UInt8>? {
        guard let size = integer(type) else { return nil }
        return take(Int(clamping: size))
    }

    /// Up to a NUL, which is skipped.
    mutating func string() -> String? {
        guard let end = bytes[position...].firstIndex(of: 0) else {
            position = bytes.count
            return nil
        }
        defer { position = end + 1 }
        return String(decoding: bytes[position..<end], as: UTF8.self)
    }

    /// Skips `text` if it is next.
    mutating func skip(_ text: String) -> Bool {
        let wanted = Array(text.utf8)
        guard bytes[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }
}
