// SPDX-License-Identifier: GPL-2.0-only

import CLibbpf
import CProbeRecords
import DirectIO
import Glibc

/// The probes in the running kernel, from load to the last record.
///
/// Not for sharing between threads: one loop owns it, drains it and reads its counters.
public final class LiveProbes {
    /// What could be attached, with the reason for the rest.
    public private(set) var plan: ProbePlan

    let object: ProbeObject
    private let rings: ProbeRings
    let cpuCount: Int
    private let isFiltered: Bool
    let slotCount: Int
    private let sink: RecordSink
    private let summaries: KindSummaries?
    let state: ProbeState

    /// Sizes that a user can change.
    public struct Sizes: Sendable {
        /// Bytes of all rings together.
        public var ringBytes = 32 << 20
        /// I/Os in flight that can be followed, a power of two.
        public var slots = 65536
        /// I/Os are aggregated in the kernel by kind; see `sumUp`.
        public var keepsSummaries = false
        /// Of aggregated I/Os one in so many, at random, is a record all the same; 1: none.
        public var summarySample: UInt32 = 1

        public init() {}
    }

    /// Loads everything that the kernel takes, attaches all but the programs that let I/Os in.
    ///
    public init(
        plan wanted: ProbePlan, filter: ProbeFilter, sizes: Sizes = Sizes(), isVerbose: Bool = false,
        sink: RecordSink
    ) throws(ProbeError) {
        LibbpfMessages.capture(echo: isVerbose)
        cpuCount = Int(libbpf_num_possible_cpus())
        guard ProbeState.hasRoom(forCPUs: cpuCount) else {
            throw .refused(
                step: "making room for \(cpuCount) possible CPUs", errno: E2BIG,
                detail: "at most \(PROBE_MAX_CPUS); the kernel argument possible_cpus= limits them")
        }
        isFiltered = !filter.isEmpty
        slotCount = sizes.slots
        self.sink = sink
        let symbols = KernelSymbols()
        var wanted = wanted
        wanted.chooseFlavour(by: symbols)
        wanted.leaveOutTrampolinesIfNotPermitted()
        wanted.attachByLinks(ifRefused: perf_events_are_refused() != 0)
        rings = try ProbeRings(
            count: ProbeRings.count(forCPUs: cpuCount), bytes: sizes.ringBytes, sink: sink,
            naming: OccupantNames(symbols), areOccupantsNamed: wanted.runsClocks)
        (object, plan) = try Self.load(wanted, filter: filter, sizes: sizes, cpuCount: cpuCount, rings: rings)
        state = try object.mapState(cpus: cpuCount)
        try rings.install(in: object.descriptor(of: "probe_rings"))
        summaries =
            sizes.keepsSummaries
            ? KindSummaries(
                in: object.descriptor(of: "probe_summaries"), kinds: object.descriptor(of: "probe_kinds"),
                cpuCount: cpuCount) : nil
        install(plan.links.located(by: symbols))
        expectDeliverers(plan.links, by: symbols)
        _ = install(StackedDisks.all())
        for device in filter.devices {
            var (key, value) = (device.kernelNumber, UInt32(1))
            bpf_map_update_elem(object.descriptor(of: "probe_devices"), &key, &value, 0)
        }
        for process in filter.processes { try trace(process: process) }
    }

    private func install(_ links: [UInt64: probe_link]) {
        for (function, link) in links {
            var (key, value) = (function, link)
            bpf_map_update_elem(object.descriptor(of: "probe_links"), &key, &value, 0)
        }
    }

    /// Works of layers that are known to run end_io are seen from the first one on; the programs learn the others.
    private func expectDeliverers(_ links: KernelLinks, by symbols: KernelSymbols) {
        var (first, one, areThere) = (UInt32(0), UInt32(1), false)
        for (function, module) in links.deliveringWorks {
            guard var address = symbols.address(of: function, module: module) else { continue }
            let status = bpf_map_update_elem(object.descriptor(of: "probe_deliverers"), &address, &one, 0)
            areThere = areThere || status == 0
        }
        if areThere { bpf_map_update_elem(object.descriptor(of: "probe_learned"), &first, &one, 0) }
    }

    private var stackedDisks: Set<String> = []
    private var deviceEvents: [UInt8]?

    /// - Returns: those that were not there before.
    private func install(_ disks: [String: DeviceNumber]) -> [String] {
        let new = disks.keys.filter { !stackedDisks.contains($0) }.sorted()
        for disk in new {
            var (key, value) = (disks[disk]?.kernelNumber ?? 0, UInt32(1))
            bpf_map_update_elem(object.descriptor(of: "probe_stacked"), &key, &value, 0)
        }
        stackedDisks = Set(disks.keys)
        return new
    }

    /// Disks that give their I/O to others and were made since, perhaps by a module that was loaded since. Where what
    /// comes to disks is seen at all, they are followed from now on.
    public func newStackedDisks() -> [String] {
        // The kernel counts what comes, goes and changes: to look at every disk would take more than all else in a pause.
        let events = contents(ofKernelFile: "/sys/kernel/uevent_seqnum")
        guard events == nil || events != deviceEvents else { return [] }
        deviceEvents = events
        let new = install(StackedDisks.all())
        guard !new.isEmpty, plan.seesLayers, let btf = KernelBTF() else { return new }
        let (symbols, links) = (KernelSymbols(), KernelLinks(kernel: btf))
        install(links.located(by: symbols))
        expectDeliverers(links, by: symbols)
        return new
    }

    /// How many files were opened with O_DIRECT by those whose I/Os are recorded, by the file system's number; `nil` where
    /// that is not seen.
    public func directOpens() -> [DeviceNumber: DirectOpenCount]? {
        guard plan.includes("file_opened") else { return nil }
        var opens: [DeviceNumber: DirectOpenCount] = [:]
        forEachEntry(of: "probe_opened", from: UInt32(0), most: PROBE_MAX_OPENED) {
            (device, count: probe_opens) in
            opens[DeviceNumber(kernel: device)] = DirectOpenCount(files: count.files, forWriting: count.for_writing)
        }
        return opens
    }

    /// Processes whose I/Os the filters left out, the most I/Os first; not all, if there are many.
    public func leftOut() -> [LeftOutProcess] {
        var all: [LeftOutProcess] = []
        forEachEntry(of: "probe_left_out", from: UInt32(0), most: PROBE_MAX_LEFT_OUT) {
            (tgid, process: probe_left_out) in
            let name = withUnsafeBytes(of: process.comm) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            all.append(LeftOutProcess(process: tgid, name: name, ios: process.ios))
        }
        return all.sorted { ($1.ios, $0.process) < ($0.ios, $1.process) }
    }

    /// fsync and fdatasync by those whose I/Os are recorded, by file; `nil` where that is not seen.
    public func syncs() -> [FileSyncs]? {
        guard plan.seesSyncs else { return nil }
        var all: [FileSyncs] = []
        forEachEntry(of: "probe_syncs", from: probe_synced_file(), most: PROBE_MAX_SYNCED) { file, syncs in
            all.append(Self.fileSyncs(file, syncs))
        }
        return all
    }

    private static func fileSyncs(_ file: probe_synced_file, _ syncs: probe_syncs) -> FileSyncs {
        FileSyncs(
            device: DeviceNumber(kernel: file.dev), inode: file.inode, isDataOnly: file.datasync != 0,
            count: syncs.count, nanoseconds: syncs.ns, firstThread: syncs.tid)
    }

    /// What a hash map has; it may be filled meanwhile.
    /// - Parameters:
    ///   - empty: any key; its value does not matter.
    ///   - most: how many it has room for.
    private func forEachEntry<Key: BitwiseCopyable, Value: BitwiseCopyable>(
        of name: String, from empty: Key, most: some BinaryInteger, _ body: (Key, Value) -> Void
    ) {
        let map = object.descriptor(of: name)
        var (key, next) = (empty, empty)
        withUnsafeTemporaryAllocation(of: Value.self, capacity: 1) { room in
            guard let value = room.baseAddress else { return }
            var status = bpf_map_get_next_key(map, nil, &next)
            for _ in 0..<Int(most) where status == 0 {
                key = next
                if bpf_map_lookup_elem(map, &key, value) == 0 { body(key, value.pointee) }
                status = bpf_map_get_next_key(map, &key, &next)
            }
        }
    }

    /// Disks that give their I/O to others are followed to those.
    public var followsStackedDisks: Bool { plan.seesLayers }

    /// Lets I/Os in: from here on they are recorded.
    public func activate() throws(ProbeError) {
        for program in plan.included where program.role == .begins {
            let status = object.attach(program)
            guard status == 0 else {
                throw .refused(step: "attaching \(program.place)", errno: status, detail: LibbpfMessages.last)
            }
        }
        setActive(true)
        useBefore = currentUse()
    }

    /// Sets whether the probes record new I/Os.
    private func setActive(_ isActive: Bool) {
        var (key, value) = (UInt32(0), UInt32(isActive ? 1 : 0))
        bpf_map_update_elem(object.descriptor(of: "probe_active"), &key, &value, 0)
    }

    /// Lets no new I/Os in; those in flight are still followed while `drain` is called.
    public func deactivate() {
        setActive(false)
        for program in plan.included where program.role == .begins { object.detach(program) }
    }

    /// Sleeps up to the timeout, or until a signal or a filling ring, then delivers all records that are there.
    @available(*, noasync, message: "blocks the calling thread")
    public func drain(timeoutMilliseconds: Int32) {
        rings.drain(timeoutMilliseconds: timeoutMilliseconds)
        attachKiCompleteIfNeeded()
    }

    /// Delivers I/Os that are complete, but for io_uring's second hop that did not come: without it they are records
    /// all the same.
    public func deliverCompleted() { forEachTakenSlot(deliverIfCompleted) }

    /// I/Os that have begun, and of which no completion was seen so far.
    public func openIOs() -> [OpenIO] {
        let size = max(object.valueSize(of: "probe_slots"), MemoryLayout<probe_io>.size)
        var open: [OpenIO] = []
        withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { slot in
            guard let start = slot.baseAddress else { return }
            forEachTakenSlot { slots, key in
                guard bpf_map_lookup_elem(slots, key, start) == 0 else { return }
                let io = start.loadUnaligned(as: probe_io.self)
                if io.submitted_ns != 0, io.completed_ns == 0 { open.append(OpenIO(io)) }
            }
        }
        return open
    }

    /// - Parameter body: is given the map of the slots, and the key of one in it.
    func forEachTakenSlot(_ body: (Int32, UnsafeMutableRawPointer) -> Void) {
        let slots = object.descriptor(of: "probe_slots")
        let buckets = object.descriptor(of: "probe_buckets")
        guard buckets >= 0 else { return forEachKey(of: slots, body) }
        if state.has(slots: slotCount) {
            for var slot in state.takenSlots() { body(slots, &slot) }
            return
        }
        let ways = Int(PROBE_BUCKET_SLOTS)
        for (index, bucket) in allBuckets(in: buckets).enumerated() {
            withUnsafeBytes(of: bucket) { keys in
                for way in 0..<ways where keys.load(fromByteOffset: way * 8, as: UInt64.self) != 0 {
                    var slot = UInt32(index * ways + way)
                    body(slots, &slot)
                }
            }
        }
    }

    /// In one call, where the kernel has that (since 5.6).
    private func allBuckets(in map: Int32) -> [probe_bucket] {
        let count = slotCount / Int(PROBE_BUCKET_SLOTS)
        var keys = [UInt32](repeating: 0, count: count)
        var buckets = [probe_bucket](repeating: probe_bucket(), count: count)
        var (read, next) = (UInt32(count), UInt32(0))
        // Beyond the last one there are no more: ENOENT says that all are there.
        _ = bpf_map_lookup_batch(map, nil, &next, &keys, &buckets, &read, nil)
        for index in Int(read)..<max(count, Int(read)) {
            keys[index] = UInt32(index)
            _ = bpf_map_lookup_elem(map, &keys[index], &buckets[index])
        }
        return buckets
    }

    /// Before 6.2 the slots are a hash map by kiocb.
    private func forEachKey(of map: Int32, _ body: (Int32, UnsafeMutableRawPointer) -> Void) {
        var (key, next) = (UInt64(0), UInt64(0))
        var status = bpf_map_get_next_key(map, nil, &next)
        for _ in 0..<slotCount where status == 0 {
            key = next
            body(map, &key)
            status = bpf_map_get_next_key(map, &key, &next)
        }
    }

    private func deliverIfCompleted(_ slots: Int32, _ key: UnsafeMutableRawPointer) {
        var slot = probe_deep()
        guard bpf_map_lookup_elem(slots, key, &slot) == 0, slot.layered.life.waited.io.completed_ns != 0 else { return }
        // The clocks in it were meant for the hop that did not come.
        slot.layered.life.waited.task_work_wait = probe_occupied()
        slot.layered.deliverer = 0
        slot.layered.life.waited.io.facts &= ~PROBE_FACT_TASK_WORK_CLOCKS.rawValue
        let size =
            switch UInt32(slot.layered.life.waited.io.kind) {
            case PROBE_RECORD_DEEP.rawValue: MemoryLayout<probe_deep>.size
            case PROBE_RECORD_LAYERED.rawValue: MemoryLayout<probe_layered>.size
            case PROBE_RECORD_LIFE.rawValue: MemoryLayout<probe_life>.size
            case PROBE_RECORD_WAITED_IO.rawValue: MemoryLayout<probe_waited_io>.size
            default: MemoryLayout<probe_io>.size
            }
        withUnsafeBytes(of: slot) { sink.take(UnsafeRawBufferPointer(rebasing: $0[..<size])) }
        deliveredLate += 1
    }

    /// From now on I/Os of this kind are aggregated in the kernel, and are no records any more. Without room for one more kind nothing
    /// changes.
    public func sumUp(_ kind: probe_io_kind) {
        summaries?.makeRoom(for: kind)
    }

    /// What was aggregated so far, by kind in the order in which they came.
    public func sums() -> [KindSummaries.Sums] { summaries?.sums() ?? [] }

    private var deliveredLate: UInt64 = 0
    var misses = PauseMisses()
    /// Completions without a begin until the first pause: later ones are of I/Os that a pause left out.
    var unmatchedBefore: UInt64?
    private var useBefore: [CPUUse] = []

    /// What each CPU did since the activation; empty when task switches are not seen.
    public func use() -> [CPUUse] {
        guard plan.runsClocks else { return [] }
        return zip(currentUse(), useBefore).map { $0.since($1) }
    }

    private func currentUse() -> [CPUUse] {
        cpus().enumerated().map { CPUUse(cpu: UInt16(truncatingIfNeeded: $0), counters: $1) }
    }

    /// The state of every CPU, by its number.
    private func cpus() -> [probe_cpu] { state.cpus(cpuCount) }

    private var meter: ProbeCostMeter?

    /// From now on the kernel counts what the programs cost; `false` where it cannot.
    public func measureCost() -> Bool {
        meter = ProbeCostMeter()
        return meter != nil
    }

    /// Nanoseconds that all programs took so far with the way into them, as far as they were measured.
    var runTime: UInt64 { plan.included.reduce(0) { $0 + object.cost(of: $1).nanosecondsWithEntry } }

    /// What every program that ran cost since `measureCost`.
    public func costs() -> [ProbeCost] {
        plan.included.map { object.cost(of: $0) }.filter { $0.runs > 0 }
    }

    /// I/Os that were let in so far.
    var currentBegins: UInt64 { cpus().reduce(0) { $0 &+ $1.begins } }

    /// I/Os that passed the filters so far, recorded or not.
    public var iosSeen: UInt64 { cpus().reduce(0) { $0 &+ $1.begins &+ $1.sampled_out } }

    /// The counters as they are now.
    public func counters() -> ProbeCounters {
        var counters = ProbeCounters(isFiltered: isFiltered)
        for (number, cpu) in cpus().enumerated() { counters.add(cpu, number: number) }
        counters.recorded += deliveredLate
        for program in plan.included { counters.addMisses(object.misses(of: program), of: program.role) }
        counters.pointsMissed -= min(counters.pointsMissed, counters.witnessed)
        if misses.hasPaused { correct(&counters) }
        if let unmatchedBefore { counters.unmatched = unmatchedBefore }
        return counters
    }

    /// Those of these processes whose I/Os are recorded, because they were to be or were started by one that was.
    public func traced(among processes: [Int32]) -> [Int32] {
        processes.filter { process in
            let mark = marks(around: process).map { withUnsafeBytes(of: $0) { $0[Int(process) % Int(PROBE_MARKS)] } }
            return mark.map { $0 & Self.traced != 0 } ?? false
        }
    }

    private static let traced = UInt8(truncatingIfNeeded: PROBE_MARK_TRACED.rawValue)

    /// With those of its number's neighbours; `nil` and `errno` when the kernel gives none.
    private func marks(around process: Int32) -> probe_marks? {
        var key = UInt32(process) / UInt32(PROBE_MARKS)
        var marks = probe_marks()
        return bpf_map_lookup_elem(object.descriptor(of: "probe_marks"), &key, &marks) == 0 ? marks : nil
    }

    /// Marks a process: from now on its I/Os are recorded, and those of its children to come, marked by the fork tracepoint.
    public func trace(process: Int32) throws(ProbeError) {
        guard var marks = marks(around: process) else {
            throw .refused(step: "marking process \(process)", errno: errno, detail: "")
        }
        withUnsafeMutableBytes(of: &marks) { $0[Int(process) % Int(PROBE_MARKS)] |= Self.traced }
        var key = UInt32(process) / UInt32(PROBE_MARKS)
        guard bpf_map_update_elem(object.descriptor(of: "probe_marks"), &key, &marks, 0) == 0 else {
            throw .refused(step: "marking process \(process)", errno: errno, detail: "")
        }
    }
}

extension LiveProbes {
    /// Loads and attaches the plan. A program that the kernel refuses is left out and all is loaded anew: what a
    /// program does can depend on which others are there.
    private static func load(
        _ wanted: ProbePlan, filter: ProbeFilter, sizes: Sizes, cpuCount: Int, rings: ProbeRings
    ) throws(ProbeError) -> (ProbeObject, ProbePlan) {
        var plan = wanted
        for _ in 0...ProbeProgram.all.count {
            if let missing = plan.missingEssential {
                throw .missingEssential(place: missing.program.place, reason: missing.refusal ?? "")
            }
            var settings = settings(plan: plan, filter: filter, sizes: sizes, rings: rings)
            let isPlain = probe_settings_are_plain(&settings) != 0
            let flavour = plan.flavour == .modern && isPlain ? .plain : plan.flavour
            let object = try ProbeObject(plan: plan, flavour: flavour)
            try object.set(settings)
            try setSizes(of: object, sizes: sizes, cpuCount: cpuCount, rings: rings.count)
            switch object.load() {
            case .loaded:
                guard let (program, reason) = attachAll(of: plan, in: object) else { return (object, plan) }
                plan.leaveOut(program.function, because: reason)
            case .variableUnreachable where plan.flavour == .modern:
                plan.flavour = .inferring
            case .refused(let program, let status) where plan.includes(program):
                if status == -EPERM && !KernelAccess().mayLoadPrograms { throw .notPermitted }
                let reason = ProbePlan.refused(status)
                if status == -EPERM {
                    plan.leaveOut(notPermitted: program, because: reason)
                } else {
                    plan.leaveOut(program, because: reason)
                }
            case .refused(_, let status), .failed(let status):
                if status == -EPERM && !KernelAccess().mayLoadPrograms { throw .notPermitted }
                throw .refused(step: "loading the BPF programs", errno: status, detail: LibbpfMessages.last)
            case .variableUnreachable:
                throw .refused(step: "loading the BPF programs", errno: ENOENT, detail: LibbpfMessages.last)
            }
        }
        throw .refused(step: "loading the BPF programs", errno: EPERM, detail: "the kernel refuses every program")
    }

    /// All but those that let I/Os in; the first program that the kernel refuses to attach, with the reason. Of those
    /// that let I/Os in, a kprobe that has a substitute is tried: later there is no way back.
    private static func attachAll(of plan: ProbePlan, in object: ProbeObject) -> (ProbeProgram, String)? {
        let included = plan.included.filter { $0.role != .counts }
        for program in included where program.role != .begins || plan.mustBeTried(program) {
            let status = object.attach(program)
            if status != 0 { return (program, "cannot attach: \(errorText(status))") }
            if program.role == .begins { object.detach(program) }
        }
        return nil
    }

    private static func setSizes(
        of object: ProbeObject, sizes: Sizes, cpuCount: Int, rings: Int
    ) throws(ProbeError) {
        try object.setSize(of: "probe_cpus", to: cpuCount)
        try object.setSize(of: "probe_slots", to: sizes.slots)
        let areNear = ProbeState.hasNear(slots: sizes.slots)
        try object.setSize(of: "probe_buckets", to: areNear ? 1 : sizes.slots / Int(PROBE_BUCKET_SLOTS))
        try object.setSize(of: "probe_rings", to: rings)
        if sizes.keepsSummaries {
            try object.setSize(of: "probe_kinds", to: Int(PROBE_KIND_BUCKETS))
            try object.setSize(of: "probe_summaries", to: Int(PROBE_KIND_BUCKETS * PROBE_KIND_WAYS))
            let room = try KindSummaries.room(forCPUs: cpuCount)
            try object.setInnerMap(of: "probe_summaries", to: room)
            object.keepOpen(room)
        }
        try object.setSize(of: "probe_completing", to: object.plan.includes("completion_left") ? sizes.slots : 1)
        // Process numbers end at 4194304 (PID_MAX_LIMIT) on 64-bit kernels.
        try object.setSize(of: "probe_marks", to: (4 << 20) / Int(PROBE_MARKS) + 1)
    }
}
