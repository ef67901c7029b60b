// SPDX-License-Identifier: GPL-2.0-only

import CLibbpf
import Glibc

/// BPF's way to attach programs to the entry and the exit of functions, which a lockdown refuses.
enum Trampoline {
    /// Loads a program of two instructions for a function's entry, which does nothing and is gone at once: to find out
    /// by loading what is wanted would take as long as everything else.
    /// - Parameter number: of the function, in the kernel's BTF.
    static func isNotPermitted(at number: UInt32) -> Bool {
        // r0 = 0; exit
        let code: [UInt64] = [0xb7, 0x95]
        var options = bpf_prog_load_opts()
        options.sz = MemoryLayout<bpf_prog_load_opts>.size
        options.expected_attach_type = BPF_TRACE_FENTRY
        options.attach_btf_id = number
        let descriptor = code.withUnsafeBytes {
            bpf_prog_load(
                BPF_PROG_TYPE_TRACING, "trampoline", "GPL", $0.baseAddress?.assumingMemoryBound(to: bpf_insn.self),
                code.count, &options)
        }
        guard descriptor < 0 else {
            close(descriptor)
            return false
        }
        return descriptor == -EPERM
    }
}
