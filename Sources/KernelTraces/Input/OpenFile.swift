// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// An open file descriptor, closed with the last reference to it.
public final class OpenFile {
    public let descriptor: Int32
    /// Names it in messages.
    public let name: String
    /// By which another program can open it; `nil`: it has none.
    let path: String?
    private let isOwned: Bool
    /// Why what was unpacked into it is not whole; `nil` when it is.
    public private(set) var cut: String?

    /// Called after each read with the bytes read since this was set, and the size of the file: 0 for a pipe.
    public var progress: ((_ read: UInt64, _ size: UInt64) -> Void)? {
        didSet { bytesRead = 0 }
    }
    private var bytesRead: UInt64 = 0

    /// Opens `path`; `-` is standard input.
    public init(path: String) throws(TraceError) {
        if path == "-" {
            (descriptor, name, self.path, isOwned) = (STDIN_FILENO, "standard input", nil, false)
            return
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotOpen(path, errno: errno) }
        (self.descriptor, name, self.path, isOwned) = (descriptor, path, path, true)
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .cannotOpen(path, errno: errno) }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw .isDirectory(path) }
    }

    /// An empty file without a name, in $TMPDIR or /var/tmp, for what is read more than once.
    public init(spoolFor name: String, in place: String? = nil) throws(TraceError) {
        let directory = place ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/var/tmp"
        var template = Array("\(directory)/dioscope-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw .noSpool(name, errno: errno) }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        (self.descriptor, self.name, path, isOwned) = (descriptor, name, nil, true)
    }

    deinit {
        if isOwned { close(descriptor) }
    }

    /// A file that can be read at any place, as often as wanted. Standard input is none: it may have been read from.
    public var isRegular: Bool { isOwned && isOnDisk }

    /// Reading it waits for nobody: it is no pipe and no terminal, but perhaps standard input.
    public var isOnDisk: Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Bytes in it now.
    var size: UInt64 {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_size > 0 ? UInt64(status.st_size) : 0
    }

    private func reportProgress(_ count: Int) {
        guard let progress else { return }
        bytesRead &+= UInt64(count)
        progress(bytesRead, size)
    }

    /// Reads on from where a pipe is.
    /// - Returns: The number of bytes read, 0 at the end.
    func readOn(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 {
                reportProgress(count)
                return count
            }
            if errno != EINTR { throw .cannotRead(name, errno: errno) }
        }
    }

    /// Reads at `offset` until `buffer` is full or the file ends.
    /// - Returns: The number of bytes read.
    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
        var filled = 0
        while filled < buffer.count, let position = off_t(exactly: offset &+ UInt64(filled)) {
            let count = pread(descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled, position)
            if count > 0 {
                filled += count
            } else if count == 0 {
                break
            } else if errno != EINTR {
                throw .cannotRead(name, errno: errno)
            }
        }
        reportProgress(filled)
        return filled
    }

    /// The `count` bytes at `offset`, or fewer where the file ends.
    func bytes(_ count: Int, at offset: UInt64) throws(TraceError) -> [UInt8] {
        guard offset < size else { return [] }
        var bytes = [UInt8](repeating: 0, count: min(count, Int(clamping: size - offset)))
        var filled = 0
        var failure: TraceError?
        bytes.withUnsafeMutableBytes { buffer in
            do throws(TraceError) { filled = try read(at: offset, into: buffer) } catch { failure = error }
        }
        if let failure { throw failure }
        bytes.removeSubrange(filled...)
        return bytes
    }

    /// A file without a name that contains `bytes`, in memory where there is such a directory.
    public convenience init(holding bytes: [UInt8]) throws(TraceError) {
        let memory = "/dev/shm"
        try self.init(spoolFor: "memory", in: access(memory, W_OK) == 0 ? memory : nil)
        try fill(from: MemoryStream(bytes))
    }

    /// Takes in all of another file, from where that is.
    public func fill(from file: OpenFile) throws(TraceError) { try fill(from: FileStream(file)) }

    /// Appends all of `source`.
    func fill(from source: any ByteStream) throws(TraceError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try source.read(into: buffer)
            guard count > 0 else { break }
            var rest = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            while !rest.isEmpty {
                let written = write(descriptor, rest.baseAddress, rest.count)
                if written > 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest[written...])
                } else if errno != EINTR {
                    throw .noSpool(name, errno: errno)
                }
            }
        }
        cut = source.cut
    }
}
