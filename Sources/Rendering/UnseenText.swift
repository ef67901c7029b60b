// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Report

/// I/O that is not followed, in words. Not escaped: names of commands and mount points are untrusted.
public enum UnseenText {
    /// What was there, and why it is not followed.
    public static func text(of unseen: UnseenIO, in source: ReportSource) -> String {
        let command = source.commandName
        switch unseen {
        case .filteredOut(let ios):
            return "all direct I/O that was seen was left out: \(Quantity.ios(ios)) "
                + (source.filters.isEmpty
                    ? "by others than \(command ?? "the command")" : "that the filters do not pass")
        case .sampledOut(let ios):
            return "all direct I/O that was seen was left out: \(Quantity.ios(ios)) by the sample"
        case .fileSystem(let files):
            return "\(filesWere(files.files)) opened with O_DIRECT on \(place(of: files)), and no I/O of it took a"
                + " way that is followed (iomap, fs/direct-io.c, a block device)"
                + (why(files.fileSystem).map { ": \($0)" } ?? "")
        case .writes(let files):
            let count = filesWere(files.forWriting ?? files.files)
            return "\(count) opened for writing with O_DIRECT on \(place(of: files)), and none of the I/Os of it that"
                + " were followed is a write" + (why(files.fileSystem).map { ": if there were any, \($0)" } ?? "")
        case .noDisk:
            return
                "\(command ?? "the command") moved nothing to or from a disk: what it read and wrote was cached, or in"
                + " memory (tmpfs)"
        case .command(let operation, let bytes, let direct):
            let verb = operation == .write ? "wrote" : "read"
            let amount = "\(command ?? "the command") \(verb) \(Quantity.bytes(bytes))"
            guard direct > 0 else {
                let blind = source.blindKinds.map { $0.dropFirst("I/Os ".count) }.joined(separator: ", or ")
                let other =
                    blind.isEmpty ? "took another way" : "direct I/O \(blind), which this kernel lets no probe see"
                return amount + ", none of it by direct I/O that is followed: it was buffered, or \(other)"
            }
            return "\(amount), \(Quantity.bytes(direct)) of it by direct I/O that is followed:"
                + " the rest was buffered, or took another way"
        }
    }

    private static func filesWere(_ count: UInt64) -> String {
        count == 1 ? "1 file was" : "\(Quantity.count(count)) files were"
    }

    /// What to do.
    public static func remedy(for unseen: UnseenIO) -> String? {
        switch unseen {
        case .fileSystem(let files), .writes(let files): remedy(files.fileSystem)
        case .noDisk: "direct I/O is that of a file on a disk, opened with O_DIRECT"
        case .filteredOut: "record without filters, or without COMMAND, to see whose it is"
        case .sampledOut: "record more of them: --sample 1/10"
        case .command: "ask for direct I/O: O_DIRECT, dd oflag=direct or iflag=direct, fio --direct=1"
        }
    }

    private static func place(of files: OtherIO.DirectFiles) -> String {
        [files.fileSystem ?? "file system \(files.device)", files.mountPoint.map { "(\($0))" }].compactMap { $0 }
            .joined(separator: " ")
    }

    /// Why direct I/O of this kind of file system does not come through, as far as that is known.
    public static func why(_ fileSystem: String?) -> String? {
        switch kind(of: fileSystem) {
        case "nfs", "nfs4": "NFS sends direct I/O to its server itself"
        case "cifs", "smb3": "SMB sends direct I/O to its server itself"
        case "ceph": "ceph sends direct I/O to its servers itself"
        case "9p", "virtiofs": "it goes to the host"
        case "fuse", "fuseblk": "without passthrough a FUSE server does the I/O"
        case "tmpfs", "ramfs", "hugetlbfs": "it has no device, memory is all there is"
        case "btrfs":
            "btrfs goes through the page cache to write files with checksums, compressed ones, and what it keeps twice"
                + " (DUP, RAID1)"
        case "ext4": "ext4 with data=journal, or inline or encrypted data, goes through the page cache"
        case "f2fs": "f2fs goes through the page cache for compressed or encrypted files, and on zoned devices"
        case "zfs", "bcachefs": "it has direct I/O of its own"
        default: nil
        }
    }

    /// `fuse` of `fuse.sshfs`, as mountinfo has it.
    private static func kind(of fileSystem: String?) -> String? {
        fileSystem.map { String($0.prefix { $0 != "." }) }
    }

    /// What can be done about it.
    public static func remedy(_ fileSystem: String?) -> String? {
        switch kind(of: fileSystem) {
        case "nfs", "nfs4", "cifs", "smb3", "ceph", "9p", "virtiofs": "record on the machine that has the disks"
        case "fuse", "fuseblk": "record the server's own I/O: dioscope record --pid of the server"
        case "tmpfs", "ramfs", "hugetlbfs": "use a file on a disk"
        case "btrfs":
            "chattr +C before the file is written, or mount with nodatasum; and keep data once, or as RAID0"
        case "ext4": "mount with data=ordered"
        default: nil
        }
    }
}
