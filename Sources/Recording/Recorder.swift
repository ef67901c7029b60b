// SPDX-License-Identifier: GPL-2.0-only

import Capture
import DirectIO
import FoundationEssentials
import Glibc
import Host
import Probes
import SystemPackage

/// One recording, from the loaded probes to the finished file. One thread does it all.
public final class Recorder {
    private let command: [String]
    /// Nanoseconds.
    private let duration: UInt64?
    private let listener: any RecordingListener
    private let start: ([String]) throws -> TracedCommand
    private var probes: (any ProbeSource)?
    private let intake = Intake()
    private var path: FilePath?
    private var relay = SignalRelay()
    private var keepsSummaries = false
    /// The part of the CPU time that recording may take; `nil`: whatever it does.
    public var maxOverhead: Double?
    /// The listener is called for I/Os that took at least so long, nanoseconds; `nil`: of none.
    public var slowFrom: UInt64?
    /// What the traced command says of its I/Os itself, asked for when it has ended.
    public var account: () -> ApplicationAccount? = { nil }
    /// Everything is recorded for a while, and nothing for longer; `nil`: all the time, as far as `maxOverhead` lets it.
    public var burstPlan: BurstPlan?
    private var overheadLimit: OverheadLimit?
    private var bursts: Bursts?
    private var sampleEvery: UInt32 = 1
    private var openIOs = OpenIOCount()
    /// When the first I/O was let in, nanoseconds of CLOCK_MONOTONIC.
    private var began: UInt64 = 0
    private var stolenBefore: UInt64?

    /// I/Os on their way when the recording ends are waited for this long.
    private static let graceNanoseconds: UInt64 = 500_000_000
    /// What a recorder that is killed leaves behind lacks less than a second: this and a turn of the loop.
    private static let flushNanoseconds: UInt64 = 500_000_000
    /// A turn of the loop takes that long while no ring wakes it up.
    private static let turnMilliseconds: Int32 = 100
    private static let syncsNanoseconds = UInt64(turnMilliseconds) * 1_000_000
    /// Sums are written anew each time, all of them: after so long at first, and seldom more than an eighth of all is lost
    /// with a recorder that is killed, at most a minute.
    private static let sumsNanoseconds: UInt64 = 5_000_000_000

    /// - Parameters:
    ///   - command: what is run and traced; empty: everything is recorded.
    ///   - duration: nanoseconds; `nil`: until the command or the user ends it.
    ///   - start: how the command is started.
    public init(
        command: [String], duration: UInt64?, listener: any RecordingListener,
        start: @escaping ([String]) throws -> TracedCommand = { try TracedCommand($0) }
    ) {
        self.command = command
        self.duration = duration
        self.listener = listener
        self.start = start
    }

    /// Loads and attaches the probes; nothing is recorded yet.
    public func prepare(
        plan: ProbePlan, filter: ProbeFilter, sizes: LiveProbes.Sizes, isVerbose: Bool
    ) throws(RecordingError) {
        keepsSummaries = sizes.keepsSummaries
        self.filter = filter
        sampleEvery = filter.sampleEvery
        // A limit that cannot be looked at is none.
        if maxOverhead != nil, !OverheadMeter.isPossible { throw .costUnknown }
        try prepare { sink throws(ProbeError) in
            try LiveProbes.loaded(plan: plan, filter: filter, sizes: sizes, isVerbose: isVerbose, sink: sink)
        }
    }

    func prepare(_ source: (RecordSink) throws(ProbeError) -> any ProbeSource) throws(RecordingError) {
        do {
            probes = try source(intake)
        } catch {
            throw .probes(error)
        }
    }

    /// Has the kernel measure what the probes cost; see `costs`.
    public func measureCost() throws(RecordingError) {
        guard probes?.measureCost() == true else { throw .costUnknown }
    }

    /// The cost of every probe that ran, when they were measured; and of this process, the reader of their records.
    public var costs: [ProbeCost] {
        (probes?.costs() ?? []) + [ProbeCost(place: "reading and writing", runs: turns, nanoseconds: ownTime)]
    }

    /// Turns of the main loop, and the CPU time of this process in nanoseconds while it ran.
    private var turns: UInt64 = 0
    private var ownTime: UInt64 = 0

    /// Creates the capture file.
    /// - Parameters:
    ///   - filters: in the user's words.
    ///   - recorder: the version of dioscope.
    public func create(
        _ path: FilePath, filters: [String], packing: CaptureWriter.Packing, recorder: String
    ) throws(RecordingError) {
        guard let probes else { return }
        let session = RecordingSession(
            of: probes, recorder: recorder, wall: HostClock.wall, monotonic: HostClock.monotonic,
            tracedCommand: command,
            filters: filters, isSummary: keepsSummaries ? true : nil,
            turnsDown: maxOverhead == nil && burstPlan == nil ? nil : true)
        watchSlow(session)
        do {
            try intake.open(path, session: session, packing: packing)
        } catch {
            throw .capture(error)
        }
        self.path = path
    }

    private func watchSlow(_ session: RecordingSession) {
        guard let slowFrom else { return }
        intake.slow.from = slowFrom
        intake.slow.listener = { [unowned intake = self.intake, listener = self.listener] io, name in
            listener.sawSlow(
                SlowIO(
                    io: io, submitterName: name ?? HostFacts.line(of: "/proc/\(io.submitterThread)/comm"),
                    devices: intake.devices.names, files: intake.files.names, rule: session.completionRule,
                    began: (session.startedMonotonic, session.startedWall)))
        }
    }

    /// Records until the command, the time or the user ends it, and finishes the file.
    public func run() throws(RecordingError) -> Outcome {
        guard let probes, let path else { throw .notPrepared }
        do {
            try probes.activate()
        } catch {
            discard()
            throw .probes(error)
        }
        pace(probes, from: HostClock.monotonic)
        var child: TracedCommand?
        // From here on nothing is missed: whoever waits to start a load may.
        listener.recordingBegan(path)
        if !command.isEmpty {
            do {
                child = try start(command)
            } catch {
                discard()
                throw .command(error)
            }
        }
        Interruption.watch(over: child)
        var commandStatus = follow(child)
        if commandStatus != nil { Interruption.watch(over: nil) }
        probes.deactivate()
        let counters = settle()
        finish(counters, commandStatus: commandStatus)
        let outliving = commandStatus == nil ? [] : outliving()
        listener.recordingEnded()
        if let child, commandStatus == nil { commandStatus = wait(for: child) }
        return Outcome(
            ios: intake.iosWritten + counters.summedUp, bytes: intake.bytesWritten, counters: counters,
            commandStatus: commandStatus,
            failure: intake.failure, blindTo: probes.blindTo,
            leftOut: counters.filteredOut > 0 ? probes.leftOut() : [], outliving: outliving)
    }

    private func pace(_ probes: any ProbeSource, from now: UInt64) {
        if let maxOverhead {
            overheadLimit = OverheadLimit(probes.overheadMeter(), limit: maxOverhead, at: now, listener)
        }
        if maxOverhead != nil || burstPlan != nil { bursts = Bursts(probes, plan: burstPlan, at: now) }
    }

    /// What the command started and did not wait for.
    private func outliving() -> [String] {
        let own = ProcessInfo.processInfo.processIdentifier
        let running = Procfs.numbers(in: "/proc").filter { $0 != own && ProcessTree.runs($0) }
        return (probes?.traced(among: running) ?? []).map { process in
            "\(HostFacts.line(of: "/proc/\(process)/comm") ?? "?")/\(process)"
        }
    }

    /// Nothing was recorded: no file is better than one that says so.
    private func discard() {
        if let path { try? FileManager.default.removeItem(atPath: path.string) }
    }

    /// The main loop: drains, flushes, shows how it goes. Returns the command's status if it ended.
    private func follow(_ child: TracedCommand?) -> Int32? {
        let start = HostClock.monotonic
        began = start
        stolenBefore = HostFacts.stolen
        var nextSecond = start + 1_000_000_000
        var nextSums = start + Self.sumsNanoseconds
        var nextFlush = start + Self.flushNanoseconds
        var nextSyncs = start
        let before = HostClock.now(CLOCK_PROCESS_CPUTIME_ID)
        defer { ownTime = HostClock.now(CLOCK_PROCESS_CPUTIME_ID) - before }
        while intake.failure == nil {
            turns += 1
            drain(timeoutMilliseconds: turnLength)
            sumUpChosenKinds()
            guard keepPace() else { return nil }
            if let child, child.hasEnded {
                commandIO = child.io()
                return child.endedStatus()
            }
            let now = HostClock.monotonic
            if now >= nextFlush {
                nextFlush = now + Self.flushNanoseconds
                intake.writeNewNames()
                intake.attempt { writer throws(CaptureError) in try writer.flush() }
            }
            if keepsSummaries, now >= nextSums {
                nextSums = now + max(Self.sumsNanoseconds, min((now - start) / 8, 12 * Self.sumsNanoseconds))
                writeSums()
            }
            if now >= nextSyncs {
                nextSyncs = now + Self.syncsNanoseconds
                noteSyncs()
            }
            if now >= nextSecond {
                nextSecond += 1_000_000_000
                lookForStackedDisks()
                openFiles.note(probes?.directOpens())
                if let counters = countersOnTheWay() {
                    let every = overheadLimit?.every ?? sampleEvery
                    listener.recordingWent(after: now - start, counters: counters, every: every)
                }
            }
            if let duration, now - start >= duration { return nil }
            guard Interruption.received != nil else { continue }
            guard let child else { return nil }
            relay.pass(to: child)
        }
        return nil
    }

    private var filter = ProbeFilter()
    private static let fewIOs: UInt64 = 100
    private var commandIO: OtherIO.CommandIO?
    private var openFiles = DirectOpens()
    private var syncs: [FileSyncs]?

    /// Often, as a file may soon be closed and its path unknown; but a busy recording takes many turns, and each of these
    /// looks at a map by system calls.
    private func noteSyncs() {
        syncs = probes?.syncs()
        for file in syncs ?? [] { intake.note(file) }
    }

    /// Disks of a stack that came too late to be followed.
    private var lateDisks: [String] = []

    private func lookForStackedDisks() {
        guard let probes, case let new = probes.newStackedDisks(), !new.isEmpty else { return }
        if !probes.followsStackedDisks { lateDisks += new }
        listener.stackedDisksCame(new, areFollowed: probes.followsStackedDisks)
    }

    /// The counters now and then: the slots are looked at only if an I/O can be in one.
    private func countersOnTheWay() -> ProbeCounters? {
        guard let probes, case let counters = counting(in: probes.counters()) else { return nil }
        return counters.inFlight == 0 ? counters : countersAndOpenIOs(isLast: false)
    }

    /// The counters, and the I/Os without an end that are still in the slots.
    private func countersAndOpenIOs(isLast: Bool = true) -> ProbeCounters? {
        guard let probes else { return nil }
        return counting(in: openIOs.counters(of: probes, now: HostClock.monotonic, isLast: isLast))
    }

    private func counting(in counters: ProbeCounters) -> ProbeCounters { bursts?.counting(in: counters) ?? counters }

    /// Milliseconds.
    private var turnLength: Int32 {
        let (most, now) = (Self.turnMilliseconds, HostClock.monotonic)
        return min(bursts?.wait(atMost: most, now: now) ?? most, overheadLimit?.wait(atMost: most, now: now) ?? most)
    }

    /// Begins and ends bursts. `false`: one could not be begun.
    private func keepPace() -> Bool {
        guard let bursts, let probes else { return true }
        let now = HostClock.monotonic
        if let overheadLimit, overheadLimit.turn(at: now, ios: probes.iosSeen, bursts) {
            intake.attempt { writer throws(CaptureError) in try writer.write(sampling: overheadLimit.steps) }
        }
        do {
            try bursts.turn(at: now)
        } catch {
            listener.burstFailed(error)
            return false
        }
        // Before the records of a burst: without its end it is still known that there was one.
        writeBursts()
        return true
    }

    private func writeBursts() {
        guard let changed = bursts?.takeChanged(), !changed.isEmpty else { return }
        intake.attempt { writer throws(CaptureError) in try writer.write(bursts: changed) }
    }

    private func sumUpChosenKinds() {
        guard keepsSummaries else { return }
        for kind in intake.takeChosenKinds() { probes?.sumUp(kind) }
    }

    private func writeSums() {
        for (number, sums) in (probes?.sums() ?? []).enumerated() {
            intake.attempt { writer throws(CaptureError) in
                try writer.write(summary: number, of: sums.kind, sums.sums, numbers: sums.numbers)
            }
        }
    }

    @available(*, noasync, message: "blocks the calling thread")
    private func drain(timeoutMilliseconds: Int32) {
        probes?.drain(timeoutMilliseconds: timeoutMilliseconds)
        intake.slow.tell()
    }

    /// Follows the I/Os that are still on their way, for a moment. Returns what it all came to.
    private func settle() -> ProbeCounters {
        bursts?.end(at: HostClock.monotonic)
        let end = HostClock.monotonic + Self.graceNanoseconds
        drain(timeoutMilliseconds: 0)
        while intake.failure == nil, HostClock.monotonic < end, let counters = countersAndOpenIOs(),
            !counters.isSettled
        {
            drain(timeoutMilliseconds: 10)
        }
        drain(timeoutMilliseconds: 0)
        probes?.deliverCompleted()
        intake.slow.tell()
        return countersAndOpenIOs() ?? ProbeCounters(isFiltered: false)
    }

    private func finish(_ counters: ProbeCounters, commandStatus: Int32?) {
        if keepsSummaries { writeSums() }
        noteSyncs()
        writeBursts()
        openFiles.note(probes?.directOpens())
        // A command opens its files itself.
        if command.isEmpty, counters.begun < Self.fewIOs { openFiles.noteOpen(passing: filter) }
        let other = OtherIO(
            opened: openFiles.files, command: commandIO, syncs: syncs?.sorted { $1.nanoseconds < $0.nanoseconds },
            opensFiltered: true)
        let account = commandStatus == nil ? nil : self.account()
        intake.attempt { writer throws(CaptureError) in
            try writer.write(devices: intake.devices.names)
            if intake.files.count > 0 { try writer.write(files: intake.files.names) }
            try writer.flush()
            try writer.write(loss: explained(counters.losses(written: writer.iosWritten), counters))
            try writer.write(cpus: probes?.use() ?? [])
            try writer.write(places: intake.places.places())
            if let account { try writer.write(account: account) }
            if let users = intake.cachedFiles.users() { try writer.write(fileUsers: users) }
            try writer.finish(
                RecordingEnd(
                    wall: HostClock.wall, monotonic: HostClock.monotonic, ios: writer.iosWritten,
                    commandStatus: commandStatus, other: other, stolen: stolen,
                    cost: overheadLimit?.cost(at: HostClock.monotonic)))
        }
    }

    /// By a hypervisor since the recording began, if anything.
    private var stolen: UInt64? {
        guard let stolenBefore, let now = HostFacts.stolen, now > stolenBefore else { return nil }
        return now - stolenBefore
    }

    /// The losses, with what is known of when and where I/Os were lost whose completion was not seen.
    private func explained(_ losses: [DataLoss], _ counters: ProbeCounters) -> [DataLoss] {
        let words = LossWords(bursts: intake.lost.bursts, began: began, tasks: counters.unseenTasks)
        let explained = losses.map { loss in
            guard loss.what == DataLoss.completionMissed, loss.count > 0 else { return loss }
            var loss = loss
            loss.help += words.text
            return loss
        }
        return lateDisks.isEmpty ? explained : explained + [.lateStackedDisks(lateDisks)]
    }

    /// The recording has ended before the command: its status is still dioscope's.
    private func wait(for child: TracedCommand) -> Int32 {
        while true {
            if let ended = child.endedStatus() { return ended }
            relay.pass(to: child)
            usleep(50_000)
        }
    }
}
