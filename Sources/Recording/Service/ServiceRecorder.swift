// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Capture
import DirectIO
import Glibc
import Host
import Probes
import SystemPackage

/// What was seen in an interval of a service.
public struct ServiceInterval {
    /// I/Os that have a record.
    public var ios: [DirectIO]
    /// I/Os that were summed up in the kernel.
    public var summaries: [IOSummary]
    public var nanoseconds: UInt64
    /// Since the service began.
    public var losses: [DataLoss]
    public var inFlight: UInt64
}

/// Follows I/Os for months: sums them up in the kernel, looks at what was added interval by interval, and keeps the last
/// ones in memory, to be written as a capture when somebody wants to know.
public final class ServiceRecorder {
    private let probes: any ProbeSource
    private let intake: ServiceIntake
    private let window: UInt64
    private let mostBytes: Int
    private var before: [KindSummaries.Sums] = []
    private var kept: [Kept] = []
    private var began: UInt64
    private var openIOs = OpenIOCount()
    private var nextLook: UInt64
    private let start: (wall: Int64, monotonic: UInt64)

    private struct Kept {
        var began: UInt64
        var ended: UInt64
        var records: KeptBytes
        var changes: [SumsChange]
        /// Since the service began, at its end.
        var losses: [DataLoss]
    }

    private static let lookNanoseconds: UInt64 = 1_000_000_000

    /// Loads the probes and lets I/Os in.
    /// - Parameters:
    ///   - window: nanoseconds that are kept.
    ///   - mostBytes: of records that are kept, and of an interval.
    public convenience init(
        plan: ProbePlan, filter: ProbeFilter, ringBytes: Int, window: UInt64, mostBytes: Int
    ) throws(RecordingError) {
        try self.init(window: window, mostBytes: mostBytes) { sink throws(ProbeError) in
            var sizes = LiveProbes.Sizes()
            sizes.ringBytes = ringBytes
            sizes.keepsSummaries = true
            return try LiveProbes.loaded(plan: plan, filter: filter, sizes: sizes, sink: sink)
        }
    }

    init(
        window: UInt64, mostBytes: Int, _ source: (RecordSink) throws(ProbeError) -> any ProbeSource
    ) throws(RecordingError) {
        (self.window, self.mostBytes) = (window, mostBytes)
        intake = ServiceIntake(mostBytes: mostBytes)
        do {
            probes = try source(intake)
            intake.begin(probes.completionRule)
            try probes.activate()
        } catch {
            throw .probes(error)
        }
        start = (HostClock.wall, HostClock.monotonic)
        (began, nextLook) = (start.monotonic, start.monotonic)
    }

    public var rule: CompletionRule { probes.completionRule }
    public var blindTo: [String] { probes.blindTo }
    /// Kinds of I/Os that are summed up in the kernel.
    public private(set) var kinds = 0
    /// Bytes of records that are kept.
    public var keptBytes: Int { kept.reduce(0) { $0 + $1.records.bytes.count } }

    /// Sleeps up to the timeout, or until a signal or a filling ring, and takes in what there is.
    public func turn(timeoutMilliseconds: Int32) {
        probes.drain(timeoutMilliseconds: timeoutMilliseconds)
        for kind in intake.takeChosenKinds() { probes.sumUp(kind) }
        let now = HostClock.monotonic
        guard now >= nextLook else { return }
        nextLook = now + Self.lookNanoseconds
        _ = probes.newStackedDisks()
    }

    /// Lets no further I/Os in.
    public func stop() { probes.deactivate() }

    /// Ends the interval.
    public func cut() -> ServiceInterval {
        turn(timeoutMilliseconds: 0)
        let now = HostClock.monotonic
        let (changes, summaries) = takeChanges()
        let records = intake.takeRecords()
        var ios: [DirectIO] = []
        records.forEach { record in
            if let io = DirectIO(anyRecord: record) { ios.append(io) }
        }
        let counters = counters(now)
        var losses = counters.losses
        if intake.leftOut > 0 {
            losses.append(
                DataLoss(
                    what: "service-memory", count: intake.leftOut, severity: .loss,
                    help: "I/Os that came as records and for which --memory had no room"))
        }
        kept.append(Kept(began: began, ended: now, records: records, changes: changes, losses: losses))
        forget(now)
        defer { began = now }
        return ServiceInterval(
            ios: ios, summaries: summaries, nanoseconds: max(1, now - began), losses: losses,
            inFlight: counters.inFlight)
    }

    private func forget(_ now: UInt64) {
        while kept.count > 1, now - kept[0].ended > window || keptBytes > mostBytes { kept.removeFirst() }
    }

    /// What does not add up yet stays for the next interval.
    private func takeChanges() -> ([SumsChange], [IOSummary]) {
        var (changes, summaries): ([SumsChange], [IOSummary]) = ([], [])
        let sums = probes.sums()
        kinds = sums.count
        for (place, now) in sums.enumerated() {
            let old = place < before.count ? before[place] : nil
            let change = SumsChange(from: old, to: now, began: began)
            if let summary = change.summary {
                changes.append(change)
                summaries.append(summary)
            } else if old != nil, !change.isEmpty {
                continue
            }
            if place < before.count { before[place] = now } else { before.append(now) }
        }
        return (changes, summaries)
    }

    private func counters(_ now: UInt64) -> ProbeCounters {
        let counters = probes.counters()
        return counters.inFlight > 0 ? openIOs.counters(of: probes, now: now, isLast: false) : counters
    }

    /// Writes a capture of the intervals that are kept, under its name only when it is whole.
    /// - Returns: I/Os in it.
    public func write(to path: FilePath, recorder: String) throws(RecordingError) -> UInt64 {
        guard let first = kept.first, let last = kept.last else { return 0 }
        let partial = FilePath(path.string + ".part")
        do throws(CaptureError) {
            let writer = try CaptureWriter(
                creating: partial, session: session(first.began, recorder), packing: .columns)
            for task in intake.tasks.values { try writer.append(task) }
            for interval in kept {
                try interval.records.forEach { (record) throws(CaptureError) in try writer.append(record) }
            }
            var summed: UInt64 = 0
            for (number, change) in merged.enumerated() {
                summed += change.summary?.ios ?? 0
                try writer.write(summary: number, of: change.kind, change.sums, numbers: change.allNumbers)
            }
            try writer.write(devices: intake.devices.names)
            try writer.write(loss: kept.count > 1 ? last.losses.since(first.losses) : last.losses)
            try writer.flush()
            let ios = writer.iosWritten + summed
            let wall = start.wall + Int64(last.ended - start.monotonic)
            try writer.finish(RecordingEnd(wall: wall, monotonic: last.ended, ios: ios))
            guard rename(partial.string, path.string) == 0 else {
                throw CaptureError.writeFailed(path, kept: 0, Errno(rawValue: errno))
            }
            return ios
        } catch {
            unlink(partial.string)
            throw .capture(error)
        }
    }

    private var merged: [SumsChange] {
        var merged: [SumsChange] = []
        for change in kept.flatMap(\.changes) {
            if let place = merged.firstIndex(where: { SeenKinds.areSame($0.kind, change.kind) }) {
                merged[place].add(change)
            } else {
                merged.append(change)
            }
        }
        return merged
    }

    private func session(_ begin: UInt64, _ recorder: String) -> RecordingSession {
        RecordingSession(
            of: probes, recorder: recorder, wall: start.wall + Int64(begin - start.monotonic), monotonic: begin,
            isSummary: true)
    }
}
