// SPDX-License-Identifier: GPL-2.0-only

import FoundationEssentials
import Glibc

/// A file by the kernel's own numbers, not those of `stat`: btrfs and overlayfs show other numbers there.
public struct FileIdentity {
    public let inode: UInt64
    public let mountNumber: String

    /// `nil` when the file cannot be looked at; `errno` says why.
    public init?(_ path: String) {
        let descriptor = open(path, Self.pathOnly | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        let lines = (try? String(contentsOfFile: "/proc/self/fdinfo/\(descriptor)", encoding: .utf8)) ?? ""
        let fields = Procfs.fields(of: lines)
        // Since 5.14.
        inode = fields["ino"].flatMap { UInt64($0) } ?? UInt64(status.st_ino)
        mountNumber = fields["mnt_id"].map(String.init) ?? ""
    }

    /// O_PATH
    private static let pathOnly: Int32 = 0o10_000_000

    static func mountNumber(of path: String) -> String? { FileIdentity(path)?.mountNumber }
}
