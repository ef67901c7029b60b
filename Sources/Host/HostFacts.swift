// SPDX-License-Identifier: GPL-2.0-only

import FoundationEssentials
import Glibc

/// The machine that dioscope runs on.
public enum HostFacts {
    /// `uname`: host, kernel release, machine.
    public static func names() -> (host: String, kernel: String, machine: String) {
        var names = utsname()
        uname(&names)
        return (text(&names.nodename), text(&names.release), text(&names.machine))
    }

    public static var cpuCount: Int { Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Nanoseconds that a hypervisor has kept from the CPUs, all together: steal of /proc/stat.
    public static var stolen: UInt64? {
        let ticks = line(of: "/proc/stat")?.split(separator: " ").dropFirst(8).first.flatMap { UInt64($0) }
        let perSecond = UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
        return ticks.map { $0 &* (1_000_000_000 / perSecond) }
    }

    /// A hypervisor runs it; `nil` where its CPUs do not say so (others than x86).
    public static var isVirtual: Bool? {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let flags = text.split(separator: "\n").first { $0.hasPrefix("flags") }
        return flags.map { $0.split(separator: " ").contains("hypervisor") }
    }

    /// CPUs that this process may run on.
    public static var usableCPUs: Int {
        // "Cpus_allowed:\tff,ffffffff": the kernel's word, for Foundation counts those that are online.
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let mask = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") } ?? ""
        let count = mask.drop { $0 != "\t" }.reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
        return count > 0 ? count : cpuCount
    }

    /// Whether threads have the numbers here that the kernel's probes see; PROC_PID_INIT_INO has always been this.
    public static var isInFirstPidNamespace: Bool {
        let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
        return link == nil || link == "pid:[4026531836]"
    }

    /// The first line of a file of procfs or sysfs; `nil` when it is empty or cannot be read.
    public static func line(of path: String) -> String? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        let line = text.prefix { !$0.isNewline }
        return line.isEmpty ? nil : String(line)
    }

    private static func text<T>(_ field: inout T) -> String {
        withUnsafeBytes(of: &field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
