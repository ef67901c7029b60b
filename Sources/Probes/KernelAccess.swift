// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// What this process may do with the running kernel.
public struct KernelAccess: Sendable {
    /// Effective capabilities, a bit mask as in `/proc/self/status`.
    public let capabilities: UInt64
    /// From `/sys/kernel/security/lockdown`; `nil` when the file cannot be read.
    public let lockdown: Lockdown?
    /// In the initial pid namespace process numbers are those that the probes see.
    public let isInInitialPIDNamespace: Bool

    public enum Lockdown: String, Sendable {
        case none, integrity, confidentiality
    }

    private enum Capability: UInt64 {
        case sysAdmin = 21
        case perfmon = 38
        case bpf = 39
    }

    public init() {
        capabilities = Self.effectiveCapabilities()
        lockdown = Self.lockdownState(in: Self.text(of: "/sys/kernel/security/lockdown"))
        var status = stat()
        // PROC_PID_INIT_INO, the inode number of the first pid namespace.
        isInInitialPIDNamespace = stat("/proc/self/ns/pid", &status) != 0 || status.st_ino == 0xefff_fffc
    }

    /// Root, CAP_SYS_ADMIN, or CAP_BPF and CAP_PERFMON (5.8 and later). With the last two libbpf before 1.3 still fails, as it
    /// looks through the BTF of modules.
    public var mayLoadPrograms: Bool {
        has(.sysAdmin) || (has(.bpf) && has(.perfmon))
    }

    private func has(_ capability: Capability) -> Bool {
        capabilities >> capability.rawValue & 1 == 1
    }

    private static func effectiveCapabilities() -> UInt64 {
        let lines = text(of: "/proc/self/status")?.split(separator: "\n") ?? []
        guard let line = lines.first(where: { $0.hasPrefix("CapEff:") }) else { return 0 }
        return UInt64(line.dropFirst("CapEff:".count).drop { $0 == "\t" || $0 == " " }, radix: 16) ?? 0
    }

    /// The file names all states and puts the one in force in brackets: `none [integrity] confidentiality`.
    static func lockdownState(in text: String?) -> Lockdown? {
        guard let text, let open = text.firstIndex(of: "["), let close = text[open...].firstIndex(of: "]") else {
            return nil
        }
        return Lockdown(rawValue: String(text[text.index(after: open)..<close]))
    }

    private static func text(of path: String) -> String? {
        contents(ofKernelFile: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
