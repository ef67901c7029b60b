// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import FoundationEssentials
import Glibc
import Host
import Sweep

/// The interrupts of a block device, and how to have them come to one CPU.
struct DeviceInterrupts {
    /// The disk, e.g. `nvme0n1`; `nil` when the file system has none.
    let disk: String?
    /// Those that end I/Os, as far as their names say.
    let numbers: [Int]

    /// - Parameter path: a directory, or the device itself.
    init(under path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            (disk, numbers) = (nil, [])
            return
        }
        let isDevice = status.st_mode & S_IFMT == S_IFBLK
        let device = DeviceNumber(userNumber: UInt64(isDevice ? status.st_rdev : status.st_dev))
        disk = DeviceNames.kernelName(of: device).map(Self.wholeDisk)
        numbers = disk.map(Self.interrupts) ?? []
    }

    private static func wholeDisk(_ name: String) -> String {
        guard FileManager.default.fileExists(atPath: "/sys/class/block/\(name)/partition"),
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/sys/class/block/\(name)")
        else { return name }
        let parts = target.split(separator: "/")
        return parts.count > 1 ? String(parts[parts.count - 2]) : name
    }

    /// The nearest device above the disk that has interrupts is its controller.
    private static func interrupts(of disk: String) -> [Int] {
        guard let resolved = realpath("/sys/class/block/\(disk)/device", nil) else { return [] }
        defer { free(resolved) }
        var parts = String(cString: resolved).split(separator: "/")
        while parts.count > 3 {
            let directory = "/" + parts.joined(separator: "/") + "/msi_irqs"
            if let names = try? FileManager.default.contentsOfDirectory(atPath: directory) {
                return names.compactMap { Int($0) }.sorted().filter(endsIOs)
            }
            parts.removeLast()
        }
        return []
    }

    /// Not the admin queue of NVMe, nor the interrupt for changes of virtio's configuration.
    private static func endsIOs(_ number: Int) -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/irq/\(number)")) ?? []
        return !names.contains { $0.hasPrefix("nvme") && $0.hasSuffix("q0") || $0.hasSuffix("-config") }
    }

    /// Where the first of them comes now.
    var firstCPU: UInt16? {
        numbers.lazy.compactMap { SwitchFile.read("/proc/irq/\($0)/effective_affinity_list") }
            .compactMap { Placement.cpus(in: $0.prefix { !$0.isNewline }).first }.first
    }

    /// The switches that have them come to a CPU. Those of interrupts whose place the kernel keeps cannot be written.
    /// Apart from fio, the block layer must not send completions back to where fio is.
    func switches(for placement: Placement) -> [(path: String, value: String)] {
        guard let cpu = placement.interrupt else { return [] }
        var wanted = numbers.map { (path: "/proc/irq/\($0)/smp_affinity_list", value: "\(cpu)") }
        if let disk, !Placement.cpus(in: placement.fio).contains(cpu) {
            wanted.append((path: "/sys/block/\(disk)/queue/rq_affinity", value: "0"))
        }
        return wanted
    }
}
