// SPDX-License-Identifier: GPL-2.0-only

/// The pages of one CPU, one piece of the file after the other: plain in windows of some pages, packed chunk by chunk.
final class PageSource {
    private let file: OpenFile
    private let compression: TraceDatHeader.Compression
    private let order: ByteOrder
    private let pageSize: Int
    private let isPacked: Bool
    private var position: UInt64
    private let end: UInt64
    private var chunksLeft: UInt32?

    /// The piece at hand. Its memory is that of `unpacked` or `window`, and stays until the next one is asked for.
    private(set) var piece = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Where the piece's first byte is in the file: exact for plain data, that of the chunk for packed.
    private(set) var offset: UInt64 = 0
    private var window: UnsafeMutableRawBufferPointer
    private static let windowPages = 32

    init(_ part: TraceDatFile.CPUPart, of dat: TraceDatFile) {
        file = dat.file
        compression = dat.header.compression
        order = dat.header.order
        pageSize = part.pageSize
        isPacked = part.isPacked && compression != .none
        position = part.offset
        end = part.offset &+ part.size
        window = .allocate(byteCount: isPacked ? 8 : pageSize * Self.windowPages, alignment: 16)
    }

    deinit { window.deallocate() }

    /// - Returns: `false` at the end.
    func next(_ damages: inout TraceDamages) throws(TraceError) -> Bool {
        try isPacked ? nextChunk(&damages) : nextWindow(&damages)
    }

    private func nextWindow(_ damages: inout TraceDamages) throws(TraceError) -> Bool {
        guard position < end else { return false }
        let wanted = min(pageSize * Self.windowPages, Int(clamping: end - position))
        let count = try file.read(at: position, into: UnsafeMutableRawBufferPointer(rebasing: window[..<wanted]))
        let whole = count / pageSize * pageSize
        if whole < count { damages.add("a page is cut off", at: position + UInt64(whole)) }
        piece = UnsafeRawBufferPointer(rebasing: window[..<whole])
        offset = position
        position = count < wanted ? end : position + UInt64(whole)
        if whole < count { position = end }
        return whole > 0
    }

    private func nextChunk(_ damages: inout TraceDamages) throws(TraceError) -> Bool {
        if chunksLeft == nil {
            var cursor = ByteCursor(try file.bytes(4, at: position), order)
            chunksLeft = cursor.integer(UInt32.self) ?? 0
            position += 4
        }
        while let left = chunksLeft, left > 0 {
            chunksLeft = left - 1
            var cursor = ByteCursor(try file.bytes(8, at: position), order)
            // The table's size of the part leaves out the number of chunks: the file's end is what limits.
            guard let packed = cursor.integer(UInt32.self), let size = cursor.integer(UInt32.self),
                UInt64(packed) <= file.size - min(file.size, position + 8)
            else {
                damages.add("the file is cut: \(left) chunks of a CPU's events are missing", at: position)
                chunksLeft = 0
                return false
            }
            offset = position
            position += 8 + UInt64(packed)
            let bytes = try file.bytes(Int(packed), at: offset + 8)
            guard size > 0, Int(size) % pageSize == 0,
                let unpacked = bytes.withUnsafeBytes({ Decompression.unpack($0, into: Int(size), by: compression) })
            else {
                damages.add("a chunk of a CPU's events is damaged", at: offset)
                continue
            }
            hold(unpacked)
            return true
        }
        return false
    }

    private func hold(_ bytes: [UInt8]) {
        if window.count < bytes.count {
            window.deallocate()
            window = .allocate(byteCount: bytes.count, alignment: 16)
        }
        window.copyBytes(from: bytes)
        piece = UnsafeRawBufferPointer(rebasing: window[..<bytes.count])
    }
}
