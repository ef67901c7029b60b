// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// Which programs the running kernel can take, computed from its BTF before anything is loaded.
public struct ProbePlan: Sendable {
    /// The compilation of the BPF source that fits; see `bpf/kernel_flavours.bpf.h`.
    public enum Flavour: String, Sendable {
        /// 6.2 and later.
        case modern
        /// As modern, where preempt_count cannot be reached: contexts are inferred from handlers entered.
        case inferring
        /// 5.10 and later.
        case baseline
    }

    public internal(set) var flavour: Flavour
    /// By which rule this kernel's `iomap_dio_bio_end_io` decides how an I/O completes.
    public let completionRule: CompletionRule
    /// Small reads take a path of their own, past `iomap_dio_rw` (7.3).
    public let hasSimpleReads: Bool
    public private(set) var programs: [Entry]

    /// A program with why it is left out, `nil` = it is in.
    public struct Entry: Sendable {
        public let program: ProbeProgram
        public var refusal: String?
    }

    public init(kernel btf: KernelBTF) {
        flavour = Self.flavour(for: btf)
        completionRule = Self.completionRule(of: btf)
        hasSimpleReads = btf.hasStructure("iomap_dio_simple")
        programs = ProbeProgram.all.map { program in
            let isThere =
                switch program.kind {
                case .tracepoint: btf.hasTracepoint(program.target)
                case .functionEntry: btf.hasFunction(program.target)
                }
            return Entry(program: program, refusal: isThere ? nil : "not in this kernel")
        }
    }

    private static func flavour(for btf: KernelBTF) -> Flavour {
        guard btf.hasFunction("bpf_rdonly_cast") else { return .baseline }
        let showsPreemptCount = btf.hasVariable("__preempt_count") || btf.hasVariable("pcpu_hot")
        return showsPreemptCount ? .modern : .inferring
    }

    /// Read off what the structures of the time had; the flags themselves are not in BTF.
    private static func completionRule(of btf: KernelBTF) -> CompletionRule {
        guard btf.hasStructure("iomap_dio") else { return .unknown }
        if btf.hasMember("dio_complete", of: "kiocb") { return .flaggedInline }
        return btf.hasMember("ki_write_stream", of: "kiocb") ? .flaggedWork : .defersWrites
    }

    public var included: [ProbeProgram] {
        programs.filter { $0.refusal == nil }.map(\.program)
    }

    /// An essential program that is left out: nothing can be recorded.
    public var missingEssential: Entry? {
        programs.first { $0.program.isEssential && $0.refusal != nil }
    }

    public func includes(_ function: String) -> Bool {
        included.contains { $0.function == function }
    }

    /// Leaves a program out, e.g. after the kernel refused it. A program whose partner is gone goes with it: without
    /// the exit of an interrupt, its entry would be taken for that of a later one.
    public mutating func leaveOut(_ function: String, because reason: String) {
        let partners = [["irq_entered", "irq_left"], ["softirq_entered", "softirq_left"]]
        let gone = partners.first { $0.contains(function) } ?? [function]
        for index in programs.indices where gone.contains(programs[index].program.function) {
            programs[index].refusal = programs[index].refusal ?? reason
        }
    }
}
