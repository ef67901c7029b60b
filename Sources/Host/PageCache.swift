// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// The pages of one file that the kernel has cached.
///
/// The file is open for reading alone: nothing of it is ever changed.
public final class PageCache {
    public let path: String
    /// In bytes, when it was opened.
    public let size: UInt64
    public let device: UInt64
    public let inode: UInt64
    private let descriptor: Int32

    public static let pageBytes = UInt64(max(4096, sysconf(Int32(_SC_PAGESIZE))))
    /// The file is looked at in pieces of this size.
    private static let window: UInt64 = 1 << 30

    /// `nil` when it is no regular file that can be opened; `errno` may say why.
    public init?(_ path: String) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            errno = 0
            return nil
        }
        self.path = path
        size = UInt64(status.st_size)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }

    deinit { close(descriptor) }

    /// First byte and length of each run of cached pages, in turn (mincore); `nil`: the kernel does not say.
    public func cached() -> [UInt64]? {
        var ranges: [UInt64] = []
        var start: UInt64 = 0
        while start < size {
            let length = min(Self.window, size - start)
            guard let map = mmap(nil, Int(length), PROT_READ, MAP_SHARED, descriptor, off_t(start)), map != MAP_FAILED
            else { return nil }
            defer { munmap(map, Int(length)) }
            var pages = [UInt8](repeating: 0, count: Int((length + Self.pageBytes - 1) / Self.pageBytes))
            guard mincore(map, Int(length), &pages) == 0 else { return nil }
            for (index, page) in pages.enumerated() where page & 1 != 0 {
                let first = start + UInt64(index) * Self.pageBytes
                if let last = ranges.indices.last, ranges[last - 1] + ranges[last] == first {
                    ranges[last] += Self.pageBytes
                } else {
                    ranges += [first, Self.pageBytes]
                }
            }
            start += length
        }
        return ranges
    }

    /// Writes back what is dirty, and drops every page that nobody has mapped (posix_fadvise).
    ///
    /// - Returns: whether none is left.
    public func drop() -> Bool {
        fdatasync(descriptor)
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        return cached()?.isEmpty == true
    }

    /// Has the page at this byte read, if it is not cached, and none around it.
    ///
    /// - Returns: whether it is there now.
    @discardableResult
    public func cachePage(at byte: UInt64) -> Bool {
        var content: UInt8 = 0
        return pread(descriptor, &content, 1, off_t(byte)) == 1
    }

    /// No reading ahead from now on.
    public func readOnlyWhatIsAsked() { posix_fadvise(descriptor, 0, 0, POSIX_FADV_RANDOM) }

    /// Whether anybody else has it open or mapped, by the kernel's own count: who is alone may have a lease for
    /// writing (fcntl). `nil`: this file system gives none.
    public var isOpenElsewhere: Bool? {
        guard fcntl(descriptor, Self.setLease, F_WRLCK) == 0 else {
            return errno == EAGAIN || errno == EWOULDBLOCK ? true : nil
        }
        _ = fcntl(descriptor, Self.setLease, F_UNLCK)
        return false
    }

    /// F_SETLEASE, which the headers have for GNU sources alone.
    private static let setLease: Int32 = 1024

    /// Leaves just these pages cached.
    ///
    /// - Parameter ranges: first byte and length of each, in turn.
    /// - Returns: why that failed, a line; `nil` when it is so.
    public static func put(_ ranges: [UInt64], into path: String) -> String? {
        // A file that is gone has no pages.
        guard let cache = PageCache(path) else { return nil }
        let isEmpty = cache.drop()
        cache.readOnlyWhatIsAsked()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        for index in stride(from: 0, to: ranges.count - 1, by: 2) {
            var (byte, end) = (ranges[index], min(ranges[index] + ranges[index + 1], cache.size))
            while byte < end {
                let count = pread(cache.descriptor, &buffer, min(buffer.count, Int(end - byte)), off_t(byte))
                guard count > 0 else { return "cannot read \(path) into the page cache again: \(errorText())" }
                byte += UInt64(count)
            }
            end = byte
        }
        return isEmpty ? nil : "pages of \(path) stay cached that were not: somebody has it mapped"
    }
}
