// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import FoundationEssentials
import Glibc
import Host

/// On which file systems files were opened with `O_DIRECT`; their names are looked up while they are mounted.
struct DirectOpens {
    private var counts: [DeviceNumber: UInt64]?
    private var names: [DeviceNumber: DeviceName] = [:]

    mutating func note(_ opens: [DeviceNumber: UInt64]?) {
        guard let opens else { return }
        counts = opens
        let new = opens.keys.filter { names[$0]?.fileSystem == nil }
        guard !new.isEmpty else { return }
        let mounts = DeviceNames()
        for device in new { names[device] = mounts.name(of: device) }
    }

    /// Takes in what was opened before, where nothing was opened since. Looks for some tenths of a second at most.
    /// - Parameter processes: whose; empty: everybody's.
    mutating func noteOpen(by processes: [Int32], procfs: String = "/proc") {
        guard let counts else { return }
        let end = HostClock.monotonic + Self.patience
        var open: [DeviceNumber: UInt64] = [:]
        let wanted = processes.isEmpty ? Procfs.numbers(in: procfs) : processes
        for process in wanted where process != getpid() && HostClock.monotonic < end {
            Self.count(filesOf: "\(procfs)/\(process)", in: &open)
        }
        note(counts.merging(open) { seen, _ in seen })
    }

    private static let patience: UInt64 = 300_000_000

    private static func count(filesOf process: String, in open: inout [DeviceNumber: UInt64]) {
        var mounts: [String: DeviceNumber]?
        for number in Procfs.numbers(in: process + "/fdinfo") {
            guard let text = try? String(contentsOfFile: "\(process)/fdinfo/\(number)", encoding: .utf8),
                let mount = mountOfDirectFile(text)
            else { continue }
            let known = mounts ?? DeviceNames(mountinfo: process + "/mountinfo").deviceByMount
            mounts = known
            if let device = known[String(mount)] { open[device, default: 0] += 1 }
        }
    }

    /// The number of the mount of a file that is open with `O_DIRECT`.
    static func mountOfDirectFile(_ text: String) -> Substring? {
        let fields = Procfs.fields(of: text)
        guard let flags = fields["flags"].flatMap({ Int32($0, radix: 8) }), flags & OpenFileInfo.direct != 0 else {
            return nil
        }
        return fields["mnt_id"]
    }

    /// The most first; `nil` when it was not looked for.
    var files: [OtherIO.DirectFiles]? {
        counts.map { counts in
            counts.sorted { ($1.value, $0.key.kernelNumber) < ($0.value, $1.key.kernelNumber) }.map { device, files in
                OtherIO.DirectFiles(
                    device: device, fileSystem: names[device]?.fileSystem, mountPoint: names[device]?.mountPoint,
                    files: files)
            }
        }
    }
}
