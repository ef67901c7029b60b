// SPDX-License-Identifier: GPL-2.0-only

import CZstd

/// Unpacks zstd, also several frames in a row. A frame that asks for more than 128 MiB of window is refused.
final class ZstdStream: ByteStream {
    private let source: any ByteStream
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
    private let context = ZSTD_createDCtx()
    private var available = ZSTD_inBuffer(src: nil, size: 0, pos: 0)
    private var isInFrame = false
    /// Bytes of input up to the end of the next block.
    private var wanted = first
    /// So many say how long the header of a frame is.
    private static let first = 5
    private(set) var cut: String?

    init(_ source: any ByteStream) {
        self.source = source
    }

    deinit {
        ZSTD_freeDCtx(context)
        input.deallocate()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
        guard cut == nil else { return 0 }
        var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
        while output.pos < output.size {
            if available.pos == available.size { try refill() }
            guard isInFrame || available.pos < available.size else { break }
            // One block at a time: of a call that fails, also the blocks before the damaged one would be gone.
            let end = min(available.size, available.pos + wanted)
            var part = ZSTD_inBuffer(src: available.src, size: end, pos: available.pos)
            let before = output.pos
            let result = ZSTD_decompressStream(context, &output, &part)
            guard ZSTD_isError(result) == 0 else {
                cut = "the zstd stream is damaged"
                break
            }
            // Also without input there may be more to come, of a block that did not fit in the last buffer.
            guard output.pos > before || part.pos > available.pos else {
                cut = "the zstd stream ends in its middle"
                break
            }
            available.pos = part.pos
            isInFrame = result != 0
            wanted = max(result, Self.first)
        }
        return output.pos
    }

    private func refill() throws(TraceError) {
        let count = try source.read(into: input)
        available = ZSTD_inBuffer(src: input.baseAddress, size: count, pos: 0)
    }
}
