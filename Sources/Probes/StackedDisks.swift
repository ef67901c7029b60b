// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// Disks that give their I/O to other disks, by sysfs: device-mapper, md, bcache, and loop with a file behind it.
public enum StackedDisks {
    /// - Parameter directory: `/sys/block`. What is not to be read there may have some.
    public static func exist(in directory: String = "/sys/block") -> Bool {
        guard let disks = names(in: directory) else { return true }
        return disks.contains { disk in
            let slaves = names(in: "\(directory)/\(disk)/slaves") ?? []
            return !slaves.isEmpty || access("\(directory)/\(disk)/loop", F_OK) == 0
        }
    }

    private static func names(in directory: String) -> [String]? {
        guard let stream = opendir(directory) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
