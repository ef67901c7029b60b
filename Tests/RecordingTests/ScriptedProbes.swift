// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import SystemPackage

@testable import Probes
@testable import Recording

/// Probes that give the records of a script, some at each turn of the recorder's loop.
final class ScriptedProbes: ProbeSource {
    let completionRule = CompletionRule.defersWrites
    let programs = [RecordingSession.Probe(name: "tp_btf/made_up", attached: true)]
    private let sink: RecordSink
    private var turns: [[probe_io]]
    /// Begun I/Os without an end.
    var open: [OpenIO] = []
    /// Complete, and in their slots for a last step that does not come.
    var completed: [probe_io] = []
    /// What the kernel would have counted.
    var counted = ProbeCounters(isFiltered: false)
    private(set) var isActive = false
    private(set) var bursts: [String] = []
    private(set) var delivered = 0
    /// CPUs that recording took, by moment.
    var overheads: [Double] = []
    var refusal: ProbeError?

    init(_ sink: RecordSink, turns: [[probe_io]]) {
        self.sink = sink
        self.turns = turns
    }

    func activate() throws(ProbeError) {
        if let refusal { throw refusal }
        isActive = true
    }

    func deactivate() { isActive = false }

    func drain(timeoutMilliseconds: Int32) {
        guard !turns.isEmpty else { return }
        for record in turns.removeFirst() {
            counted.begun += 1
            counted.recorded += 1
            withUnsafeBytes(of: record) { sink.take($0) }
        }
    }

    func deliverCompleted() {
        delivered += 1
        for record in completed {
            counted.recorded += 1
            withUnsafeBytes(of: record) { sink.take($0) }
        }
        completed = []
    }
    func counters() -> ProbeCounters { counted }
    var iosSeen: UInt64 { counted.begun + counted.sampledOut }
    func openIOs() -> [OpenIO] { open }
    func use() -> [CPUUse] { [] }
    func newStackedDisks() -> [String] { [] }
    let followsStackedDisks = true
    func directOpens() -> [DeviceNumber: DirectOpenCount]? { nil }
    var synced: [FileSyncs]?
    func leftOut() -> [LeftOutProcess] { [] }
    func syncs() -> [FileSyncs]? { synced }
    func traced(among processes: [Int32]) -> [Int32] { [] }
    func sumUp(_ kind: probe_io_kind) {}
    func sums() -> [KindSummaries.Sums] { [] }
    func endBurst() { bursts.append("end") }
    func pause() { bursts.append("pause") }
    func prepareBurst() throws(ProbeError) {
        if let burstRefusal { throw burstRefusal }
        bursts.append("prepare")
    }
    func beginBurst() { bursts.append("begin") }
    func stopPauses() { bursts.append("no pauses") }
    var burstRefusal: ProbeError?
    func measureCost() -> Bool { false }
    func costs() -> [ProbeCost] { [] }
    func overheadMeter() -> any OverheadSource { Meter(self) }

    private final class Meter: OverheadSource {
        private let probes: ScriptedProbes

        init(_ probes: ScriptedProbes) { self.probes = probes }

        func begin() {}
        func end() -> OverheadMeter.Reading? {
            probes.overheads.isEmpty
                ? nil
                : OverheadMeter.Reading(
                    length: 1_000_000_000, programs: UInt64(probes.overheads.removeFirst() * 1e9), own: 0)
        }
        func busyCPUs(at now: UInt64) -> Double? { nil }
    }
}

/// Notes what it is called with.
final class NotingListener: RecordingListener {
    private(set) var events: [String] = []

    func recordingBegan(_ path: FilePath) { events.append("began") }
    func recordingWent(after nanoseconds: UInt64, counters: ProbeCounters, every: UInt32) { events.append("went") }
    func overheadLimited(to every: UInt32, whole: Double) { events.append("limited to 1/\(every)") }
    func overheadRemains(_ overhead: Double, every: UInt32) { events.append("remains at 1/\(every)") }
    func burstFailed(_ error: ProbeError) { events.append("failed") }
    func stackedDisksCame(_ names: [String], areFollowed: Bool) {}
    func recordingEnded() { events.append("ended") }
}

extension probe_io {
    /// A write that was completed in a kworker.
    static func write(from submitted: UInt64, inode: UInt64 = 12, pageCache: Bool = false) -> probe_io {
        var io = probe_io()
        io.kind = UInt8(PROBE_RECORD_IO.rawValue)
        io.facts = PROBE_FACT_WRITE.rawValue | (pageCache ? PROBE_FACT_PAGE_CACHE.rawValue : 0)
        io.issuer = UInt8(PROBE_ISSUER_LIBAIO.rawValue)
        io.complete_context = UInt8(PROBE_CONTEXT_KWORKER.rawValue)
        io.submit_cpu = 1
        io.end_cpu = 2
        io.worker_cpu = 2
        io.complete_cpu = 2
        io.irq = 29
        io.dev = 259 << 20
        io.inode = inode
        io.length_bytes = 4096
        io.submitter_tid = 7
        io.submitted_ns = submitted
        io.completed_ns = submitted + 1000
        return io
    }
}
