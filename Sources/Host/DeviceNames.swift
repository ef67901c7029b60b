// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import FoundationEssentials

/// Names of devices and of the file systems on them, from mountinfo and sysfs.
public struct DeviceNames {
    private struct Mount {
        let device: DeviceNumber
        let mountPoint: String
        let fileSystem: String
    }

    private let mounts: [Mount]

    public init() {
        let text = (try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)) ?? ""
        mounts = text.split(separator: "\n").compactMap { Self.mount(of: $0) }
    }

    public func name(of device: DeviceNumber) -> DeviceName {
        let mount = mounts.first { $0.device == device }
        return DeviceName(
            device: device, name: Self.kernelName(of: device), fileSystem: mount?.fileSystem,
            mountPoint: mount?.mountPoint)
    }

    /// `36 35 98:0 / /mnt rw,noatime shared:1 - ext4 /dev/x rw`: the fields before the dash vary in number.
    private static func mount(of line: Substring) -> Mount? {
        let halves = line.split(separator: " - ", maxSplits: 1)
        guard halves.count == 2 else { return nil }
        let fields = halves[0].split(separator: " ")
        guard fields.count > 4, let device = DeviceNumber(fields[2]) else { return nil }
        return Mount(
            device: device, mountPoint: String(fields[4]),
            fileSystem: String(halves[1].prefix { $0 != " " }))
    }

    /// The last part of where `/sys/dev/block/M:N` points to.
    public static func kernelName(of device: DeviceNumber) -> String? {
        let link = "/sys/dev/block/\(device)"
        guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: link) else { return nil }
        return target.split(separator: "/").last.map(String.init)
    }

    /// The device and, when it is a whole disk, its partitions.
    public static func withPartitions(_ device: DeviceNumber) -> [DeviceNumber] {
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
