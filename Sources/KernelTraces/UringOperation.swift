// SPDX-License-Identifier: GPL-2.0-only

/// `enum io_uring_op`, as far as it reads and writes files.
enum UringOperation {
    /// `IORING_OP_READV`, `READ_FIXED`, `READ`, `READ_MULTISHOT`, `READV_FIXED`.
    private static let reads: Set<UInt64> = [1, 4, 22, 49, 60]
    /// `IORING_OP_WRITEV`, `WRITE_FIXED`, `WRITE`, `WRITEV_FIXED`.
    private static let writes: Set<UInt64> = [2, 5, 23, 61]

    /// - Returns: `nil` when it is no I/O of a file.
    static func isWrite(number: UInt64) -> Bool? {
        writes.contains(number) ? true : reads.contains(number) ? false : nil
    }

    /// By the name in traces, e.g. `WRITE_FIXED`.
    static func isWrite(name: UnsafeRawBufferPointer) -> Bool? {
        name.starts(with: "WRITE".utf8) ? true : name.starts(with: "READ".utf8) ? false : nil
    }
}
