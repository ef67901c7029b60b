// SPDX-License-Identifier: GPL-2.0-only

/// What a recording saw of I/O that it does not follow: why there may be no I/Os, or few.
public struct OtherIO: Hashable, Sendable, Codable {
    /// Where files were opened with `O_DIRECT`; `nil` if not known.
    public var opened: [DirectFiles]?
    /// What the traced command read and wrote, by its own account; `nil` without one.
    public var command: CommandIO?
    /// Files that were synced, the longest time first; `nil` when that was not seen.
    public var syncs: [FileSyncs]?
    /// `opened` has only what passes the filters of devices and files; `nil` in captures that do not say: all was counted.
    public var opensFiltered: Bool?

    public init(
        opened: [DirectFiles]? = nil, command: CommandIO? = nil, syncs: [FileSyncs]? = nil, opensFiltered: Bool? = nil
    ) {
        (self.opened, self.command, self.syncs) = (opened, command, syncs)
        self.opensFiltered = opensFiltered
    }

    /// Files of one file system that were opened with `O_DIRECT` by those whose I/Os are recorded: `vfs_open`, and what
    /// they had open before.
    public struct DirectFiles: Hashable, Sendable, Codable {
        public var major: UInt32
        public var minor: UInt32
        /// e.g. `btrfs`.
        public var fileSystem: String?
        public var mountPoint: String?
        public var files: UInt64
        /// So many of them for writing; `nil` in captures that do not say.
        public var forWriting: UInt64?

        public init(
            device: DeviceNumber, fileSystem: String?, mountPoint: String?, files: UInt64, forWriting: UInt64? = nil
        ) {
            (major, minor) = (device.major, device.minor)
            (self.fileSystem, self.mountPoint) = (fileSystem, mountPoint)
            (self.files, self.forWriting) = (files, forWriting)
        }

        public var device: DeviceNumber { DeviceNumber(major: major, minor: minor) }
    }

    /// `/proc/PID/io` of a command that has ended, with all of its children that it waited for. Bytes.
    public struct CommandIO: Hashable, Sendable, Codable {
        /// Read from disks, ahead too.
        public var read: UInt64
        /// Written to disks, or to pages that were to be.
        public var written: UInt64

        public init(read: UInt64, written: UInt64) {
            (self.read, self.written) = (read, written)
        }

        /// From the text of `/proc/PID/io`.
        public init?(_ text: String) {
            var values: [Substring: UInt64] = [:]
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                if words.count == 2 { values[words[0]] = UInt64(words[1]) }
            }
            guard let read = values["read_bytes:"], let written = values["write_bytes:"] else { return nil }
            self.init(read: read, written: written)
        }
    }
}
