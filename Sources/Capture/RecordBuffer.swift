// SPDX-License-Identifier: GPL-2.0-only

/// Records of one kind on their way to a chunk.
struct RecordBuffer {
    /// 8,192 records of I/Os are 1 MiB: large enough for cheap writes, small enough to lose little at a cut.
    static let ioCapacity = 8192

    let kind: ChunkKind
    let recordSize: Int
    let capacity: Int
    private(set) var count = 0
    private(set) var bytes: [UInt8] = []

    init(_ kind: ChunkKind, recordSize: Int, capacity: Int = ioCapacity) {
        self.kind = kind
        self.recordSize = recordSize
        self.capacity = capacity
        bytes.reserveCapacity(capacity * recordSize)
    }

    var isFull: Bool { count >= capacity }

    /// `record` has `recordSize` bytes.
    mutating func append(_ record: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: record)
        count += 1
    }

    mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
        count = 0
    }
}
