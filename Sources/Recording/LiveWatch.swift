// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Capture
import DirectIO
import Glibc
import Host
import Probes
import Report
import SystemPackage

/// Direct I/Os as they go on, interval by interval, without a file: most are summed up in the kernel, so that an interval
/// costs the same however many there are. Or all come as records, and those of the last while are kept.
public final class LiveWatch {
    private let probes: any ProbeSource
    private let sink: LiveSink
    private let kept: KeptRecords?
    private var before: [KindSummaries.Sums] = []
    private var openIOs = OpenIOCount()
    private var lostBefore: UInt64 = 0
    /// How many begun I/Os seemed to be over in the last looks: one that waits for its kworker behind others seems so
    /// for a while, too.
    private var over: [UInt64] = []
    /// About one a second, where records are kept: a capture of them says what they lack, and what the CPUs did.
    private var marks: [Mark] = []
    private var began: UInt64
    private var ownTime: UInt64
    private let started: (wall: Int64, monotonic: UInt64)
    private var nextLook: UInt64

    /// Of the I/Os that the kernel sums up, one in so many is a record as well: from those, files and threads are known.
    static let sample: UInt32 = 16
    private static let looks = 5
    private static let lookNanoseconds: UInt64 = 1_000_000_000

    /// How far a percentile may be off where I/Os are summed up, as a part of it.
    public static let percentileError = SummaryBucket.error

    /// What there was in all at some time.
    private struct Mark {
        var time: UInt64
        var losses: [DataLoss] = []
        var use: [CPUUse] = []
    }

    /// What is kept of records.
    public struct Keeping: Sendable {
        /// Nanoseconds; 0: nothing is.
        public var span: UInt64 = 0
        public var mostBytes = 256 << 20

        public init() {}
    }

    /// Loads the probes and lets I/Os in.
    public convenience init(
        plan: ProbePlan, filter: ProbeFilter, keeping: Keeping, isVerbose: Bool = false
    ) throws(RecordingError) {
        try self.init(keeping: keeping) { sink throws(ProbeError) in
            var sizes = LiveProbes.Sizes()
            sizes.keepsSummaries = keeping.span == 0
            sizes.summarySample = Self.sample
            return try LiveProbes.loaded(plan: plan, filter: filter, sizes: sizes, isVerbose: isVerbose, sink: sink)
        }
    }

    init(
        keeping: Keeping, _ source: (RecordSink) throws(ProbeError) -> any ProbeSource
    ) throws(RecordingError) {
        kept = keeping.span > 0 ? KeptRecords(span: keeping.span, mostBytes: keeping.mostBytes) : nil
        sink = LiveSink(keeping: kept)
        do {
            probes = try source(sink)
            sink.begin(probes.completionRule, sumsUp: kept == nil)
            try probes.activate()
        } catch {
            throw .probes(error)
        }
        started = (HostClock.wall, HostClock.monotonic)
        began = started.monotonic
        nextLook = began
        ownTime = HostClock.now(CLOCK_PROCESS_CPUTIME_ID)
        marks = [Mark(time: began)]
    }

    /// What no probe can see, in words.
    public var blindTo: [String] { probes.blindTo }

    /// Sleeps up to the timeout, or until a signal or a filling ring, and takes in what there is.
    public func drain(timeoutMilliseconds: Int32) {
        sink.turn(now: HostClock.monotonic)
        probes.drain(timeoutMilliseconds: timeoutMilliseconds)
        for kind in sink.takeChosenKinds() { probes.sumUp(kind) }
        guard HostClock.monotonic >= nextLook else { return }
        nextLook = HostClock.monotonic + Self.lookNanoseconds
        _ = probes.newStackedDisks()
        if kept != nil { mark() }
    }

    /// Lets no further I/Os in.
    public func stop() { probes.deactivate() }

    /// What was done since the last call.
    public func interval(_ wish: LiveWish) -> LiveInterval {
        drain(timeoutMilliseconds: 0)
        let now = HostClock.monotonic
        let counters = counters(now)
        let summaries = newSummaries()
        let taken = sink.takeInterval(wish, summaries, source)
        let cpuTime = HostClock.now(CLOCK_PROCESS_CPUTIME_ID)
        let length = max(1, now - began)
        let lost = counters.surelyLost > lostBefore ? counters.surelyLost - lostBefore : 0
        let interval = LiveInterval(
            report: taken.report, groups: taken.groups, wall: HostClock.wall, nanoseconds: length,
            inFlight: counters.inFlight, lost: lost + taken.leftOut,
            ownShare: Double(cpuTime - ownTime) / Double(length))
        (lostBefore, began, ownTime) = (counters.surelyLost, now, cpuTime)
        return interval
    }

    private func counters(_ now: UInt64) -> ProbeCounters {
        let counters = probes.counters()
        guard counters.inFlight > 0 else {
            over = []
            return counters
        }
        var after = openIOs.counters(of: probes, now: now, isLast: false)
        guard let open = after.open else { return after }
        over = over.suffix(Self.looks - 1) + [open.over]
        let lost = over.count < Self.looks ? 0 : over.min() ?? 0
        after.open = ProbeCounters.OpenCount(inFlight: open.inFlight + open.over - lost, over: lost)
        return after
    }

    /// By kind, what was summed up since the last call. What is not whole yet stays for the next one.
    private func newSummaries() -> [IOSummary] {
        let sums = probes.sums()
        var summaries: [IOSummary] = []
        for (place, now) in sums.enumerated() {
            // Of most kinds there is nothing new.
            if place < before.count, Self.isSame(now.sums, before[place].sums) { continue }
            let difference = SummaryDifference(from: place < before.count ? before[place] : nil, to: now)
            if let summary = difference.summary() {
                summaries.append(summary)
            } else if place < before.count {
                continue
            }
            if place < before.count { before[place] = now } else { before.append(now) }
        }
        sink.note(summedUp: sums.map(\.kind))
        return summaries
    }

    private static func isSame(_ now: probe_summary, _ before: probe_summary) -> Bool {
        now.last_ns == before.last_ns && now.bytes == before.bytes && now.errors == before.errors
    }

    private var source: ReportSource {
        var source = ReportSource(kind: "live", isComplete: true)
        source.probes = probes.programs
        source.devices = sink.devices.names
        source.threads = sink.threads
        source.files = sink.fileNames
        source.cpuCount = HostFacts.cpuCount
        return source
    }

    // MARK: A capture of the last while

    private func mark() {
        let now = HostClock.monotonic
        marks.append(Mark(time: now, losses: counters(now).losses, use: probes.use()))
        let begin = kept?.began ?? now
        // The last one before what is kept is what there was then.
        while marks.count > 1, marks[1].time <= begin { marks.removeFirst() }
    }

    /// What was made of the records that are kept.
    public struct Saved: Sendable {
        public var ios: UInt64
        /// Nanoseconds.
        public var span: UInt64
    }

    /// Writes a capture of what is kept.
    /// - Returns: `nil` if nothing is.
    public func save(to path: FilePath, filters: [String], recorder: String) throws(RecordingError) -> Saved? {
        guard let kept, let begin = kept.began else { return nil }
        mark()
        let now = HostClock.monotonic
        let session = RecordingSession(
            of: probes, recorder: recorder, wall: started.wall + Int64(begin - started.monotonic), monotonic: begin,
            filters: filters)
        do {
            let writer = try CaptureWriter(creating: path, session: session, packing: .columns)
            try kept.write(to: writer)
            try writer.write(devices: sink.devices.names)
            if !sink.fileNames.isEmpty { try writer.write(files: sink.fileNames) }
            try writer.write(loss: lossesSince(begin))
            try writer.write(cpus: useSince(begin))
            try writer.write(places: sink.places.places())
            try writer.flush()
            let ios = writer.iosWritten
            try writer.finish(
                RecordingEnd(
                    wall: HostClock.wall, monotonic: now, ios: ios, commandStatus: nil, other: nil, stolen: nil))
            return Saved(ios: ios, span: now - begin)
        } catch {
            throw .capture(error)
        }
    }

    /// What came since the last mark before that.
    private func lossesSince(_ begin: UInt64) -> [DataLoss] {
        let earlier = marks.last { $0.time <= begin }?.losses ?? []
        return (marks.last?.losses ?? []).since(earlier)
    }

    private func useSince(_ begin: UInt64) -> [CPUUse] {
        let (now, earlier) = (marks.last?.use ?? [], marks.last { $0.time <= begin }?.use ?? [])
        return earlier.isEmpty ? now : zip(now, earlier).map { $0.since($1) }
    }
}
