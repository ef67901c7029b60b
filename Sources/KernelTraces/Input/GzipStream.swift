// SPDX-License-Identifier: GPL-2.0-only

import CZlib

/// Unpacks gzip, also several members in a row.
final class GzipStream: ByteStream {
    private let source: any ByteStream
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
    private var stream = z_stream()
    private var isOpen = false
    private var isInMember = false
    private(set) var cut: String?

    init(_ source: any ByteStream) {
        self.source = source
        // 15 bits of window, and 16 for "gzip only".
        let size = Int32(MemoryLayout<z_stream>.size)
        isOpen = inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, size) == Z_OK
        if !isOpen { cut = "zlib cannot be used" }
    }

    deinit {
        if isOpen { inflateEnd(&stream) }
        input.deallocate()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
        guard cut == nil, isOpen else { return 0 }
        stream.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
        stream.avail_out = UInt32(clamping: buffer.count)
        while stream.avail_out > 0 {
            if stream.avail_in == 0, try !refill() {
                if isInMember { cut = "the gzip stream ends in its middle" }
                break
            }
            isInMember = true
            let result = inflate(&stream, Z_NO_FLUSH)
            if result == Z_STREAM_END {
                isInMember = false
                inflateReset(&stream)
            } else if result != Z_OK {
                cut = "the gzip stream is damaged"
                break
            }
        }
        return Int(clamping: buffer.count) - Int(stream.avail_out)
    }

    private func refill() throws(TraceError) -> Bool {
        let count = try source.read(into: input)
        stream.next_in = input.bindMemory(to: UInt8.self).baseAddress
        stream.avail_in = UInt32(count)
        return count > 0
    }
}
