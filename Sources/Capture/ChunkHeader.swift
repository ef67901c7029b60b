// SPDX-License-Identifier: GPL-2.0-only

import CLibdeflate

/// The 24 bytes before every payload.
struct ChunkHeader: Equatable {
    static let size = 24
    /// `8A 43 48 4B` in the file; a scan for the next chunk looks for these bytes.
    static let magic: UInt32 = 0x4b48_438a
    static let magicFirstByte = UInt8(truncatingIfNeeded: magic)

    /// A number of `ChunkKind`, or one that this version does not know.
    var kind: UInt16
    /// Bits of `ChunkFlag`: any other bit means a payload that this version cannot interpret.
    var flags: UInt16 = 0
    /// Bytes of payload.
    var length: UInt32
    /// Records in the payload.
    var count: UInt32
    /// CRC-32 of the payload.
    var payloadChecksum: UInt32

    init(kind: ChunkKind, flags: UInt16 = 0, count: UInt32, payload: UnsafeRawBufferPointer) {
        self.kind = kind.rawValue
        self.flags = flags
        self.length = UInt32(truncatingIfNeeded: payload.count)
        self.count = count
        self.payloadChecksum = checksum(payload)
    }

    /// Decodes the header at `offset`.
    /// - Returns: `nil` when there is none: too few bytes, another magic, a wrong checksum, or a payload longer than
    ///   any writer makes.
    init?(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        guard offset >= 0, bytes.count >= Self.size, offset <= bytes.count - Self.size else { return nil }
        let header = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + Self.size])
        guard header.loadUnaligned(as: UInt32.self) == Self.magic,
            header.loadUnaligned(fromByteOffset: 20, as: UInt32.self)
                == checksum(UnsafeRawBufferPointer(rebasing: header[..<20]))
        else { return nil }
        kind = header.loadUnaligned(fromByteOffset: 4, as: UInt16.self)
        flags = header.loadUnaligned(fromByteOffset: 6, as: UInt16.self)
        length = header.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
        count = header.loadUnaligned(fromByteOffset: 12, as: UInt32.self)
        payloadChecksum = header.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
        guard length <= CaptureFormat.maximumPayload else { return nil }
    }

    /// The header as in the file.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.size)
        bytes.append(littleEndian: Self.magic)
        bytes.append(littleEndian: kind)
        bytes.append(littleEndian: flags)
        bytes.append(littleEndian: length)
        bytes.append(littleEndian: count)
        bytes.append(littleEndian: payloadChecksum)
        bytes.append(littleEndian: bytes.withUnsafeBytes { checksum($0) })
        return bytes
    }

    /// Bytes of header and payload.
    var chunkSize: UInt64 { UInt64(Self.size) + UInt64(length) }

    /// The payload is not the records themselves, in one of the ways that this version knows.
    var isShortened: Bool { flags == ChunkFlag.packed || flags == ChunkFlag.columns }

    /// Whether the record count can be right. Shortened records are bounded as those that are not.
    /// - Parameter size: of a record in bytes; `nil` for JSON.
    func fits(_ size: Int?) -> Bool {
        guard let size else { return flags == 0 }
        let bytes = UInt64(count) * UInt64(size)
        return isShortened ? bytes <= UInt64(CaptureFormat.maximumPayload) : bytes == UInt64(length)
    }

    var isOfIOs: Bool { ChunkKind(rawValue: kind)?.isOfIOs ?? false }

    /// I/Os in the payload by the header's word.
    var ios: UInt64 { isOfIOs ? UInt64(count) : 0 }
}

/// CRC-32 as in zlib, gzip and PNG.
/// - Parameter before: of all that stands before `bytes`.
func checksum(_ bytes: UnsafeRawBufferPointer, after before: UInt32 = 0) -> UInt32 {
    // Without bytes there may be no address either, which the library takes for a question.
    bytes.isEmpty ? before : libdeflate_crc32(before, bytes.baseAddress, bytes.count)
}

extension [UInt8] {
    mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
