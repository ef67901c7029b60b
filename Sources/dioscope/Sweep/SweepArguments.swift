// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Host
import Sweep

/// Values with commas between them.
struct ValueList<Value: ExpressibleByArgument>: ExpressibleByArgument {
    let values: [Value]

    init?(argument: String) {
        let words = argument.split(separator: ",", omittingEmptySubsequences: false)
        values = words.compactMap { Value(argument: String($0)) }
        guard values.count == words.count else { return nil }
    }
}

extension Engine: ExpressibleByArgument {}
extension Workload: ExpressibleByArgument {}
extension Preset: ExpressibleByArgument {}
extension Axis: ExpressibleByArgument {}

extension Placement: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension Toggle: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

/// The options that say what is swept.
struct SweepArguments: ParsableArguments {
    @Option(help: "Sweep a file that is made in this directory, and removed at the end (repeatable).")
    var directory: [String] = []

    @Option(help: "Sweep this block device (repeatable).")
    var device: [String] = []

    @Flag(help: "Write to the block devices: what is on them is lost.")
    var destroyData = false

    @Option(
        help: "The matrix of a cover letter: block-sizes, one-cpu, low-depth or read-depth. Options below change it.")
    var preset: Preset?

    @Option(help: "libaio, io_uring, io_uring_poll, psync. Default: libaio.")
    var engine: ValueList<Engine>?

    @Option(help: "I/Os in flight, e.g. 1,64,128. Default: 1.")
    var depth: ValueList<Int>?

    @Option(help: "Block sizes, e.g. 4k,8k. Default: 4k.")
    var blockSize: ValueList<ByteSize>?

    @Option(help: "read, write, randread, randwrite, rw, randrw. Default: randread.")
    var op: ValueList<Workload>?

    @Option(
        help: ArgumentHelp(
            "CPUs for fio and, behind a colon, for the interrupt: 1:1 or 0-3:5 (repeatable).", valueName: "list[:cpu]"))
    var cpus: [Placement] = []

    @Option(
        help: ArgumentHelp(
            "A switch in sysfs or procfs and its values, the base first (repeatable). What it was is restored.",
            valueName: "path=0,1"))
    var toggle: [Toggle] = []

    @Option(name: .customLong("repeat"), help: "Runs of each cell. Default: 3, the fewest that have intervals.")
    var repeats: Int?

    @Option(
        help: "How long fio runs before it counts: 5s, 500ms, 0. Default: 5s.",
        transform: { text in
            if text == "0" || text == "0s" { return 0 }
            guard let span = TimeSpan(argument: text) else { throw ValidationError("--ramp \(text): e.g. 5s or 500ms") }
            return span.nanoseconds
        })
    var ramp: UInt64?

    @Option(help: "How long each run counts. Default: 20s.")
    var runtime: TimeSpan?

    @Option(help: "Bytes of the file or device that are used. Default: 1G, or the preset's 2G.")
    var size: ByteSize?

    @Option(help: "Of the order of the runs and of fio's random numbers. Default: 1.")
    var seed: UInt64?

    @Flag(help: "Make no untraced runs: half the time, and what tracing costs is not known.")
    var noControl = false

    /// Something of what is swept was said.
    var areGiven: Bool {
        !directory.isEmpty || !device.isEmpty || preset != nil || engine != nil || depth != nil || blockSize != nil
            || op != nil || !cpus.isEmpty || !toggle.isEmpty || repeats != nil || ramp != nil || runtime != nil
            || size != nil || seed != nil || noControl
    }

    /// - Parameter axis: what base and new are to be, if the user has said it.
    func plan(versus axis: Axis?) throws(Failure) -> SweepPlan {
        var targets: [Target] = []
        for path in directory { targets.append(try SweptTarget.found(.directory, path)) }
        for path in device { targets.append(try SweptTarget.found(.device, path)) }
        guard Set(targets.map(\.path)).count == targets.count else {
            throw Failure(.usage, "a directory or device is named twice")
        }
        var plan =
            preset?.plan(for: targets)
            ?? SweepPlan(targets: targets, engines: [.libaio], depths: [1], blockSizes: [4096], ops: [.randread])
        if let engine { plan.engines = engine.values }
        if let depth { plan.depths = depth.values }
        if let blockSize { plan.blockSizes = blockSize.values.map { UInt64($0.bytes) } }
        if let op { plan.ops = op.values }
        plan.placements = cpus
        plan.toggles = toggle
        if let repeats { plan.repeats = repeats }
        if let ramp { plan.ramp = ramp }
        if let runtime { plan.runtime = runtime.nanoseconds }
        if let size { plan.size = UInt64(size.bytes) }
        if let seed { plan.seed = seed }
        plan.hasControls = !noControl
        plan.versus = axis ?? plan.versus ?? (toggle.isEmpty ? nil : .toggle)
        if preset == .oneCPU, cpus.isEmpty { plan.placements = try Self.oneCPUAndTwo(targets) }
        if let problem = plan.problem { throw Failure(.usage, problem) }
        return plan
    }

    /// The interrupt stays where it is; fio is there too, or on another CPU.
    private static func oneCPUAndTwo(_ targets: [Target]) throws(Failure) -> [Placement] {
        guard let path = targets.first?.path, let cpu = DeviceInterrupts(under: path).firstCPU else {
            throw Failure(
                .unavailable, "cannot find out to which CPU the interrupt of the device comes",
                hint: "say which CPUs to take: --cpus 1:1 --cpus 0:1")
        }
        guard HostFacts.cpuCount > 1 else {
            throw Failure(.unavailable, "one-cpu compares with two CPUs, and here is one")
        }
        let other: UInt16 = cpu == 0 ? 1 : cpu - 1
        return [Placement(fio: "\(cpu)", interrupt: cpu), Placement(fio: "\(other)", interrupt: cpu)]
    }
}
