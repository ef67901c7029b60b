// SPDX-License-Identifier: GPL-2.0-only

/// Files of one file system that were opened with `O_DIRECT`.
public struct DirectOpenCount: Hashable, Sendable {
    public var files: UInt64 = 0
    /// So many of them for writing, and perhaps for reading too.
    public var forWriting: UInt64 = 0

    public init(files: UInt64 = 0, forWriting: UInt64 = 0) {
        (self.files, self.forWriting) = (files, forWriting)
    }
}
