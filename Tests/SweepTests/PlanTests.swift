// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import Sweep

@Suite struct PlanTests {
    private static let target = Target(kind: .directory, path: "/mnt", fileSystem: "ext4")

    private static func plan(_ change: (inout SweepPlan) -> Void = { _ in }) -> SweepPlan {
        var plan = SweepPlan(
            targets: [target], engines: [.libaio, .ioUring], depths: [1, 16], blockSizes: [4096, 8192], ops: [.randread]
        )
        change(&plan)
        return plan
    }

    @Test func everyCombinationIsACell() {
        #expect(Self.plan().cells.count == 8)
        #expect(Set(Self.plan().cells).count == 8)
        let larger = Self.plan {
            $0.placements = [Placement(fio: "0"), Placement(fio: "1", interrupt: 0)]
            $0.toggles = [Toggle(path: "/a", values: ["0", "1"]), Toggle(path: "/b", values: ["x", "y", "z"])]
        }
        #expect(larger.cells.count == 8 * 2 * 6)
        #expect(larger.cells[1].settings == ["0", "y"])
    }

    /// pread and pwrite have no depth: asked for or not, they are run once.
    @Test func synchronousCallsHaveNoDepth() {
        let cells = Self.plan { $0.engines = [.psync, .libaio] }.cells
        #expect(cells.filter { $0.engine == .psync }.map(\.depth) == [1, 1])
        #expect(cells.filter { $0.engine == .libaio }.count == 4)
    }

    @Test func everyRunIsMadeOnce() {
        let plan = Self.plan { $0.repeats = 4 }
        #expect(plan.runs.count == 8 * 4 * 2)
        #expect(Set(plan.runs).count == plan.runs.count)
        #expect(Self.plan { $0.hasControls = false }.runs.allSatisfy { $0.isTraced })
    }

    @Test func theOrderIsRandomAndRepeatable() {
        #expect(Self.plan().runs == Self.plan().runs)
        #expect(Self.plan().runs != Self.plan { $0.seed = 2 }.runs)
        // Repeat by repeat, each with an order of its own.
        let runs = Self.plan().runs
        #expect(runs.map(\.repetition) == runs.map(\.repetition).sorted())
        let orders = (0..<3).map { repetition in runs.filter { $0.repetition == repetition }.map(\.cell) }
        #expect(orders[0] != orders[1])
        #expect(Set(orders[0]) == Set(orders[1]))
    }

    /// It is in files that are resumed: another version of the compiler must not change it.
    @Test func theOrderIsForever() {
        var order = SeededOrder(seed: 7)
        #expect(order.shuffled(Array(0..<10)) == [8, 1, 5, 9, 0, 4, 3, 2, 6, 7])
    }

    /// What is to be compared most precisely is run side by side: the values of a toggle, the traced run and its control.
    @Test func controlsAndTogglesAreNeighbours() {
        let plan = Self.plan { $0.toggles = [Toggle(path: "/a", values: ["0", "1"])] }
        let runs = plan.runs
        for start in stride(from: 0, to: runs.count, by: 4) {
            let group = runs[start..<(start + 4)]
            #expect(
                Set(group.map { [$0.cell.engine.rawValue, "\($0.cell.depth)", "\($0.cell.blockSize)"] }).count == 1)
            #expect(Set(group.map { $0.cell.settings + [$0.isTraced ? "traced" : ""] }).count == 4)
        }
    }

    @Test func whatCannotBe() {
        #expect(Self.plan().problem == nil)
        let bad: [(inout SweepPlan) -> Void] = [
            { $0.engines = [] }, { $0.depths = [0] }, { $0.depths = [70000] }, { $0.blockSizes = [100] },
            { $0.blockSizes = [4096, 2 << 30] }, { $0.size = 4096 }, { $0.repeats = 0 }, { $0.runtime = 0 },
            { $0.runtime = .max }, { $0.ramp = .max }, { $0.size = .max }, { $0.repeats = .max },
            { $0.toggles = [Toggle(path: "/a", values: [])] },
            {
                $0.depths = Array(repeating: 1, count: 5000); $0.blockSizes = Array(repeating: 4096, count: 5000)
            },
        ]
        for change in bad { #expect(Self.plan(change).problem != nil) }
    }

    @Test func presetsAreTheLetters() {
        let cells = Preset.readDepth.plan(for: [Self.target]).cells
        #expect(cells.count == 12)
        #expect(cells.allSatisfy { $0.op == .randread && $0.blockSize == 4096 })
        #expect(Preset.blockSizes.plan(for: [Self.target]).cells.map(\.blockSize) == [4096, 8192, 12288, 16384])
        // Five depths of two engines, and the synchronous calls.
        #expect(Preset.lowDepth.plan(for: [Self.target]).cells.count == 11)
        #expect(Preset.oneCPU.plan(for: [Self.target]).versus == .cpus)
        for preset in Preset.allCases { #expect(preset.plan(for: [Self.target]).problem == nil) }
    }
}

@Suite struct AxisTests {
    @Test func placements() {
        #expect(Placement("1")?.label == "1")
        #expect(Placement("0-3,8:5") == Placement(fio: "0-3,8", interrupt: 5))
        for text in ["", ":", "1:", ":1", "a", "3-1", "1:2:3", "1,,2", "-1", "1-2-3", "9999", "1:9999", "0-99999"] {
            #expect(Placement(text) == nil, "\(text)")
        }
        #expect(Placement.cpus(in: "0-2,5") == [0, 1, 2, 5])
    }

    @Test func toggles() {
        #expect(Toggle("/sys/a=b/c=0,1") == Toggle(path: "/sys/a=b/c", values: ["0", "1"]))
        #expect(Toggle("/sys/x=Y,N")?.name == "x")
        for text in ["", "/sys/a", "/sys/a=", "/sys/a=1", "/sys/a=1,1", "/sys/a=0,", "a=0,1", "=0,1", "/=0,1"] {
            #expect(Toggle(text) == nil, "\(text)")
        }
    }

    @Test func whatRestoresASwitch() {
        #expect(SwitchText.restoring("1\n") == "1\n")
        #expect(SwitchText.restoring("0") == "0")
        #expect(SwitchText.restoring("none [mq-deadline] kyber\n") == "mq-deadline\n")
        #expect(SwitchText.restoring("[only]\n") == "[only]\n")
        #expect(SwitchText.restoring("[a] [b]\n") == "[a] [b]\n")
        #expect(SwitchText.restoring("") == "")
    }
}
