// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import Glibc
import Host

/// The files that I/Os went to, and under which path their submitters have them open: looked up when a file is first
/// seen, for a moment later it may be closed.
struct SeenFiles {
    private struct File: Hashable {
        let device: UInt32
        let inode: UInt64
    }

    private var paths: [File: Found] = [:]
    /// Paths that were found.
    private(set) var count = 0
    /// Nanoseconds that were spent on looking for paths, and on looking whether they are still there.
    private var spent: UInt64 = 0
    private var spentChecking: UInt64 = 0

    private struct Found {
        /// An inode may be used again for another file.
        var paths: [String] = []
        /// To be looked for again: its path is that of another file now, or of none.
        var isGone = false
        /// Its path cannot be followed from here.
        var isElsewhere = false
    }

    private static let most = 4096
    private static let mostDescriptors = 4096
    /// Nanoseconds for all of them together, of either.
    private static let patience: UInt64 = 300_000_000

    /// - Parameter io: of a file that the I/O before was not of.
    mutating func note(_ io: UnsafePointer<probe_io>, procfs: String = "/proc") {
        note(device: io.pointee.dev, inode: io.pointee.inode, thread: io.pointee.submitter_tid, procfs: procfs)
    }

    mutating func note(_ syncs: FileSyncs) {
        note(device: syncs.device.kernelNumber, inode: syncs.inode, thread: syncs.firstThread, procfs: "/proc")
    }

    private mutating func note(device: UInt32, inode: UInt64, thread: UInt32, procfs: String) {
        let file = File(device: device, inode: inode)
        let known = paths[file]
        guard known?.isGone ?? true, paths.count < Self.most, spent < Self.patience else { return }
        let start = HostClock.monotonic
        var found = known ?? Found()
        var path = Self.path(of: file, openIn: "\(procfs)/\(thread)/fd")
        // Closed by now: only that it is not the one before is known.
        if path == nil, known?.paths.isEmpty == false { path = Self.unknown }
        found.isElsewhere = known != nil && path == known?.paths.last
        found.isGone = false
        if let path, !found.paths.contains(path), found.paths.count < Self.mostPaths {
            found.paths.append(path)
            count += 1
        }
        paths[file] = found
        spent += HostClock.monotonic &- start
    }

    /// Notices files that are no longer at their path, whose inodes may be others' by now.
    /// - Returns: Whether there is one.
    mutating func check() -> Bool {
        guard spentChecking < Self.patience else { return false }
        let start = HostClock.monotonic
        defer { spentChecking += HostClock.monotonic &- start }
        var isAny = false
        for (file, found) in paths where !found.isGone && !found.isElsewhere {
            guard let path = found.paths.last, path != Self.unknown else { continue }
            var status = stat()
            let isThere = stat(path, &status) == 0
            if !isThere || status.st_mode & S_IFMT == S_IFREG && UInt64(status.st_ino) != file.inode {
                paths[file]?.isGone = true
                isAny = true
            }
        }
        return isAny
    }

    private static let mostPaths = 8
    private static let unknown = "later another"

    var names: [FileName] {
        paths.compactMap { file, found in
            found.paths.isEmpty
                ? nil
                : FileName(
                    device: DeviceNumber(kernel: file.device), inode: file.inode,
                    path: found.paths.joined(separator: ", "))
        }
        .sorted { ($0.path, $0.inode) < ($1.path, $1.inode) }
    }

    /// The open file with this inode: on this device or, where `stat` shows another (btrfs, overlayfs),
    /// the only one.
    private static func path(of file: File, openIn directory: String) -> String? {
        guard let stream = opendir(directory) else { return nil }
        defer { closedir(stream) }
        var (looked, others) = (0, Set<String>())
        while looked < mostDescriptors, let entry = readdir(stream) {
            looked += 1
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            var status = stat()
            let link = "\(directory)/\(name)"
            guard name.first?.isNumber == true, stat(link, &status) == 0, let path = Procfs.target(of: link) else {
                continue
            }
            if status.st_mode & S_IFMT == S_IFBLK {
                // A block device has an inode of its own, in a file system of its own.
                if DeviceNumber(userNumber: UInt64(status.st_rdev)).kernelNumber == file.device { return path }
            } else if UInt64(status.st_ino) == file.inode {
                if DeviceNumber(userNumber: UInt64(status.st_dev)).kernelNumber == file.device { return path }
                others.insert(path)
            }
        }
        return others.count == 1 ? others.first : nil
    }
}
