// SPDX-License-Identifier: GPL-2.0-only

/// Bytes that come one after the other.
public protocol ByteStream: AnyObject {
    /// - Returns: The number of bytes read, 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int
    /// Why the end came early, `nil` when it did not.
    var cut: String? { get }
    /// What was run to make these bytes of a file, and of what, `nil` when they are the file's own.
    var program: String? { get }
}

extension ByteStream {
    public var program: String? { nil }
}

extension ByteStream {
    /// All that is still to come.
    /// - Returns: `nil` when that is more than so many bytes.
    public func content(atMost most: Int) throws(TraceError) -> [UInt8]? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        var content: [UInt8] = []
        while content.count <= most {
            let count = try read(into: buffer)
            guard count > 0 else { return content }
            content.append(contentsOf: buffer[..<count])
        }
        return nil
    }
}

/// The bytes of a file from its start, or of anything else from where it is.
final class FileStream: ByteStream {
    private let file: OpenFile
    private var offset: UInt64 = 0
    private let isRegular: Bool
    let cut: String? = nil

    init(_ file: OpenFile) {
        self.file = file
        isRegular = file.isRegular
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
        guard isRegular else { return try file.readOn(into: buffer) }
        let count = try file.read(at: offset, into: buffer)
        offset += UInt64(count)
        return count
    }
}

/// Bytes in memory.
public final class MemoryStream: ByteStream {
    private var rest: ArraySlice<UInt8>
    public let cut: String? = nil

    public init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let part = rest.prefix(buffer.count)
        buffer.copyBytes(from: part)
        rest = rest.dropFirst(part.count)
        return part.count
    }
}

/// A stream of which the first bytes were looked at, and are still to come.
final class PeekedStream: ByteStream {
    private let stream: any ByteStream
    private(set) var prefix: [UInt8]
    private var used = 0

    var program: String? { stream.program }

    var cut: String? { stream.cut }

    /// - Parameter count: as many bytes are looked at, or all if there are fewer.
    init(_ stream: any ByteStream, count: Int) throws(TraceError) {
        self.stream = stream
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { buffer.deallocate() }
        var filled = 0
        while filled < count {
            let read = try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
            guard read > 0 else { break }
            filled += read
        }
        prefix = Array(buffer[..<filled])
    }

    /// Looks at `count` more bytes.
    /// - Returns: `false` when there are no more.
    func look(further count: Int) throws(TraceError) -> Bool {
        let more = try PeekedStream(stream, count: count)
        prefix += more.prefix
        return !more.prefix.isEmpty
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
        guard used < prefix.count else { return try stream.read(into: buffer) }
        let part = prefix[used...].prefix(buffer.count)
        buffer.copyBytes(from: part)
        used += part.count
        return part.count
    }
}
