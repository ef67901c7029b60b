// SPDX-License-Identifier: GPL-2.0-only

/// A file that I/Os of the recording went to, by the path under which its user had it open. Untrusted text.
public struct FileName: Hashable, Sendable, Codable {
    public var major: UInt32
    public var minor: UInt32
    public var inode: UInt64
    public var path: String

    public init(device: DeviceNumber, inode: UInt64, path: String) {
        (major, minor) = (device.major, device.minor)
        self.inode = inode
        self.path = path
    }

    public var device: DeviceNumber { DeviceNumber(major: major, minor: minor) }
}
