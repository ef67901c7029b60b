// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import Glibc

/// Which programs the running kernel can take, computed from its BTF before anything is loaded.
public struct ProbePlan: Sendable {
    /// The compilation of the BPF source that fits; see `bpf/kernel_flavours.bpf.h`.
    public enum Flavour: String, Sendable {
        /// 6.2 and later.
        case modern
        /// As modern, for settings as they nearly always are: fewer instructions.
        case plain
        /// As modern, where preempt_count cannot be reached: contexts are inferred from handlers entered.
        case inferring
        /// 5.10 and later.
        case baseline
    }

    public internal(set) var flavour: Flavour
    /// By which rule this kernel's `iomap_dio_bio_end_io` decides how an I/O completes.
    public let completionRule: CompletionRule
    /// preempt_count also counts the disabling of interrupts, and has its other counts elsewhere for it (7.3): by a variable
    /// that came with it. Only until a CPU had its first interrupt, which shows it.
    let countsIRQDisabling: Bool
    /// Small reads take a path of their own, past `iomap_dio_rw` (7.3).
    public let hasSimpleReads: Bool
    public private(set) var programs: [Entry]
    /// How a layer's bio is followed to the I/O that it was made for.
    let links: KernelLinks
    /// Variables of the kernel that the modern flavour reads.
    private let variables: [String]
    /// BPF programs can be attached to functions without perf (0dcac2725406, 5.18).
    private let hasProbeLinks: Bool
    /// The BTF number of a function that a program could attach to; see `KernelBTF.number`.
    private let someFunction: UInt32?

    /// A program with why it is left out, `nil` = it is not.
    public struct Entry: Sendable {
        public let program: ProbeProgram
        public var refusal: String?
        /// The kernel could never have it: another kernel's function, not a hole in what can be seen.
        public let isOtherKernels: Bool
    }

    /// - Parameter stackedDisks: some disk here gives its I/O to another: what looks at each of them costs 500
    ///   instructions an I/O, and has nothing to see elsewhere.
    public init(kernel btf: KernelBTF, stackedDisks: Bool = StackedDisks.exist()) {
        flavour = Self.flavour(for: btf)
        links = KernelLinks(kernel: btf)
        variables = Self.preemptCounts.filter(btf.hasVariable)
        completionRule = Self.completionRule(of: btf)
        countsIRQDisabling = btf.hasVariable("local_interrupt_disable_state")
        hasSimpleReads = btf.hasStructure("iomap_dio_simple")
        let hasLegacy = btf.hasFunction("__blockdev_direct_IO")
        let preempted = Self.preemptedKinds(btf)
        let table = ProbeProgram.all(preempted: preempted)
        someFunction = table.lazy.filter(\.isTrampoline).compactMap { btf.number(of: $0.target) }.first
        hasProbeLinks = btf.hasStructure("bpf_kprobe_multi_link")
        // What completes a stacked file's I/O for its user is such a work too: its ki_complete needs a witness.
        let witnessesUsers = KernelLinks.filesAreStacked && preempted.contains(.functionEntry)
        programs = table.map { program in
            let isOfUsers = witnessesUsers && Self.userWitnesses.contains(program.function)
            let isWanted = !program.function.hasPrefix("layer_") || stackedDisks || isOfUsers
            let refusal = isWanted ? Self.refusal(of: program, by: btf) : "no layers here"
            return Entry(
                program: program, refusal: refusal,
                isOtherKernels: !isWanted
                    || (program.function.hasPrefix("legacy_")
                        ? !hasLegacy : refusal != nil && Self.kernelDependent.contains(program.function))
            )
        }
        settle()
    }

    /// Of what calls a user's ki_complete.
    static let userWitnesses: Set<String> = ["layer_aio_witnessed", "layer_io_uring_witnessed"]

    /// Functions that come and go between kernels, without a loss where they are missing; so does fs/direct-io.c.
    private static let kernelDependent: Set<String> = [
        "simple_read_probed", "simple_bio_ended", "block_device_async_bio_ended", "request_issued_from_queue",
        "request_issued", "timer_entered", "timer_left", "layer_entered", "layer_entered_from_queue", "layer_throttled",
        "layer_throttled_by_all", "request_punted",
        "request_requeued", "request_requeued_from_queue", "submission_returned", "thread_served",
        "forced_thread_served", "quota_used_up", "quota_filled", "ext4_sync_entered", "ext4_sync_left",
        "work_activated", "waiting_work_activated", "inactive_work_activated", "awaited_bio_ended",
        "renamed_awaited_bio_ended", "simple_block_device_bio_ended", "layer_entry_witnessed",
        "layer_issue_witnessed",
    ]

    private static func refusal(of program: ProbeProgram, by btf: KernelBTF) -> String? {
        if ["timer_entered", "timer_left"].contains(program.function), flavour(for: btf) == .baseline {
            return "not safe in this kernel"
        }
        // Each work is activated, and few are later than they are queued: least of all where so many more may run at once.
        if program.function == "work_activated", !btf.hasMember("max_active", of: "pool_workqueue") {
            return "work items of this kernel seldom wait for others to end"
        }
        switch program.kind {
        case .tracepoint:
            guard let count = btf.tracepointParameterCount(program.target) else { return "not in this kernel" }
            // The first is the tracepoint's own data; before 5.11 a queue came before the request, or the bio; before 6.0
            // a context before io_uring's request.
            switch program.function {
            case "request_issued" where count != 2, "request_issued_from_queue" where count != 3,
                "layer_issue_witnessed" where count != 2, "layer_entry_witnessed" where count != 2,
                "layer_entered" where count != 2, "layer_entered_from_queue" where count != 3,
                "request_punted" where count != 3,
                "request_requeued" where count != 2, "request_requeued_from_queue" where count != 3:
                return "other arguments in this kernel"
            default: return nil
            }
        case .functionEntry, .functionExit:
            guard let count = btf.parameterCount(of: program.target) else { return "not in this kernel" }
            return count > 6 ? "more arguments than \(program.kind.rawValue) takes" : nil
        case .kprobe:
            return btf.hasFunction(program.target) ? nil : "not in this kernel"
        }
    }

    /// In which programs a task can be preempted. Not in BTF itself: kernels that read tracepoints under SRCU alone (7.0)
    /// also keep RCU Tasks Trace in an SRCU of its own, whose per-CPU data BTF has. PREEMPT_RT preempts in a function
    /// and so in the program at its entry, but not in a tracepoint before that.
    private static func preemptedKinds(_ btf: KernelBTF) -> Set<ProbeProgram.Kind> {
        if btf.hasVariable("tracepoint_srcu_srcu_data") && btf.hasVariable("rcu_tasks_trace_srcu_struct_srcu_data") {
            return [.tracepoint, .functionEntry]
        }
        return btf.hasMember("softirq_disable_cnt", of: "task_struct") ? [.functionEntry] : []
    }

    private static func flavour(for btf: KernelBTF) -> Flavour {
        guard btf.hasFunction("bpf_rdonly_cast") else { return .baseline }
        // On x86 a variable of each CPU, elsewhere with each task.
        let isKept = preemptCounts.contains(where: btf.hasVariable) || btf.hasMember("preempt_count", of: "thread_info")
        return isKept ? .modern : .inferring
    }

    private static let preemptCounts = ["__preempt_count", "pcpu_hot"]

    /// The kernel finds a variable's address only if it has its name too (`CONFIG_KALLSYMS_ALL`): known before it is
    /// tried, which would take as long as everything else.
    mutating func chooseFlavour(by symbols: KernelSymbols) {
        if flavour == .modern, variables.contains(where: { symbols.has($0) == false }) { flavour = .inferring }
        // Where contexts are inferred, timers' interrupts have to be seen for that.
        if let withoutOccupants, flavour == .modern { leaveOut("timer_entered", because: withoutOccupants) }
    }

    /// Read off what the structures of the time had; the flags themselves are not in BTF.
    private static func completionRule(of btf: KernelBTF) -> CompletionRule {
        guard btf.hasStructure("iomap_dio") else { return .unknown }
        if btf.hasMember("dio_complete", of: "kiocb") { return .flaggedInline }
        return btf.hasMember("ki_write_stream", of: "kiocb") ? .flaggedWork : .defersWrites
    }

    /// A program that can be attached and is not only there for want of a better one that can be, too.
    public var included: [ProbeProgram] {
        programs.filter { $0.refusal == nil && !isSpare($0.program) }.map(\.program)
    }

    /// Left out because a better program does the same.
    public func isSpare(_ program: ProbeProgram) -> Bool {
        program.insteadOf.contains { better in programs.contains { $0.program.function == better && $0.refusal == nil }
        }
    }

    /// A kernel that loads a kprobe may still refuse to attach it; does another program then take over, or can it be done without?
    func mustBeTried(_ program: ProbeProgram) -> Bool {
        guard program.kind == .kprobe else { return false }
        return attachesByLinks
            || programs.contains { $0.refusal == nil && $0.program.insteadOf.contains(program.function) }
    }

    /// Programs that are missed: nothing stands in for them.
    public var missed: [Entry] {
        programs.filter { entry in
            guard entry.refusal != nil, !entry.isOtherKernels, !isSpare(entry.program) else { return false }
            return !included.contains { $0.insteadOf.contains(entry.program.function) }
        }
    }

    /// What is not seen without these, in words, each once.
    public var blindTo: [String] {
        var seen: Set<String> = []
        let other = includes("ext4_sync_entered") ? ["fsync and fdatasync of file systems other than ext4"] : []
        return (missed.map(\.program.blindWithout) + other).filter { seen.insert($0).inserted }
    }

    /// Why nothing can be recorded: of all programs that let I/Os in, or that end them, none is left.
    public var missingEssential: Entry? {
        for role in [ProbeProgram.Role.begins, .completes] where !included.contains(where: { $0.role == role }) {
            return programs.first { $0.program.role == role }
        }
        return missingFileSystems
    }

    /// Without any way into iomap ext4, xfs and most others would have no I/Os, and a report of the rest would be taken for all.
    private var missingFileSystems: Entry? {
        let ways = programs.filter { $0.program.role == .begins && $0.program.blindWithout == ProbeProgram.iomap }
        guard !ways.contains(where: { $0.refusal == nil }) else { return nil }
        return ways.last { !$0.isOtherKernels } ?? ways.last
    }

    public func includes(_ function: String) -> Bool {
        included.contains { $0.function == function }
    }

    /// fsync and fdatasync are seen, of all file systems or at least of ext4.
    public var seesSyncs: Bool { includes("sync_entered") || includes("ext4_sync_entered") }

    /// What comes to each disk of a stack is seen.
    public var seesLayers: Bool { includes("layer_entered") || includes("layer_entered_from_queue") }

    /// Works that waited because their workqueue ran as many as it may are seen to be activated, and no others.
    public var activatesWorks: Bool { includes("waiting_work_activated") || includes("inactive_work_activated") }

    /// Programs with a witness, a second one that does what the kernel skips: a bit each.
    var witnessed: UInt32 {
        let witnesses: [(String, probe_witnessed)] = [
            ("work_start_witnessed", PROBE_WITNESSED_START), ("layer_entry_witnessed", PROBE_WITNESSED_LAYER_ENTRY),
            ("layer_issue_witnessed", PROBE_WITNESSED_ISSUE), ("layer_disk_done_witnessed", PROBE_WITNESSED_DISK_DONE),
            ("layer_end_witnessed", PROBE_WITNESSED_END),
        ]
        return witnesses.filter { includes($0.0) }.reduce(0) { $0 | 1 << $1.1.rawValue }
    }

    /// In pauses I/Os of iomap are counted by a program of its own.
    var countsApart: Bool { includes("dio_counted") && includes("dio_rw_probed") }

    /// Occupants are known: task switches and work items are seen.
    public var runsClocks: Bool { includes("task_switched") && includes("work_started") && includes("work_ended") }

    /// Why occupants are not recorded.
    private var withoutOccupants: String?

    /// Occupants are not wanted: no program at task switches and at the end of work items, and fewer clocks to read.
    public mutating func leaveOutOccupants(because reason: String) {
        withoutOccupants = reason
        leaveOut("task_switched", because: reason)
        leaveOut("work_ended", because: reason)
        leaveOut("quota_used_up", because: reason)
    }

    /// Leaves a program out, e.g. after the kernel refused it.
    public mutating func leaveOut(_ function: String, because reason: String) {
        leaveOut(because: reason) { $0.function == function }
    }

    /// Leaves out every program at a function's entry or exit when one of them is not permitted: a lockdown refuses them
    /// all, and to try each would mean to load each time anew.
    mutating func leaveOut(notPermitted function: String, because reason: String) {
        let isOfFunction = programs.contains { $0.program.function == function && $0.program.isTrampoline }
        leaveOut(because: reason) { $0.function == function || isOfFunction && $0.isTrampoline }
    }

    /// The same before anything is loaded.
    mutating func leaveOutTrampolinesIfNotPermitted() {
        guard let someFunction, Trampoline.isNotPermitted(at: someFunction) else { return }
        leaveOut(because: Self.refused(-EPERM), where: \.isTrampoline)
    }

    /// Kprobes that cannot be had by perf_event_open are attached by links of BPF's own (since 5.18); where there are none, they are left
    /// out.
    mutating func attachByLinks(ifRefused isRefused: Bool) {
        guard isRefused else { return }
        if hasProbeLinks {
            attachesByLinks = true
        } else {
            leaveOut(because: Self.perfRefused) { $0.kind == .kprobe }
        }
    }

    /// perf_event_open is of no use here.
    private(set) var attachesByLinks = false
    public static let perfRefused = "perf_event_open is refused (kernel.perf_event_paranoid) without CAP_SYS_ADMIN"

    /// Why a program is left out that the kernel did not load.
    static func refused(_ status: Int32) -> String { "refused by the kernel: \(errorText(status))" }

    private mutating func leaveOut(because reason: String, where isMeant: (ProbeProgram) -> Bool) {
        for index in programs.indices where isMeant(programs[index].program) {
            programs[index].refusal = programs[index].refusal ?? reason
        }
        settle()
    }

    /// Leaves out what is of no use without a program that is left out.
    private mutating func settle() {
        for group in ProbeProgram.partners {
            let members = programs.indices.filter { group.contains(programs[$0].program.function) }
            let refused = members.filter { programs[$0].refusal != nil && !programs[$0].isOtherKernels }
            guard let gone = refused.first else { continue }
            let reason = "of no use without \(programs[gone].program.place)"
            for index in members where programs[index].refusal == nil && isPartnerOnly(index, in: group) {
                programs[index].refusal = reason
            }
        }
    }

    /// A program in several groups goes only with the last of them.
    private func isPartnerOnly(_ index: Int, in group: [String]) -> Bool {
        let function = programs[index].program.function
        return ProbeProgram.partners.filter { $0.contains(function) }.allSatisfy { other in
            other == group
                || programs.contains { other.contains($0.program.function) && $0.refusal != nil }
        }
    }
}
