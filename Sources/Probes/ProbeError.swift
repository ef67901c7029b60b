// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// Why recording cannot start or go on. One line each; `hint` says what to do.
public enum ProbeError: Error, CustomStringConvertible {
    /// The kernel has no BTF.
    case noBTF
    /// A program without which there is nothing to record is missing.
    case missingEssential(place: String, reason: String)
    /// Neither root nor the capabilities: see `KernelAccess.mayLoadPrograms`.
    case notPermitted
    /// Addresses of functions are hidden: see `KernelAccess.mayRecord`.
    case hiddenAddresses
    /// libbpf or the kernel refused a step.
    case refused(step: String, errno: Int32, detail: String)

    private static let privilegesHint =
        "run as root (sudo dioscope ...), or give it what 'dioscope check' says"
    private static let filterHint =
        "a seccomp filter may refuse bpf() although there is CAP_BPF: docker run --security-opt seccomp=unconfined"
    private static let lockedMemoryHint =
        "before 5.11 maps count against the limit of locked memory: ulimit -l unlimited, or CAP_SYS_RESOURCE"

    public var description: String {
        switch self {
        case .noBTF:
            "no BTF: /sys/kernel/btf/vmlinux is missing or unreadable"
        case .missingEssential(let place, let reason):
            "cannot trace direct I/O on this kernel: \(place): \(reason)"
        case .notPermitted:
            "not permitted to load BPF programs"
        case .hiddenAddresses:
            "addresses of kernel functions are hidden: an issuer or a work item would be taken for another"
        case .refused(let step, let errno, let detail):
            "\(step) failed: \(errorText(errno))" + (detail.isEmpty ? "" : ": \(detail)")
        }
    }

    public var hint: String {
        switch self {
        case .noBTF: "a kernel built with CONFIG_DEBUG_INFO_BTF=y is needed; all of Debian's since 5.10 are"
        case .missingEssential: "'dioscope check' shows what this kernel offers"
        case .notPermitted: Self.privilegesHint
        case .hiddenAddresses: KernelAccess().has(.syslog) ? "sysctl kernel.kptr_restrict=1" : "give it CAP_SYSLOG"
        case .refused(_, EPERM, _) where KernelAccess().mayLoadPrograms:
            KernelAccess().isFiltered ? Self.filterHint : Self.lockedMemoryHint
        case .refused: "'dioscope check' shows what this kernel offers; --verbose shows libbpf's messages"
        }
    }
}
