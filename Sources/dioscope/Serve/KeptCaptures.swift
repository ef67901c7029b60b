// SPDX-License-Identifier: GPL-2.0-only

import FoundationEssentials
import Glibc
import Host
import SystemPackage

/// The directory of a service's captures: what is too old, or too much, goes; what is not the service's stays.
struct KeptCaptures {
    let directory: String
    /// Bytes in all.
    let mostBytes: UInt64
    /// Seconds.
    let mostAge: UInt64

    private struct File {
        var path: String
        var size: UInt64
        /// Seconds since 1970.
        var written: Int
    }

    init(_ directory: String, mostBytes: UInt64, mostAge: UInt64) throws(Failure) {
        (self.directory, self.mostBytes, self.mostAge) = (directory, mostBytes, mostAge)
        try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        guard access(directory, W_OK | X_OK) == 0 else {
            throw Failure(.cannotCreate, "cannot write in \(directory): \(errorText())")
        }
    }

    /// A name that is free, from the time.
    var newPath: FilePath {
        let base = "\(directory)/dioscope-serve-" + HostClock.nameFromTime.drop { !$0.isNumber }
        return FilePath(CaptureNames.numbered(base).first { access($0, F_OK) != 0 } ?? base + "-last.dioscope")
    }

    private var files: [File] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.compactMap { name in
            let path = directory + "/" + name
            var status = stat()
            guard name.hasPrefix("dioscope-serve-"), name.hasSuffix(".dioscope") || name.hasSuffix(".part"),
                lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG
            else { return nil }
            return File(path: path, size: UInt64(status.st_size), written: status.st_mtim.tv_sec)
        }.sorted { $0.written > $1.written }
    }

    /// Removes what is too old or too much, the oldest first.
    /// - Returns: How many are left, and their bytes.
    @discardableResult
    func tidy(now: Int64 = HostClock.wall) -> (count: Int, bytes: UInt64) {
        var (count, bytes) = (0, UInt64(0))
        for file in files {
            let age = now / 1_000_000_000 - Int64(file.written)
            // Nobody is writing it any more: its writer was killed.
            let isRemains = file.path.hasSuffix(".part") && age > 60
            if isRemains || age > Int64(mostAge) || bytes + file.size > mostBytes {
                unlink(file.path)
            } else {
                (count, bytes) = (count + 1, bytes + file.size)
            }
        }
        return (count, bytes)
    }
}
