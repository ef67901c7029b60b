// SPDX-License-Identifier: GPL-2.0-only

import SystemPackage

/// The bytes of a capture: an open file, or memory.
struct CaptureSource {
    enum Storage {
        case file(FileDescriptor)
        case memory([UInt8])
    }

    /// Names the source in errors.
    let path: FilePath
    let storage: Storage

    /// Bytes in the source now; it may still grow.
    func size() throws(CaptureError) -> UInt64 {
        switch storage {
        case .memory(let bytes): return UInt64(bytes.count)
        case .file(let descriptor):
            do {
                return UInt64(clamping: try descriptor.seek(offset: 0, from: .end))
            } catch {
                throw readError(error, at: 0)
            }
        }
    }

    /// Reads from `offset` until `buffer` is full or the source ends.
    /// - Returns: The number of bytes read.
    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
        switch storage {
        case .memory(let bytes):
            guard offset < UInt64(bytes.count) else { return 0 }
            let part = bytes[Int(offset)...].prefix(buffer.count)
            buffer.copyBytes(from: part)
            return part.count
        case .file(let descriptor):
            var filled = 0
            while filled < buffer.count {
                guard let position = Int64(exactly: offset &+ UInt64(filled)) else { break }
                do {
                    let count = try descriptor.read(
                        fromAbsoluteOffset: position, into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
                    guard count > 0 else { break }
                    filled += count
                } catch {
                    throw readError(error, at: offset &+ UInt64(filled))
                }
            }
            return filled
        }
    }

    /// The `count` bytes at `offset`, or fewer where the source ends.
    func bytes(_ count: Int, at offset: UInt64) throws(CaptureError) -> [UInt8] {
        var bytes: [UInt8] = Array(repeating: 0, count: count)
        let filled = try read(count, at: offset, into: &bytes)
        bytes.removeSubrange(filled...)
        return bytes
    }

    /// Reads `count` bytes from `offset`, or fewer where the source or `buffer` ends.
    /// - Returns: The number of bytes read.
    func read<Element: FixedWidthInteger & BitwiseCopyable>(
        _ count: Int, at offset: UInt64, into buffer: inout [Element]
    ) throws(CaptureError) -> Int {
        var elements = buffer.mutableSpan
        return try elements.withUnsafeMutableBytes { bytes throws(CaptureError) in
            try read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: bytes.prefix(count)))
        }
    }

    func close() {
        // Nothing was written through it, so a failing close loses nothing.
        if case .file(let descriptor) = storage { try? descriptor.close() }
    }

    private func readError(_ error: any Error, at offset: UInt64) -> CaptureError {
        let errno = error as? Errno ?? .ioError
        return errno == .isDirectory ? .isDirectory(path) : .cannotRead(path, offset: offset, errno)
    }
}
