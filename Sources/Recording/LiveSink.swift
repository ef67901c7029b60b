// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Capture
import DirectIO
import Probes
import Report

/// Takes in the I/Os that come as records while they are watched, and who occupied CPUs.
final class LiveSink: RecordSink {
    private var rule = CompletionRule.defersWrites
    private var kinds: SeenKinds?
    /// Kinds of which the kernel sums up all but a sample.
    private var summedUp: Set<SeenKinds.Key> = []
    private(set) var devices = SeenDevices()
    private(set) var threads: [UInt32: ThreadName] = [:]
    private var files = SeenFiles()
    private var ios: [Seen] = []
    private var occupancies: [CPUOccupancy] = []
    private(set) var places = SeenTopology()
    private let kept: KeptRecords?
    /// I/Os of the interval that there was no room for.
    private var leftOut: UInt64 = 0
    private var clock: UInt64 = 0
    private var last: (device: DeviceNumber, inode: UInt64) = (DeviceNumber(major: 0, minor: 0), 0)

    private struct Seen {
        var io: DirectIO
        /// It stands for others that were summed up.
        var isSampled: Bool
    }

    /// Of an interval.
    private static let most = 500_000
    private static let mostThreads = 4096
    private static let mostGroups = 16

    init(keeping kept: KeptRecords?) { self.kept = kept }

    /// Nothing comes before.
    func begin(_ rule: CompletionRule, sumsUp: Bool) {
        self.rule = rule
        kinds = sumsUp ? SeenKinds(rule: rule) : nil
    }

    var fileNames: [FileName] { files.names }

    /// What comes until the next call came about now.
    func turn(now: UInt64) { clock = now }

    override func take(_ record: UnsafeRawBufferPointer) {
        guard record.count > 0 else { return }
        switch UInt32(record[0]) {
        case PROBE_RECORD_LOST_IO.rawValue: return
        case PROBE_RECORD_OCCUPANCY.rawValue where record.count >= MemoryLayout<probe_occupancy>.size:
            let occupancy = CPUOccupancy(record: record.loadUnaligned(as: probe_occupancy.self))
            if let occupancy, occupancies.count < Self.most { occupancies.append(occupancy) }
        case PROBE_RECORD_TASK.rawValue where record.count >= MemoryLayout<probe_task>.size:
            let thread = ThreadName(record: record.loadUnaligned(as: probe_task.self))
            if let thread, threads.count < Self.mostThreads { threads[thread.thread] = thread }
        default: takeIO(record)
        }
        kept?.take(record, now: clock)
    }

    private func takeIO(_ record: UnsafeRawBufferPointer) {
        guard record.count >= MemoryLayout<probe_io>.size, let io = DirectIO(anyRecord: record),
            let start = record.baseAddress
        else { return }
        let isSampled = isSampled(record)
        if !isSampled { kinds?.note(record) }
        note(io, start.assumingMemoryBound(to: probe_io.self))
        devices.note(layersOf: record)
        guard ios.count < Self.most else {
            leftOut += 1
            return
        }
        ios.append(Seen(io: io, isSampled: isSampled))
    }

    /// Looks up what it names. Mostly an I/O has the file and the device of the one before.
    private func note(_ io: DirectIO, _ record: UnsafePointer<probe_io>) {
        if kept != nil { places.note(record) }
        if io.inode != last.inode || io.device != last.device { files.note(record) }
        if io.device != last.device { devices.note(record.pointee.dev) }
        last = (io.device, io.inode)
    }

    private func isSampled(_ record: UnsafeRawBufferPointer) -> Bool {
        guard !summedUp.isEmpty, let (kind, any) = SeenKinds.kinds(of: record) else { return false }
        return summedUp.contains(SeenKinds.Key(kind)) || summedUp.contains(SeenKinds.Key(any))
    }

    func takeChosenKinds() -> [probe_io_kind] { kinds?.takeChosen() ?? [] }

    /// From now on the records of these stand for others.
    func note(summedUp kinds: [probe_io_kind]) {
        if kinds.count != summedUp.count { summedUp = Set(kinds.map { SeenKinds.Key($0) }) }
    }

    /// What came since the last call.
    struct Taken {
        var report: Report
        var groups: LiveInterval.Groups
        /// I/Os that there was no room for.
        var leftOut: UInt64
    }

    func takeInterval(_ wanted: LiveWish, _ summaries: [IOSummary], _ source: ReportSource) -> Taken {
        let isWanted = wanted.filter?.chooser(rule, source)
        let summaries = summaries.filter { isWanted?($0.example) ?? true }
        let chosen = isWanted.map { isWanted in ios.filter { isWanted($0.io) } } ?? ios
        let isOfSummaries = Grouper.ofSummaries.isSuperset(of: wanted.groupings)
        let counts = counts(of: chosen, isOfSummaries ? summaries : [], by: wanted.groupings, weighted: !isOfSummaries)
        var all = ReportBuilder(rule: rule, groups: isOfSummaries ? counts.largest(Self.mostGroups) : nil)
        for occupancy in occupancies { all.add(occupancy) }
        for seen in chosen { all.add(seen.io) }
        for summary in summaries { all.add(summary) }
        var report = all.finish(source: source, loss: [])
        if !isOfSummaries { report.groups = groups(of: chosen, counts, source) }
        defer { forget() }
        return Taken(
            report: report, groups: Self.groups(report, counts, isSample: !isOfSummaries && !summaries.isEmpty),
            leftOut: leftOut)
    }

    private func forget() {
        ios.removeAll(keepingCapacity: true)
        occupancies.removeAll(keepingCapacity: true)
        leftOut = 0
    }

    /// - Parameter weighted: a record that stands for others counts as so many.
    private func counts(
        of chosen: [Seen], _ summaries: [IOSummary], by groupings: [Grouping], weighted: Bool
    ) -> GroupCounts {
        var counts = GroupCounts(by: Grouper(by: groupings, threads: threads))
        for seen in chosen { counts.add(seen.io, ios: weighted && seen.isSampled ? UInt64(LiveWatch.sample) : 1) }
        for summary in summaries { counts.add(summary.example, ios: summary.ios) }
        return counts
    }

    /// Of the records alone: sums have no files and threads.
    private func groups(of chosen: [Seen], _ counts: GroupCounts, _ source: ReportSource) -> ReportGroups? {
        var apart = ReportBuilder(rule: rule, groups: counts.largest(Self.mostGroups))
        for seen in chosen { apart.add(seen.io) }
        return apart.finish(source: source, loss: []).groups
    }

    private static func groups(_ report: Report, _ counts: GroupCounts, isSample: Bool) -> LiveInterval.Groups {
        let groups = report.groups?.groups ?? []
        let part = Double(report.ios.total) / Double(max(1, counts.total))
        return LiveInterval.Groups(
            grouper: counts.grouper,
            largest: groups.map { group in
                let ios = Double(counts.ios(of: group.key)) * (isSample ? part : 1)
                return LiveInterval.Group(key: group.key, ios: UInt64(ios.rounded()), latency: group.report.latency)
            },
            sample: isSample ? groups.reduce(0) { $0 + $1.report.ios.total } : nil)
    }
}
