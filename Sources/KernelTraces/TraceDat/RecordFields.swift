// SPDX-License-Identifier: GPL-2.0-only

/// Where one field of a record is; nothing, if its event has none of that name.
struct RecordField {
    private let offset: Int32
    private let size: Int8
    /// The same, negative where the bytes are in the other order than this machine's.
    private let form: Int8
    private let isSigned: Bool
    private let isDynamic: Bool
    private let length: Int32

    init(_ field: EventFormat.Field?, _ order: ByteOrder) {
        offset = Int32(field?.offset ?? 0)
        length = Int32(field?.size ?? 0)
        size = field.map { [1, 2, 4, 8].contains($0.size) ? Int8($0.size) : 0 } ?? 0
        form = order == .big ? -size : size
        isSigned = field?.isSigned ?? false
        isDynamic = field?.isDynamic ?? false
    }

    /// A number of 1, 2, 4 or 8 bytes.
    var isNumber: Bool { size > 0 }

    /// Sign-extended when it is signed; 0 beyond the record's end.
    @inline(__always)
    func number(in record: UnsafeRawBufferPointer) -> UInt64 {
        let at = Int(offset)
        guard at + Int(size) <= record.count else { return 0 }
        switch form {
        case 8: return record.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        case 4:
            let value = record.loadUnaligned(fromByteOffset: at, as: UInt32.self)
            return isSigned ? UInt64(bitPattern: Int64(Int32(bitPattern: value))) : UInt64(value)
        case 2:
            let value = record.loadUnaligned(fromByteOffset: at, as: UInt16.self)
            return isSigned ? UInt64(bitPattern: Int64(Int16(bitPattern: value))) : UInt64(value)
        case 1, -1: return UInt64(record[at])
        case 0: return 0
        default: return swapped(record, at)
        }
    }

    @inline(never)
    private func swapped(_ record: UnsafeRawBufferPointer, _ at: Int) -> UInt64 {
        let bytes = record[at..<(at + Int(size))].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let spare = UInt64(64 - 8 * Int(size))
        return isSigned ? UInt64(bitPattern: Int64(bitPattern: bytes << spare) >> Int64(spare)) : bytes
    }

    /// The field's characters up to a NUL; empty beyond the record's end.
    @inline(__always)
    func text(in record: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var start = Int(offset)
        var count = Int(length)
        if isDynamic {
            let location = UInt32(truncatingIfNeeded: number(in: record))
            (start, count) = (Int(location & 0xffff), Int(location >> 16))
        }
        guard start + count <= record.count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let whole = UnsafeRawBufferPointer(rebasing: record[start..<(start + count)])
        return UnsafeRawBufferPointer(rebasing: whole.prefix { $0 != 0 })
    }
}
