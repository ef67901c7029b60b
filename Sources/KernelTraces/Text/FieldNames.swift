// SPDX-License-Identifier: GPL-2.0-only

/// Fields of probes by the bytes of their names. There are few, and nearly all differ in their first eight bytes.
struct FieldNames {
    private let entries: [(word: UInt64, name: StaticBytes, field: ProbeArguments.Field)] =
        ProbeArguments.names.map { name, field in
            let bytes = Array(name.utf8)
            return (bytes.withUnsafeBytes { Self.word($0) }, StaticBytes(bytes), field)
        }

    /// `nil` for a name that is none of ours.
    @inline(__always)
    func field(named name: UnsafeRawBufferPointer) -> ProbeArguments.Field? {
        let word = Self.word(name)
        for entry in entries where entry.word == word && entry.name.equals(name) { return entry.field }
        return nil
    }

    /// The first eight bytes, or all with zeros behind them.
    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let count = bytes.count
        if count >= 8 { return bytes.loadUnaligned(as: UInt64.self) }
        if count >= 4 {
            let last = UInt64(bytes.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
            return UInt64(bytes.loadUnaligned(as: UInt32.self)) | last << UInt64(8 * (count - 4))
        }
        return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
