// SPDX-License-Identifier: GPL-2.0-only

import CZstd

/// Packs the records of chunks: rewritten to mostly zeros, the same byte of all records side by side, then zstd.
///
/// Memory is bounded by the longest payload, packed or not. Not for sharing between threads.
final class ChunkPacker {
    private let context = ZSTD_createCCtx()
    private var records: [UInt64] = []
    private var packed: [UInt8] = []

    /// Below, raw records are hardly longer.
    static let fewestRecords = 32
    private static let level: Int32 = 1

    deinit { ZSTD_freeCCtx(context) }

    /// - Parameter payload: of a chunk of this kind.
    /// - Returns: The payload packed; `nil` when that is not shorter.
    func pack(_ kind: ChunkKind, _ payload: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let coding = RecordCoding(kind), payload.count % coding.size == 0,
            payload.count >= Self.fewestRecords * coding.size
        else { return nil }
        let words = payload.count / 8
        if records.count < words { records = Array(repeating: 0, count: words) }
        return records.withUnsafeMutableBytes { space in
            let records = UnsafeMutableRawBufferPointer(rebasing: space[..<payload.count])
            records.copyMemory(from: payload)
            let first = Array(records.assumingMemoryBound(to: UInt64.self)[..<(coding.size / 8)])
            var base = coding.base(first)
            coding.encode(records, &base)
            return compress(Planes(of: UnsafeRawBufferPointer(records), size: coding.size, first: first), payload.count)
        }
    }

    /// Each plane is a block of its own: it has its own statistics, and planes of noise are stored as they are.
    private func compress(_ planes: Planes, _ limit: Int) -> [UInt8]? {
        let most = min(limit, ZSTD_compressBound(planes.bytes.count) + planes.count * 16)
        if packed.count < most { packed = Array(repeating: 0, count: most) }
        ZSTD_CCtx_reset(context, ZSTD_reset_session_only)
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Self.level)
        ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1)
        ZSTD_CCtx_setPledgedSrcSize(context, UInt64(planes.bytes.count))
        return planes.bytes.withUnsafeBytes { content -> [UInt8]? in
            packed.withUnsafeMutableBytes { space -> [UInt8]? in
                var output = ZSTD_outBuffer(dst: space.baseAddress, size: most, pos: 0)
                var start = 0
                while start < content.count {
                    let end = min(content.count, start == 0 ? planes.headSize : start + planes.planeSize)
                    var input = ZSTD_inBuffer(src: content.baseAddress, size: end, pos: start)
                    let isLast = end == content.count
                    let rest = ZSTD_compressStream2(context, &output, &input, isLast ? ZSTD_e_end : ZSTD_e_flush)
                    // An error, or no room: then it is not worth it.
                    guard rest == 0, input.pos == end else { return nil }
                    start = end
                }
                return Array(space[..<output.pos])
            }
        }
    }
}

/// Unpacks what `ChunkPacker` packed, or whatever a file claims to be that.
final class ChunkUnpacker {
    private let context = ZSTD_createDCtx()
    private var content: [UInt8] = []
    private var records: [UInt64] = []

    deinit { ZSTD_freeDCtx(context) }

    /// Calls `body` with the records, aligned to 8 bytes.
    /// - Parameter count: the number of records, whose bytes are no more than the longest payload has.
    /// - Returns: `nil` when it is not the packing of so many records.
    func unpack<Result>(
        _ payload: UnsafeRawBufferPointer, _ kind: ChunkKind, count: Int,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result? {
        guard let coding = RecordCoding(kind), count > 0, unpack(payload, coding, count) else { return nil }
        return try records.withUnsafeBytes {
            try body(UnsafeRawBufferPointer(rebasing: $0.prefix(count * coding.size)))
        }
    }

    private func unpack(_ payload: UnsafeRawBufferPointer, _ coding: RecordCoding, _ count: Int) -> Bool {
        // The content, if all planes are there, and a byte more that shows what is longer.
        let most = Planes.headSize(of: coding.size) + coding.size * count + 1
        if content.count < most { content = Array(repeating: 0, count: most) }
        let words = count * coding.size / 8
        if records.count < words { records = Array(repeating: 0, count: words) }
        return content.withUnsafeMutableBytes { content in
            let size = ZSTD_decompressDCtx(context, content.baseAddress, most, payload.baseAddress, payload.count)
            guard ZSTD_isError(size) == 0, size <= most else { return false }
            return records.withUnsafeMutableBytes { records in
                Planes.scatter(
                    UnsafeRawBufferPointer(rebasing: content[..<size]),
                    into: UnsafeMutableRawBufferPointer(rebasing: records[..<(words * 8)]), coding)
            }
        }
    }
}

/// The content of a packed chunk: the first record, which bytes of the records are not 0 throughout, and these bytes,
/// those at the same place of all records side by side.
private struct Planes {
    private(set) var bytes: [UInt8] = []
    private(set) var count = 0
    let headSize: Int
    let planeSize: Int

    /// Records that are gone through at once: they stay in the nearest cache.
    private static let block = 64

    static func headSize(of size: Int) -> Int { size + size / 8 }

    /// - Parameters:
    ///   - records: encoded ones of `size` bytes.
    ///   - first: the first record as it was before.
    init(of records: UnsafeRawBufferPointer, size: Int, first: [UInt64]) {
        headSize = Self.headSize(of: size)
        let number = records.count / size
        planeSize = number
        let words = records.assumingMemoryBound(to: UInt64.self)
        var used = [UInt64](repeating: 0, count: size / 8)
        for start in stride(from: 0, to: words.count, by: size / 8) {
            for word in used.indices { used[word] |= words[start + word] }
        }
        let places = used.withUnsafeBytes { used in (0..<size).filter { used[$0] != 0 } }
        count = places.count
        bytes = Array(repeating: 0, count: headSize + places.count * number)
        bytes.withUnsafeMutableBytes { bytes in
            first.withUnsafeBytes { bytes.copyMemory(from: $0) }
            for place in places { bytes[size + place / 8] |= 1 << UInt8(place % 8) }
            guard let base = bytes.baseAddress, let source = records.baseAddress else { return }
            for block in stride(from: 0, to: number, by: Self.block) {
                let end = min(number, block + Self.block)
                var plane = base + headSize
                for place in places {
                    var from = source + block * size + place
                    for index in block..<end {
                        plane.storeBytes(of: from.load(as: UInt8.self), toByteOffset: index, as: UInt8.self)
                        from += size
                    }
                    plane += number
                }
            }
        }
    }

    /// - Returns: Whether `content` is what so many records make.
    static func scatter(
        _ content: UnsafeRawBufferPointer, into records: UnsafeMutableRawBufferPointer, _ coding: RecordCoding
    ) -> Bool {
        let size = coding.size
        let number = records.count / size
        guard content.count >= headSize(of: size) else { return false }
        let places = (0..<size).filter { content[size + $0 / 8] & 1 << UInt8($0 % 8) != 0 }
        guard content.count == headSize(of: size) + places.count * number, let base = content.baseAddress,
            let target = records.baseAddress
        else { return false }
        let first = (0..<size / 8).map { base.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
        var start = coding.base(first)
        for block in stride(from: 0, to: number, by: Self.block) {
            let end = min(number, block + Self.block)
            let part = UnsafeMutableRawBufferPointer(rebasing: records[(block * size)..<(end * size)])
            part.initializeMemory(as: UInt8.self, repeating: 0)
            var plane = base + headSize(of: size)
            for place in places {
                var to = target + block * size + place
                for index in block..<end {
                    to.storeBytes(of: plane.load(fromByteOffset: index, as: UInt8.self), as: UInt8.self)
                    to += size
                }
                plane += number
            }
            coding.decode(part, &start)
        }
        return true
    }
}
