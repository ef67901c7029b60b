// SPDX-License-Identifier: GPL-2.0-only

import CLibbpf
import Testing

@testable import Probes

struct ProbeProgramTests {
    static let functions = ProbeProgram.all.map(\.function)

    @Test func namesAreUniqueAndReferencesExist() {
        #expect(Set(Self.functions).count == Self.functions.count)
        for program in ProbeProgram.all {
            for better in program.insteadOf { #expect(Self.functions.contains(better)) }
        }
        for group in ProbeProgram.partners {
            for member in group { #expect(Self.functions.contains(member), "\(member)") }
        }
    }

    /// The table and the BPF source name the same programs, attached to the same places.
    @Test(arguments: [ProbePlan.Flavour.modern, .plain, .inferring, .baseline])
    func everyObjectHoldsExactlyTheProgramsOfTheTable(flavour: ProbePlan.Flavour) throws {
        let image = ProbeObject.image(of: flavour)
        let object = try #require(image.withUnsafeBytes { bpf_object__open_mem($0.baseAddress, $0.count, nil) })
        defer { bpf_object__close(object) }
        for program in ProbeProgram.all {
            let handle = try #require(bpf_object__find_program_by_name(object, program.function), "\(program.function)")
            let section = String(cString: bpf_program__section_name(handle))
            // The question mark means: not loaded unless asked for.
            #expect(section.drop { $0 == "?" } == program.place)
        }
        var count = 0
        var program = bpf_object__next_program(object, nil)
        while let found = program {
            count += 1
            program = bpf_object__next_program(object, found)
        }
        #expect(count == ProbeProgram.all.count)
    }

    @Test func lockdownStateIsTheOneInBrackets() {
        #expect(KernelAccess.lockdownState(in: "none [integrity] confidentiality\n") == .integrity)
        #expect(KernelAccess.lockdownState(in: "[none] integrity confidentiality\n") == KernelAccess.Lockdown.none)
        #expect(KernelAccess.lockdownState(in: "none integrity [confidentiality]\n") == .confidentiality)
        for text in ["", "none", "[]", "[else]", nil] { #expect(KernelAccess.lockdownState(in: text) == nil) }
    }

    @Test func ringsAreAPowerOfTwoAndEnoughForSmallBoxes() {
        #expect([1, 2, 3, 4, 5, 63, 64, 65, 256].map(ProbeRings.count(forCPUs:)) == [1, 2, 4, 4, 8, 64, 64, 64, 64])
    }
}

/// On the machine's own kernel, if it has BTF; nothing is loaded.
struct ProbePlanTests {
    static let plan = KernelBTF().map { ProbePlan(kernel: $0) }

    @Test(.enabled(if: plan != nil, "this machine's kernel has no BTF"))
    func standInsAreLeftOutWhereTheBetterProgramIsThere() throws {
        let plan = try #require(Self.plan)
        for program in plan.included {
            #expect(Set(program.insteadOf).isDisjoint(with: plan.included.map(\.function)))
        }
    }

    @Test(.enabled(if: plan != nil, "this machine's kernel has no BTF"))
    func partnersGoTogetherAndStandInsStepIn() throws {
        var plan = try #require(Self.plan)
        plan.leaveOut("irq_left", because: "test")
        #expect(!plan.includes("irq_entered"))
        #expect(plan.missed.contains { $0.program.function == "irq_left" && $0.refusal == "test" })
        plan.leaveOut("softirq_entered", because: "test")
        #expect(!plan.includes("softirq_left"))
        guard plan.includes("dio_began"), plan.includes("dio_completed") else { return }
        plan.leaveOut("dio_completed", because: "test")
        #expect(plan.includes("completion_left") && plan.includes("completion_entered"))
        plan.leaveOut("completion_entered", because: "test")
        #expect(!plan.includes("completion_left"))
        #expect(plan.missingEssential?.program.role == .completes)
    }

    /// Block devices alone are not enough: who records ext4 would take nothing for no I/O.
    @Test(.enabled(if: plan != nil, "this machine's kernel has no BTF"))
    func withoutAWayIntoFileSystemsNothingIsRecorded() throws {
        var plan = try #require(Self.plan)
        try #require(plan.missingEssential == nil)
        for function in ["dio_began", "dio_rw_entered", "dio_rw_probed"] where plan.includes(function) {
            plan.leaveOut(function, because: "test")
        }
        // What steps in for one that is left out is left out, too.
        if plan.includes("dio_rw_probed") { plan.leaveOut("dio_rw_probed", because: "test") }
        #expect(plan.missingEssential?.program.blindWithout == ProbeProgram.iomap)
    }

    @Test(.enabled(if: plan != nil, "this machine's kernel has no BTF"))
    func withoutOccupantsNoClockRunsAndAllElseStays() throws {
        var plan = try #require(Self.plan)
        let before = Set(plan.included.map(\.function))
        plan.leaveOutOccupants(because: "test")
        #expect(!plan.runsClocks)
        let left = before.subtracting(plan.included.map(\.function))
        #expect(left.isSubset(of: ["task_switched", "work_ended", "quota_filled", "quota_used_up"]))
    }
}
