// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// Cuts a stream into lines. A line of more than a megabyte is no line of a trace: it is cut in pieces.
struct LineReader: ~Copyable {
    private let stream: any ByteStream
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    private var start = 0
    private var end = 0
    private var isAtEnd = false
    /// Where the line at hand is, in bytes from the start of the text.
    private(set) var offset: UInt64 = 0
    private var consumed: UInt64 = 0
    /// The last line, if it has no end.
    private(set) var unended: [UInt8]?
    private let stop: ReadingStop?
    private var isStopped = false

    init(_ stream: any ByteStream, stop: ReadingStop? = nil) {
        self.stream = stream
        self.stop = stop
    }

    deinit { buffer.deallocate() }

    /// The next line without its end; its memory stays until the next call.
    @inline(__always)
    mutating func next() throws(TraceError) -> UnsafeRawBufferPointer? {
        while true {
            let rest = UnsafeRawBufferPointer(rebasing: buffer[start..<end])
            if let base = rest.baseAddress, let found = memchr(base, Int32(UInt8(ascii: "\n")), rest.count) {
                return take(UnsafeRawPointer(found) - base, andSkip: 1)
            }
            if rest.count == buffer.count { return take(rest.count, andSkip: 0) }
            guard try !refill() else { continue }
            guard !rest.isEmpty, !isStopped else { return nil }
            unended = Array(rest)
            return take(rest.count, andSkip: 0)
        }
    }

    @inline(__always)
    private mutating func take(_ count: Int, andSkip skipped: Int) -> UnsafeRawBufferPointer {
        let line = UnsafeRawBufferPointer(rebasing: buffer[start..<(start + count)])
        offset = consumed
        consumed &+= UInt64(count + skipped)
        start += count + skipped
        return line
    }

    private mutating func refill() throws(TraceError) -> Bool {
        guard !isAtEnd else { return false }
        if let stop, stop.isDue() {
            (isAtEnd, isStopped) = (true, true)
            return false
        }
        if start > 0, let base = buffer.baseAddress {
            memmove(base, base + start, end - start)
            (start, end) = (0, end - start)
        }
        let count = try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[end...]))
        end += count
        isAtEnd = count == 0
        return count > 0
    }

    /// Why the text is not whole, at the end of it: what was packed is cut.
    var cut: String? {
        isStopped ? ReadingStop.reason : stream.cut
    }
}
