// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Glibc

/// Disks that give their I/O to something else, by sysfs: device-mapper, md, bcache, and whatever else has disks below it;
/// loop with a file behind it; disks that a server or another machine answers for, such as ublk, nbd and drbd.
public enum StackedDisks {
    /// What is not to be read there may have some.
    /// - Parameter directory: `/sys/block`.
    public static func exist(in directory: String = "/sys/block") -> Bool {
        guard let disks = names(in: directory) else { return true }
        return disks.contains { isStacked("\(directory)/\($0)") }
    }

    /// The kernel's names of all, with their numbers.
    public static func all(in directory: String = "/sys/block") -> [String: DeviceNumber] {
        var found: [String: DeviceNumber] = [:]
        for disk in names(in: directory) ?? [] where isStacked("\(directory)/\(disk)") {
            guard let number = number(of: "\(directory)/\(disk)") else { continue }
            found[disk] = number
        }
        return found
    }

    /// Is this one, or the one that it is a partition of?
    /// - Parameter name: the kernel's.
    public static func include(_ name: String, classes: String = "/sys/class/block") -> Bool {
        let path = "\(classes)/\(name)"
        return isStacked(access("\(path)/partition", F_OK) == 0 ? "\(path)/.." : path)
    }

    private static func isStacked(_ disk: String) -> Bool {
        if !(names(in: "\(disk)/slaves") ?? []).isEmpty || access("\(disk)/loop", F_OK) == 0 { return true }
        guard let place = realpath(disk, nil) else { return false }
        defer { free(place) }
        let words = String(cString: place).split(separator: "/")
        guard let name = words.last, words.dropLast().suffix(2).elementsEqual(["virtual", "block"]) else {
            return false
        }
        if name.hasPrefix("zram") { return hasBackingDevice(disk) }
        // What is memory itself; and those of which the disks below would be there.
        if ["ram", "nullb", "pmem", "loop", "dm-", "md"].contains(where: { name.hasPrefix($0) }) { return false }
        // A null_blk has the name that its maker in configfs gave it: only its major number says what it is.
        return number(of: disk).flatMap { driver(ofMajor: $0.major) } != "nullb"
    }

    private static func hasBackingDevice(_ disk: String) -> Bool {
        guard let text = contents(ofKernelFile: "\(disk)/backing_dev") else { return false }
        return !String(decoding: text, as: UTF8.self).hasPrefix("none")
    }

    /// Which driver registered a major number of block devices; `nil` where nobody did.
    static func driver(ofMajor major: UInt32, in file: String = "/proc/devices") -> String? {
        let text = String(decoding: contents(ofKernelFile: file) ?? [], as: UTF8.self)
        let lines = text.split(separator: "\n").drop { $0 != "Block devices:" }
        for line in lines.dropFirst() {
            let words = line.split(separator: " ")
            if words.count == 2, UInt32(words[0]) == major { return String(words[1]) }
        }
        return nil
    }

    private static func number(of disk: String) -> DeviceNumber? {
        let text = String(decoding: contents(ofKernelFile: "\(disk)/dev") ?? [], as: UTF8.self)
        let parts = text.split { $0 == ":" || $0.isNewline }.map { UInt32($0) }
        guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
        return DeviceNumber(major: major, minor: minor)
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
