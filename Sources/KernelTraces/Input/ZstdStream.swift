// SPDX-License-Identifier: GPL-2.0-only

import CZstd

/// Unpacks zstd, also several frames in a row. A frame that asks for more than 128 MiB of window is refused.
final class ZstdStream: ByteStream {
    private let source: any ByteStream
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
    private let context = ZSTD_createDCtx()
    private var available = ZSTD_inBuffer(src: nil, size: 0, pos: 0)
    private var isInFrame = false
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
            if available.pos == available.size {
                let count = try source.read(into: input)
                guard count > 0 else {
                    if isInFrame { cut = "the zstd stream ends in its middle" }
                    break
                }
                available = ZSTD_inBuffer(src: input.baseAddress, size: count, pos: 0)
            }
            let result = ZSTD_decompressStream(context, &output, &available)
            guard ZSTD_isError(result) == 0 else {
                cut = "the zstd stream is damaged"
                break
            }
            isInFrame = result != 0
        }
        return output.pos
    }
}
