// SPDX-License-Identifier: GPL-2.0-only

/// Why recording cannot start or go on. One line each; `hint` says what to do.
public enum ProbeError: Error, CustomStringConvertible {
    /// The kernel has no BTF.
    case noBTF
    /// A program without which there is nothing to record is missing.
    case missingEssential(place: String, reason: String)
    /// Neither root nor the capabilities: see `KernelAccess.mayLoadPrograms`.
    case notPermitted
    /// libbpf or the kernel refused a step.
    case refused(step: String, errno: Int32, detail: String)

    public var description: String {
        switch self {
        case .noBTF:
            "no BTF: /sys/kernel/btf/vmlinux is missing or unreadable"
        case .missingEssential(let place, let reason):
            "cannot trace direct I/O on this kernel: \(place): \(reason)"
        case .notPermitted:
            "not permitted to load BPF programs"
        case .refused(let step, let errno, let detail):
            "\(step) failed: \(errorText(errno))" + (detail.isEmpty ? "" : ": \(detail)")
        }
    }

    public var hint: String {
        switch self {
        case .noBTF: "a kernel built with CONFIG_DEBUG_INFO_BTF=y is needed; all of Debian's since 5.10 are"
        case .missingEssential: "'dioscope check' shows what this kernel offers"
        case .notPermitted: "run as root (sudo dioscope ...), or give it CAP_SYS_ADMIN"
        case .refused: "'dioscope check' shows what this kernel offers; --verbose shows libbpf's messages"
        }
    }
}
