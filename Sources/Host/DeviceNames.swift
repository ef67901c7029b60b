// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import FoundationEssentials
import Glibc

/// Names of devices and of the file systems on them, from mountinfo and sysfs.
public struct DeviceNames {
    private struct Mount {
        let device: DeviceNumber
        let mountPoint: String
        let fileSystem: String
        /// e.g. `/dev/nvme0n1`; of file systems without a device whatever they were given.
        let source: String
        let number: String
        let options: String
    }

    private let mounts: [Mount]

    /// - Parameter mountinfo: the file of the process whose mounts they are.
    public init(mountinfo: String = "/proc/self/mountinfo") {
        let text = (try? String(contentsOfFile: mountinfo, encoding: .utf8)) ?? ""
        mounts = text.split(separator: "\n").compactMap { Self.mount(of: $0) }
    }

    public func name(of device: DeviceNumber) -> DeviceName {
        let mount = mounts.first { $0.device == device }
        let name = Self.kernelName(of: device) ?? mount.flatMap { kernelName(below: $0, depth: 0) }
        return DeviceName(
            device: device, name: name, fileSystem: mount?.fileSystem, mountPoint: mount?.mountPoint,
            layer: name.flatMap { LayerKinds.kind(of: $0) }, mapped: name.flatMap { LayerKinds.mapped($0) })
    }

    /// The device below a file system without a number of its own: btrfs was mounted from it, and overlayfs keeps
    /// what is written in the file system of its upper directory.
    private func kernelName(below mount: Mount, depth: Int) -> String? {
        if let device = Self.blockDevice(mount.source) { return Self.kernelName(of: device) }
        guard depth < 4, let upper = upper(of: mount), let below = self.mount(upper) else { return nil }
        return Self.kernelName(of: below.device) ?? kernelName(below: below, depth: depth + 1)
    }

    private static func blockDevice(_ path: String) -> DeviceNumber? {
        var status = stat()
        guard path.hasPrefix("/"), stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFBLK else { return nil }
        return DeviceNumber(userNumber: UInt64(status.st_rdev))
    }

    /// The mount that a path is in, by the file's own account: `stat` has another number for btrfs and overlayfs.
    private func mount(_ path: String) -> Mount? {
        FileIdentity.mountNumber(of: path).flatMap { number in mounts.first { $0.number == number } }
    }

    /// By the number of a mount, as `fdinfo` has it: the device of its file system. None for `/dev`, where a file is a
    /// device itself.
    public var deviceByMount: [String: DeviceNumber] {
        Dictionary(
            mounts.filter { $0.fileSystem != "devtmpfs" }.map { ($0.number, $0.device) }, uniquingKeysWith: { $1 })
    }

    /// What a file is in, or would be: the kind of file system, where that is mounted, and with which options of its own.
    public func fileSystem(of path: String) -> (kind: String, mountPoint: String, options: [Substring])? {
        let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        return (mount(path) ?? mount(directory)).map {
            ($0.fileSystem, $0.mountPoint, $0.options.split(separator: ","))
        }
    }

    private func upper(of mount: Mount) -> String? {
        guard mount.fileSystem == "overlay" else { return nil }
        return mount.options.split(separator: ",").first { $0.hasPrefix("upperdir=") }.map {
            String($0.dropFirst("upperdir=".count))
        }
    }

    /// The file systems in which the I/Os to a file begin: its own, and below overlayfs the one of its upper directory.
    public func superBlocks(of path: String) -> [DeviceNumber] {
        var (found, next) = ([DeviceNumber](), mount(path))
        while let mount = next, found.count < 4 {
            found.append(mount.device)
            next = upper(of: mount).flatMap { self.mount($0) }
        }
        return found
    }

    /// The device numbers that I/Os carry whose file system was made on this device, or keeps its files on it.
    public func superBlocks(on device: DeviceNumber) -> [DeviceNumber] {
        guard let name = Self.kernelName(of: device) else { return [device] }
        let members = Self.membersOfFileSystem(with: name)
        let anonymous = mounts.filter { mount in
            mount.device.major == 0 && kernelName(below: mount, depth: 0).map(members.contains) == true
        }
        return anonymous.map(\.device).reduce(into: [device]) { if !$0.contains($1) { $0.append($1) } }
    }

    /// A btrfs may have several devices, of which it is mounted by one.
    private static func membersOfFileSystem(with device: String, in directory: String = "/sys/fs/btrfs") -> [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for fileSystem in all {
            let members = try? FileManager.default.contentsOfDirectory(atPath: "\(directory)/\(fileSystem)/devices")
            if let members, members.contains(device) { return members }
        }
        return [device]
    }

    /// Loop devices whose file is in one of these file systems, or is one of these devices.
    public func loops(over devices: [DeviceNumber]) -> [DeviceNumber] {
        let disks = (try? FileManager.default.contentsOfDirectory(atPath: "/sys/block")) ?? []
        var found: [DeviceNumber] = []
        for disk in disks where disk.hasPrefix("loop") {
            let text = try? String(contentsOfFile: "/sys/block/\(disk)/loop/backing_file", encoding: .utf8)
            guard let file = text.map({ String($0.prefix { !$0.isNewline }) }) else { continue }
            let below = Self.blockDevice(file).map { [$0] } ?? superBlocks(of: file)
            guard !Set(below).isDisjoint(with: devices), let number = Self.kernelNumber(of: disk) else { continue }
            found.append(number)
        }
        return found
    }

    /// `36 35 98:0 / /mnt rw,noatime shared:1 - ext4 /dev/x rw`: the fields before the dash vary in number.
    private static func mount(of line: Substring) -> Mount? {
        let halves = line.split(separator: " - ", maxSplits: 1)
        guard halves.count == 2 else { return nil }
        let fields = halves[0].split(separator: " ")
        guard fields.count > 4, let device = DeviceNumber(fields[2]) else { return nil }
        let about = halves[1].split(separator: " ")
        return Mount(
            device: device, mountPoint: String(fields[4]), fileSystem: about.first.map(String.init) ?? "",
            source: about.count > 1 ? String(about[1]) : "", number: String(fields[0]),
            options: about.count > 2 ? String(about[2]) : "")
    }

    /// The last part of where `/sys/dev/block/M:N` points to.
    public static func kernelName(of device: DeviceNumber) -> String? {
        let link = "/sys/dev/block/\(device)"
        guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: link) else {
            return disk(of: device) ?? (device.major == blockExtended ? hiddenDisk() : nil)
        }
        return target.split(separator: "/").last.map(String.init)
    }

    /// The major number of disks that have none of their own.
    private static let blockExtended: UInt32 = 259

    /// A path of a disk that has several is hidden: `/sys/dev/block` does not have its number, the statistics do.
    static func disk(of device: DeviceNumber, statistics: String = "/proc/diskstats") -> String? {
        let text = (try? String(contentsOfFile: statistics, encoding: .utf8)) ?? ""
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3)
            guard words.count == 4, let major = UInt32(words[0]), let minor = UInt32(words[1]) else { continue }
            if DeviceNumber(major: major, minor: minor) == device { return String(words[2]) }
        }
        return nil
    }

    /// The same of kernels whose statistics have no number for it. Only one can be meant.
    static func hiddenDisk(in directory: String = "/sys/block") -> String? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let hidden = names.filter { name in
            let text = try? String(contentsOfFile: "\(directory)/\(name)/hidden", encoding: .utf8)
            return text?.hasPrefix("1") == true
        }
        return hidden.count == 1 ? hidden[0] : nil
    }

    private static func kernelNumber(of name: String) -> DeviceNumber? {
        let text = try? String(contentsOfFile: "/sys/class/block/\(name)/dev", encoding: .utf8)
        return text.flatMap { DeviceNumber($0.prefix { !$0.isNewline }) }
    }

    private static let mostLayers = 4096

    /// This device, its partitions, all devices that are made of these, directly or through others, and their partitions:
    /// LVM on a disk, a mirror on two, and volumes on a partition of that.
    public static func stack(on device: DeviceNumber) -> [DeviceNumber] {
        var found = withPartitions(device)
        var (seen, next) = (Set(found), found)
        while let one = next.popLast(), found.count < mostLayers {
            let holders = "/sys/dev/block/\(one)/holders"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: holders)) ?? []
            for number in names.compactMap({ kernelNumber(of: $0) }).flatMap(withPartitions)
            where seen.insert(number).inserted {
                found.append(number)
                next.append(number)
            }
        }
        return found
    }

    /// The device and, when it is a whole disk, its partitions.
    private static func withPartitions(_ device: DeviceNumber) -> [DeviceNumber] {
        let directory = "/sys/dev/block/\(device)"
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let partitions = entries.filter {
            FileManager.default.fileExists(atPath: "\(directory)/\($0)/partition")
        }
        return [device]
            + partitions.compactMap {
                let number = try? String(contentsOfFile: "\(directory)/\($0)/dev", encoding: .utf8)
                return number.flatMap { DeviceNumber($0.prefix { !$0.isNewline }) }
            }
    }
}

extension DeviceNumber {
    /// From `MAJOR:MINOR`.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let major = UInt32(parts[0]), let minor = UInt32(parts[1]),
            major < 1 << 12, minor < 1 << 20
        else { return nil }
        self.init(major: major, minor: minor)
    }

    /// From a `dev_t` as `stat` gives it.
    public init(userNumber: UInt64) {
        self.init(
            major: UInt32(truncatingIfNeeded: (userNumber >> 8 & 0xfff) | (userNumber >> 32 & ~0xfff)),
            minor: UInt32(truncatingIfNeeded: (userNumber & 0xff) | (userNumber >> 12 & ~0xff)))
    }
}
