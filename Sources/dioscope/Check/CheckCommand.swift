// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import DirectIO
import Host
import Probes

/// `dioscope check`: what can be recorded here, and what to do about the rest.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Show what can be traced on this kernel, what cannot be seen, and how to fix it.",
        discussion: """
            Needs no root; as root it also asks the kernel itself, by loading every probe and taking it out again.

            EXAMPLES
              dioscope check
              sudo dioscope check
              sudo dioscope check --json | jq .blind

            EXIT STATUS
              0    recording works here
              69   this kernel cannot do it
              77   more privileges are needed
            """)

    @Flag(help: "Print one JSON object: kernel, privileges, probes with why they are refused, and what is blind.")
    var json = false

    func run() throws {
        let access = KernelAccess()
        if json { return try printJSON(access) }
        let names = HostFacts.names()
        var lines = [line("kernel", "\(names.kernel) \(names.machine), \(HostFacts.cpuCount) CPUs")]
        lines += privilegeLines(access)
        lines += lockdownLines(access)
        guard let btf = KernelBTF() else {
            lines += [line("BTF", "none"), fix(ProbeError.noBTF.hint)]
            try Terminal.write(lines.joined(separator: "\n") + "\n")
            throw ExitCode(ExitStatus.unavailable.rawValue)
        }
        lines.append(line("BTF", "/sys/kernel/btf/vmlinux"))
        let (plan, failure) = planTried(ProbePlan(kernel: btf), access)
        lines += completionLines(plan) + probeLines(plan, wereTried: access.mayRecord && failure == nil, access)
        if let failure { lines += ["", "cannot record: \(failure)", fix(failure.hint)] }
        if failure == nil, let missing = plan.missingEssential {
            lines += ["", "cannot record: \(missing.program.place): \(missing.refusal ?? "")"]
        }
        try Terminal.write(lines.joined(separator: "\n") + "\n")
        if failure != nil || plan.missingEssential != nil { throw ExitCode(ExitStatus.unavailable.rawValue) }
        if !access.mayRecord { throw ExitCode(ExitStatus.notPermitted.rawValue) }
    }

    private func printJSON(_ access: KernelAccess) throws {
        let tried = KernelBTF().map { planTried(ProbePlan(kernel: $0), access) }
        let found = CheckFindings(access, plan: tried?.0, failure: tried?.1)
        try Terminal.write(try found.json() + "\n")
        if !found.canRecord {
            throw ExitCode((tried == nil || access.mayRecord ? ExitStatus.unavailable : .notPermitted).rawValue)
        }
    }

    /// With the privileges, the plan as the kernel really takes it.
    private func planTried(_ plan: ProbePlan, _ access: KernelAccess) -> (ProbePlan, ProbeError?) {
        guard access.mayRecord, plan.missingEssential == nil else { return (plan, nil) }
        do {
            return (try LiveProbes(plan: plan, filter: ProbeFilter(), sink: RecordSink()).plan, nil)
        } catch {
            return (plan, error)
        }
    }

    private func privilegeLines(_ access: KernelAccess) -> [String] {
        let missing = access.missing.map(\.name).joined(separator: ", ")
        var lines = [
            line("privileges", missing.isEmpty ? "enough to load BPF programs" : "not enough: \(missing) missing")
        ]
        if !missing.isEmpty { lines.append(fix("run as root, or with \(missing)")) }
        if !access.showsAddresses {
            lines.append(line("", ProbeError.hiddenAddresses.description))
            if access.has(.syslog) { lines.append(fix(ProbeError.hiddenAddresses.hint)) }
        }
        if !access.isInInitialPIDNamespace {
            lines.append(line("", "process numbers are not the kernel's: no filters by process, and no paths of files"))
        }
        if access.isInContainer, !access.mayRecord || !access.isInInitialPIDNamespace {
            lines.append(fix(containerCommand(access)))
        }
        return lines + access.wanting.map { line("", "without \($0.capability.name): \($0.without)") }
    }

    /// What works in a container.
    private func containerCommand(_ access: KernelAccess) -> String {
        let words = [
            "docker run --pid=host --cap-add=BPF --cap-add=PERFMON --cap-add=SYSLOG",
            access.isFiltered ? " --security-opt seccomp=unconfined" : "",
            " -v \"$PWD:/out\" -w /out IMAGE dioscope record -o run.dioscope --duration 10s",
        ]
        return words.joined()
    }

    private func lockdownLines(_ access: KernelAccess) -> [String] {
        switch access.lockdown {
        case .confidentiality:
            [
                line("lockdown", "confidentiality: fentry and kprobes are refused, tracepoints work"),
                fix("boot with lockdown=none, which may mean without Secure Boot"),
            ]
        case .some(let state): [line("lockdown", state.rawValue)]
        case nil: [line("lockdown", "not known: there is no /sys/kernel/security/lockdown to read here")]
        }
    }

    private func completionLines(_ plan: ProbePlan) -> [String] {
        let rule =
            switch plan.completionRule {
            case .defersWrites: ["every asynchronous write is completed in a kworker; reads inline in the interrupt"]
            case .flaggedInline:
                [
                    "reads inline in the interrupt; writes in a kworker, unless the issuer offered",
                    "to complete them itself (caller-comp; stable updates took that offer away)",
                ]
            case .flaggedWork:
                [
                    "reads and overwrites inline in the interrupt; writes that need more (new blocks, size,",
                    "sync, cached pages) in a kworker",
                ]
            case .unknown: ["unknown: this kernel has no struct iomap_dio"]
            }
        let simple = plan.hasSimpleReads ? ["small reads take the simple path, past iomap_dio_rw"] : []
        let texts = rule + simple
        return [line("completion", texts[0])] + texts.dropFirst().map { line("", $0) }
    }

    /// - Parameter wereTried: the kernel was asked; else the probes are only what its types would allow.
    private func probeLines(_ plan: ProbePlan, wereTried: Bool, _ access: KernelAccess) -> [String] {
        var lines = [""]
        lines += plan.included.map { wereTried ? "  ok  \($0.place)" : "  ??  \($0.place): not tried" }
        let blind = plan.missed
        lines += blind.map { "  --  \($0.program.place): \($0.refusal ?? "")" }
        let untried = ["", "not tried: whether the kernel takes the probes is not known without loading them"]
        if !wereTried { lines += untried }
        guard !blind.isEmpty else { return wereTried ? lines + ["", "no stage is blind"] : lines }
        return lines + ["", "blind"] + plan.blindTo.map { "  " + $0 } + remedies(for: blind, access)
    }

    private func remedies(for blind: [ProbePlan.Entry], _ access: KernelAccess) -> [String] {
        let refusals = blind.compactMap(\.refusal)
        var lines: [String] = []
        if refusals.contains(where: { $0.contains("not permitted") }) {
            lines.append(
                fix(
                    access.lockdown == .confidentiality
                        ? "a locked-down kernel refuses fentry and kprobes: boot with lockdown=none"
                        : "the kernel refuses fentry and kprobes, and does not say why: a hypervisor, a security module or its"
                            + " configuration may"))
        }
        if refusals.contains(ProbePlan.perfRefused) {
            lines.append(fix("sysctl kernel.perf_event_paranoid=2, or CAP_SYS_ADMIN"))
        }
        if refusals.contains("not in this kernel") {
            lines.append(fix("other kernels have these: iomap's tracepoints came with 6.5"))
        }
        return lines
    }

    private func line(_ name: String, _ text: String) -> String {
        name + String(repeating: " ", count: 12 - name.count) + text
    }

    private func fix(_ text: String) -> String { line("", "-> " + text) }
}
