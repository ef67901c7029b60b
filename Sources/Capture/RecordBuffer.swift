// SPDX-License-Identifier: GPL-2.0-only

/// Records of one kind on their way to a chunk, aligned to 8 bytes.
///
/// Memory of its own, not an array: a record is appended for every I/O while the traced load wants the CPU.
final class RecordBuffer {
    /// 2,048 records of I/Os are 256 or 384 KiB: large enough for cheap writes, small enough for a CPU's own cache.
    static let ioCapacity = 2048

    let kind: ChunkKind
    private let recordSize: Int
    private let start: UnsafeMutableRawPointer
    private let limit: UnsafeMutableRawPointer
    private var end: UnsafeMutableRawPointer

    init(_ kind: ChunkKind, recordSize: Int, capacity: Int = ioCapacity) {
        self.kind = kind
        self.recordSize = recordSize
        start = .allocate(byteCount: capacity * recordSize, alignment: 16)
        limit = start + capacity * recordSize
        end = start
    }

    deinit { start.deallocate() }

    var count: Int { (end - start) / recordSize }

    @inline(__always)
    var isFull: Bool { end >= limit }

    /// The buffer is not full.
    /// - Parameter size: `recordSize`, known where this is compiled: then it is no call.
    @inline(__always)
    func append(_ record: UnsafeRawPointer, size: Int) {
        if size % 64 == 0 {
            let place = end
            for line in stride(from: 0, to: size, by: 64) {
                place.storeBytes(
                    of: record.loadUnaligned(fromByteOffset: line, as: SIMD8<UInt64>.self), toByteOffset: line,
                    as: SIMD8<UInt64>.self)
            }
        } else {
            end.copyMemory(from: record, byteCount: size)
        }
        end += size
    }

    /// Calls `body` with the records, and is empty then.
    func take<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let result = try body(UnsafeRawBufferPointer(start: start, count: end - start))
        end = start
        return result
    }
}
