// SPDX-License-Identifier: GPL-2.0-only

/// fsync or fdatasync of one file during a recording: entry and exit of `vfs_fsync_range` for the whole file, or, where
/// functions cannot be probed, ext4's tracepoints. A write that syncs its own range (`O_DSYNC`) is not among them.
public struct FileSyncs: Hashable, Sendable, Codable {
    public var major: UInt32
    public var minor: UInt32
    public var inode: UInt64
    /// fdatasync.
    public var isDataOnly: Bool
    public var count: UInt64
    /// All together.
    public var nanoseconds: UInt64
    /// Who made the first one: its path is looked up there.
    public var firstThread: UInt32

    public init(
        device: DeviceNumber, inode: UInt64, isDataOnly: Bool, count: UInt64, nanoseconds: UInt64, firstThread: UInt32
    ) {
        (major, minor) = (device.major, device.minor)
        self.inode = inode
        self.isDataOnly = isDataOnly
        self.count = count
        self.nanoseconds = nanoseconds
        self.firstThread = firstThread
    }

    public var device: DeviceNumber { DeviceNumber(major: major, minor: minor) }
    public var call: String { isDataOnly ? "fdatasync" : "fsync" }
    public var mean: Double { count == 0 ? 0 : Double(nanoseconds) / Double(count) }
}
