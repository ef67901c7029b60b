// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import FoundationEssentials
import Glibc
import Host
import Probes

/// On which file systems files were opened with `O_DIRECT`; their names are looked up while they are mounted.
struct DirectOpens {
    private var counts: [DeviceNumber: DirectOpenCount]?
    private var names: [DeviceNumber: DeviceName] = [:]

    mutating func note(_ opens: [DeviceNumber: DirectOpenCount]?) {
        guard let opens else { return }
        counts = opens
        let new = opens.keys.filter { names[$0]?.fileSystem == nil }
        guard !new.isEmpty else { return }
        let mounts = DeviceNames()
        for device in new { names[device] = mounts.name(of: device) }
    }

    /// Takes in what was opened before, where nothing was opened since. Looks for some tenths of a second at most.
    mutating func noteOpen(passing filter: ProbeFilter, procfs: String = "/proc") {
        // Which file it is cannot be read there.
        guard let counts, filter.inode == nil else { return }
        let end = HostClock.monotonic + Self.patience
        var open: [DeviceNumber: DirectOpenCount] = [:]
        let wanted = filter.processes.isEmpty ? Procfs.numbers(in: procfs) : filter.processes
        for process in wanted where process != getpid() && HostClock.monotonic < end {
            Self.count(filesOf: "\(procfs)/\(process)", in: &open)
        }
        open = open.filter { filter.devices.isEmpty || filter.devices.contains($0.key) }
        note(counts.merging(open) { seen, _ in seen })
    }

    private static let patience: UInt64 = 300_000_000

    private static func count(filesOf process: String, in open: inout [DeviceNumber: DirectOpenCount]) {
        var mounts: [String: DeviceNumber]?
        for number in Procfs.numbers(in: process + "/fdinfo") {
            guard let text = try? String(contentsOfFile: "\(process)/fdinfo/\(number)", encoding: .utf8),
                let file = directFile(text)
            else { continue }
            let known = mounts ?? DeviceNames(mountinfo: process + "/mountinfo").deviceByMount
            mounts = known
            guard let device = known[String(file.mount)] else { continue }
            open[device, default: DirectOpenCount()].files += 1
            if file.isForWriting { open[device, default: DirectOpenCount()].forWriting += 1 }
        }
    }

    /// The number of the mount of a file that is open with `O_DIRECT`.
    static func directFile(_ text: String) -> (mount: Substring, isForWriting: Bool)? {
        let fields = Procfs.fields(of: text)
        guard let flags = fields["flags"].flatMap({ Int32($0, radix: 8) }), flags & OpenFileInfo.direct != 0,
            let mount = fields["mnt_id"]
        else { return nil }
        return (mount, flags & O_ACCMODE != O_RDONLY)
    }

    /// The most first; `nil` when it was not looked for.
    var files: [OtherIO.DirectFiles]? {
        counts.map { counts in
            counts.sorted {
                ($1.value.files, $0.key.kernelNumber) < ($0.value.files, $1.key.kernelNumber)
            }.map { device, count in
                OtherIO.DirectFiles(
                    device: device, fileSystem: names[device]?.fileSystem, mountPoint: names[device]?.mountPoint,
                    files: count.files, forWriting: count.forWriting)
            }
        }
    }
}
