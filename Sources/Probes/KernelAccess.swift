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

    /// Is the address of a kernel function shown? `kernel.kptr_restrict` and `kernel.perf_event_paranoid` hide it from most users.
    public let showsAddresses: Bool

    /// A seccomp filter looks at system calls.
    public let isFiltered: Bool
    public let isInContainer: Bool

    /// By its number in the kernel.
    public enum Capability: UInt64, Sendable {
        case sysPtrace = 19
        case sysAdmin = 21
        case syslog = 34
        case perfmon = 38
        case bpf = 39

        public var name: String {
            switch self {
            case .sysPtrace: "CAP_SYS_PTRACE"
            case .sysAdmin: "CAP_SYS_ADMIN"
            case .syslog: "CAP_SYSLOG"
            case .perfmon: "CAP_PERFMON"
            case .bpf: "CAP_BPF"
            }
        }
    }

    public init() { self.init(status: Self.text(of: "/proc/self/status") ?? "", symbols: "/proc/kallsyms") }

    /// - Parameters:
    ///   - status: of a process, as in procfs.
    ///   - symbols: the file.
    init(status: String, symbols: String) {
        capabilities = Self.field("CapEff", of: status).flatMap { UInt64($0, radix: 16) } ?? 0
        isFiltered = Self.field("Seccomp", of: status) == "2"
        showsAddresses = Self.showsAddresses(in: symbols)
        lockdown = Self.lockdownState(in: Self.text(of: "/sys/kernel/security/lockdown"))
        var space = stat()
        // PROC_PID_INIT_INO, the inode number of the first pid namespace.
        isInInitialPIDNamespace = stat("/proc/self/ns/pid", &space) != 0 || space.st_ino == 0xefff_fffc
        // Docker and podman leave these.
        isInContainer =
            !isInInitialPIDNamespace || access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0
    }

    /// CAP_BPF and CAP_PERFMON (5.8 and later), or CAP_SYS_ADMIN instead of them.
    public var mayLoadPrograms: Bool { has(.sysAdmin) || has(.bpf) && has(.perfmon) }

    /// Programs may be loaded, and what they compare addresses with is known: without that an issuer, a work or an interrupt's thread
    /// would be taken for another.
    public var mayRecord: Bool { mayLoadPrograms && showsAddresses }

    /// Those without which nothing is recorded.
    public var missing: [Capability] {
        let loading = has(.sysAdmin) ? [] : [Capability.bpf, .perfmon].filter { !has($0) }
        return loading + (showsAddresses || has(.syslog) ? [] : [.syslog])
    }

    /// Those without which less is recorded, with what is not.
    public var wanting: [(capability: Capability, without: String)] {
        [
            (.sysPtrace, "files of other users' processes are numbers, not paths"),
            (.sysAdmin, "the kernel does not count what the probes cost: no --max-overhead, no --probe-cost"),
        ].filter { !has($0.0) }
    }

    public func has(_ capability: Capability) -> Bool {
        capabilities >> capability.rawValue & 1 == 1
    }

    /// Where they are hidden all are 0; the first few may be so by right.
    static func showsAddresses(in path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = max(0, read(descriptor, &buffer, buffer.count))
        return buffer[..<count].split(separator: UInt8(ascii: "\n")).contains { line in
            line.count > 18 && line.prefix(16).contains { $0 != UInt8(ascii: "0") }
        }
    }

    /// A line of `/proc/PID/status`.
    private static func field(_ name: String, of status: String) -> Substring? {
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name + ":") }) else { return nil }
        return line.dropFirst(name.count + 1).drop { $0 == "\t" || $0 == " " }
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
