// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import Probes

/// Where records come from, as far as the recorder asks: the kernel's probes, or made-up ones in a test.
protocol ProbeSource: AnyObject {
    var completionRule: CompletionRule { get }
    /// Which programs run, and why others do not.
    var programs: [RecordingSession.Probe] { get }
    /// What none of them can see, in words.
    var blindTo: [String] { get }
    /// Lets I/Os in.
    func activate() throws(ProbeError)
    /// Lets no further I/Os in; those in flight are followed.
    func deactivate()
    /// Gives the sink what there is, after waiting so long for something.
    func drain(timeoutMilliseconds: Int32)
    /// Gives the sink those that are complete but for a last step that may not come.
    func deliverCompleted()
    func counters() -> ProbeCounters
    /// I/Os that passed the filters so far: costs less than all counters.
    var iosSeen: UInt64 { get }
    /// Begun I/Os of which no completion was seen so far.
    func openIOs() -> [OpenIO]
    func use() -> [CPUUse]
    /// Disks that give their I/O to others and were made since the last call.
    func newStackedDisks() -> [String]
    var followsStackedDisks: Bool { get }
    /// Files opened with `O_DIRECT` so far, by the number of the file system; `nil` when that is not seen.
    func directOpens() -> [DeviceNumber: DirectOpenCount]?
    /// fsync and fdatasync so far, by file; `nil` when that is not seen.
    func syncs() -> [FileSyncs]?
    /// Processes whose I/Os the filters left out, the most first.
    func leftOut() -> [LeftOutProcess]
    /// Those of these processes whose I/Os are recorded.
    func traced(among processes: [Int32]) -> [Int32]
    func sumUp(_ kind: probe_io_kind)
    func sums() -> [KindSummaries.Sums]
    /// Lets no further I/O in: those that come are counted as left out, and those in flight are followed.
    func endBurst()
    /// Follows nothing any more: I/Os without an end are given up, and those that come are counted.
    func pause()
    /// Makes ready to follow again.
    func prepareBurst() throws(ProbeError)
    /// Follows again, and lets I/Os in.
    func beginBurst()
    /// There are no pauses from now on.
    func stopPauses()
    func measureCost() -> Bool
    func costs() -> [ProbeCost]
    /// Measures what recording costs.
    func overheadMeter() -> any OverheadSource
}

extension ProbeSource {
    var blindTo: [String] { [] }
}

/// What recording costs, measured for a moment.
protocol OverheadSource: AnyObject {
    func begin()
    /// - Returns: what it took; `nil` where that cannot be measured.
    func end() -> OverheadMeter.Reading?
    /// How many CPUs were not idle lately, nanoseconds of CLOCK_MONOTONIC; `nil` where that is not known.
    func busyCPUs(at now: UInt64) -> Double?
}

extension OverheadMeter: OverheadSource {}

extension LiveProbes: ProbeSource {
    var completionRule: CompletionRule { plan.completionRule }

    var programs: [RecordingSession.Probe] {
        plan.included.filter { $0.role != .counts }.map { RecordingSession.Probe(name: $0.place, attached: true) }
            + plan.missed.map { RecordingSession.Probe(name: $0.program.place, attached: false, reason: $0.refusal) }
    }

    var blindTo: [String] { plan.blindTo }

    func overheadMeter() -> any OverheadSource { OverheadMeter(self) }
}
