// SPDX-License-Identifier: GPL-2.0-only

/// A process through which pages of a file may come into the page cache: when the recording ended it had the file open
/// without `O_DIRECT`, or mapped. Who filled the cache may have gone by then.
public struct FileUser: Hashable, Sendable, Codable {
    public var major: UInt32
    public var minor: UInt32
    public var inode: UInt64
    /// In the recorder's pid namespace.
    public var process: UInt32
    /// Untrusted.
    public var name: String
    /// Else it is open.
    public var isMapped: Bool

    public init(device: DeviceNumber, inode: UInt64, process: UInt32, name: String, isMapped: Bool) {
        (major, minor) = (device.major, device.minor)
        self.inode = inode
        self.process = process
        self.name = name
        self.isMapped = isMapped
    }

    public var device: DeviceNumber { DeviceNumber(major: major, minor: minor) }
}
