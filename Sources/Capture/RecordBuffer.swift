// SPDX-License-Identifier: GPL-2.0-only

/// Records of one kind on their way to a chunk, aligned to 8 bytes.
///
/// Memory of its own, not an array: a record is appended for every I/O while the traced load wants the CPU.
final class RecordBuffer {
    /// 2,048 records of I/Os are 256 or 384 KiB: large enough for cheap writes, small enough for a CPU's own cache.
    static let ioCapacity = 2048

    let kind: ChunkKind
    let recordSize: Int
    let capacity: Int
    private(set) var count = 0
    private let start: UnsafeMutableRawPointer
    private var end: UnsafeMutableRawPointer

    init(_ kind: ChunkKind, recordSize: Int, capacity: Int = ioCapacity) {
        self.kind = kind
        self.recordSize = recordSize
        self.capacity = capacity
        start = .allocate(byteCount: capacity * recordSize, alignment: 16)
        end = start
    }

    deinit { start.deallocate() }

    var isFull: Bool { count >= capacity }

    /// `record` has `recordSize` bytes, and the buffer is not full.
    @inline(__always)
    func append(_ record: UnsafeRawPointer) {
        end.copyMemory(from: record, byteCount: recordSize)
        end += recordSize
        count &+= 1
    }

    /// Calls `body` with the records, and is empty then.
    func take<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let result = try body(UnsafeRawBufferPointer(start: start, count: count * recordSize))
        end = start
        count = 0
        return result
    }
}
