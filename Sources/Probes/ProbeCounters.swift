// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO

/// What the probes counted, summed over all CPUs; see `struct probe_cpu`.
public struct ProbeCounters: Equatable, Sendable {
    /// I/Os that passed the filters.
    public var begun: UInt64 = 0
    /// I/Os that did not.
    public var filteredOut: UInt64 = 0
    /// I/Os that passed the filters and were left out at random.
    public var sampledOut: UInt64 = 0
    public var slotsFull: UInt64 = 0
    /// Submissions that were seen to come to nothing, and to begin again.
    public var restarted: UInt64 = 0
    /// Completions of I/Os that began before the recording; `nil` where a filter decides at their begin, unseen.
    public var unmatched: UInt64?
    /// I/Os whose record went into a ring, or that were aggregated in the kernel.
    public var recorded: UInt64 = 0
    /// Those of them that were aggregated in the kernel.
    public var summedUp: UInt64 = 0
    public var ringFull: UInt64 = 0
    /// Names of threads that did not fit into a ring: their I/Os are there, without a name.
    public var namesFull: UInt64 = 0
    /// Names of CPU occupants that did not fit into the ring: their time is counted without a name.
    public var occupanciesFull: UInt64 = 0
    /// I/Os whose begin was missed: the kernel skips a probe that is already running on the CPU.
    public var beginsMissed: UInt64 = 0
    /// Runs of probes that record a life's points, skipped for the same reason, but for those that a witness did.
    public var pointsMissed: UInt64 = 0
    /// Skipped runs that a second program at the same place did.
    var witnessed: UInt64 = 0
    /// I/Os whose completion was not seen and must have been: their kiocbs began again.
    public var begunAgain: UInt64 = 0
    /// Nanoseconds from the begin of those to when that was noticed: they took no longer than this in all.
    public var begunAgainTime: UInt64 = 0
    /// Begun I/Os without an end, from the slots themselves. `nil` until they were looked at.
    public var open: OpenCount?
    /// Begun I/Os without an end that were given up after the bursts of a recording: in no slot any more.
    public var dropped = OpenCount(inFlight: 0, over: 0)
    /// Readings of a context by the probes where the kernel itself says it: those that were wrong, and all.
    public var selfTest = [ContextTest](repeating: ContextTest(), count: 3)

    public struct ContextTest: Equatable, Sendable {
        public var readings: UInt64 = 0
        public var wrong: UInt64 = 0

        /// An interrupt may be raised anew by software, in no interrupt: a few are no proof.
        var isFailed: Bool { wrong * 20 > readings }
    }

    /// Tasks that came to a CPU and were not seen to leave it, by CPU.
    public var unseenTasks: [UnseenTask] = []

    /// The begun I/Os that have no end.
    public struct OpenCount: Equatable, Sendable {
        /// Those that can still be on their way.
        public var inFlight: UInt64
        /// Those that cannot: their completion was not seen.
        public var over: UInt64

        public init(inFlight: UInt64, over: UInt64) {
            self.inFlight = inFlight
            self.over = over
        }
    }

    /// In whose context no program ran.
    public struct UnseenTask: Equatable, Sendable {
        public var cpu: Int
        public var turns: UInt64
        /// Nanoseconds.
        public var time: UInt64
        /// The last one.
        public var thread: UInt32

        public init(cpu: Int, turns: UInt64, time: UInt64, thread: UInt32) {
            self.cpu = cpu
            self.turns = turns
            self.time = time
            self.thread = thread
        }
    }

    /// Completions that were not seen: their I/Os are not in the capture.
    public var completionsLost: UInt64 { begunAgain + dropped.over + (open?.over ?? 0) }

    /// - Parameter isFiltered: only some I/Os are recorded.
    public init(isFiltered: Bool) {
        unmatched = isFiltered ? nil : 0
    }

    mutating func add(_ cpu: probe_cpu, number: Int) {
        if cpu.unseen_runs > 0 {
            unseenTasks.append(
                UnseenTask(
                    cpu: number, turns: cpu.unseen_runs, time: cpu.unseen_ns,
                    thread: UInt32(truncatingIfNeeded: cpu.unseen_tid)))
        }
        add(tests: cpu)
        begun += cpu.begins
        filteredOut += cpu.filtered
        sampledOut += cpu.sampled_out
        slotsFull += cpu.slots_full
        restarted += cpu.restarted
        unmatched = unmatched.map { $0 + cpu.unmatched }
        recorded += cpu.records + cpu.summed_up
        summedUp += cpu.summed_up
        begunAgain += cpu.lost
        begunAgainTime += cpu.lost_ns
        ringFull += cpu.ring_full
        namesFull += cpu.names_full
        occupanciesFull += cpu.occupancies_full
        witnessed += cpu.witnessed
    }

    private mutating func add(tests cpu: probe_cpu) {
        let (readings, wrong) = (cpu.tests, cpu.misread)
        for (place, test) in [(readings.0, wrong.0), (readings.1, wrong.1), (readings.2, wrong.2)].enumerated() {
            selfTest[place].readings += UInt64(test.0)
            selfTest[place].wrong += UInt64(test.1)
        }
    }

    /// What the probes took for something else; empty when the self-test was passed.
    private var misread: String {
        zip(["a hard interrupt", "a softirq", "a task"], selfTest).filter(\.1.isFailed).map {
            "in \($0) \($1.wrong) of \($1.readings) times"
        }.joined(separator: ", ")
    }

    mutating func addMisses(_ count: UInt64, of role: ProbeProgram.Role) {
        switch role {
        case .begins: beginsMissed += count
        case .counts: sampledOut += count
        // A completion that nothing else recorded leaves its slot behind.
        case .completes, .observes: pointsMissed += count
        }
    }

    /// Begun, and no end was counted.
    private var unended: UInt64 {
        let ended =
            recorded + ringFull + slotsFull + restarted + begunAgain + dropped.inFlight + dropped.over
        return begun > ended ? begun - ended : 0
    }

    /// Begun and neither recorded nor lost: still on their way.
    public var inFlight: UInt64 { open?.inFlight ?? unended }

    /// What begun I/Os came to does not add up to them by so many.
    public var unaccounted: UInt64 {
        guard let open else { return 0 }
        let slots = open.inFlight + open.over
        return max(slots, unended) - min(slots, unended)
    }

    /// No I/O is on its way, nor complete and waiting for a last step.
    public var isSettled: Bool { inFlight == 0 && unaccounted == 0 }

    /// I/Os that the capture lacks, as far as it is known.
    public var lost: UInt64 { ringFull + slotsFull + beginsMissed + completionsLost }

    /// Those of them that are certain while recording: a begin that was missed may be one that the filters leave out.
    public var surelyLost: UInt64 { unmatched == nil ? lost - beginsMissed : lost }

    /// Their part of all that should be in the capture.
    public var lostShare: Double { surelyLost == 0 ? 0 : Double(surelyLost) / Double(recorded + surelyLost) }

    /// The same, when all is in the file that is to be there.
    /// - Parameter written: I/Os in the file.
    public func losses(written: UInt64) -> [DataLoss] {
        let expected = recorded - summedUp
        guard expected > written else { return losses }
        return losses + [
            DataLoss(
                what: "not-written", count: expected - written, severity: .loss,
                help: "I/Os that the probes recorded and that are not in the file: a fault of dioscope")
        ]
    }

    /// All counters in the words of the reports, those that are zero as well.
    public var losses: [DataLoss] {
        let begunBefore = unmatched.map {
            DataLoss(
                what: "unmatched-completion", count: $0, severity: .info,
                help: "I/Os that were in flight when the recording began; they are not in the capture")
        }
        let leftOut = DataLoss.sampledOut(sampledOut)
        let filtered = DataLoss.filteredOut(filteredOut)
        return counted
            + [begunBefore, sampledOut > 0 ? leftOut : nil, filteredOut > 0 ? filtered : nil].compactMap(\.self)
    }

    private var counted: [DataLoss] {
        let all: [DataLoss?] = [
            DataLoss(
                what: "ring-full", count: ringFull, severity: .loss,
                help: "records did not fit into the ring; use a larger --buffer or fewer I/Os (filters)"),
            DataLoss(
                what: "slots-full", count: slotsFull, severity: .loss,
                help: "more I/Os in flight than slots; use a larger --slots"),
            DataLoss(
                what: "begin-missed", count: beginsMissed, severity: .loss,
                help: "I/Os that began while the same probe was running on that CPU; they are not in the capture"
                    + (unmatched == nil ? ", as far as the filters pass them" : "")),
            DataLoss(
                what: DataLoss.completionMissed, count: completionsLost, severity: .loss,
                help: "I/Os whose completion the probes did not see; they are not in the capture",
                timeAtMost: begunAgain == 0 ? nil : begunAgainTime / begunAgain),
            misread.isEmpty
                ? nil
                : DataLoss(
                    what: DataLoss.contextsMisread, count: selfTest.reduce(0) { $0 + $1.wrong }, severity: .loss,
                    help: "the probes do not know this kernel's contexts: \(misread) they read something else;"
                        + " where I/Os ended and were completed is not to be believed"),
            unaccounted == 0
                ? nil
                : DataLoss(
                    what: "unaccounted", count: unaccounted, severity: .loss,
                    help: "I/Os that began and are neither recorded nor counted as lost: a fault of dioscope"),
            DataLoss(
                what: "probe-missed", count: pointsMissed, severity: .info,
                help: "other probes that the kernel skipped; I/Os lack a time for it, which quality counts"),
            DataLoss(
                what: "thread-names-lost", count: namesFull, severity: .info,
                help: "names of threads that did not fit into the ring; their I/Os are complete, without a name"),
            DataLoss(
                what: "occupant-names-lost", count: occupanciesFull, severity: .info,
                help: "names of CPU occupants that did not fit into the ring; their time is counted without a name"),
            DataLoss(
                what: "in-flight-at-end", count: inFlight, severity: .info,
                help: "I/Os that were not complete when the recording ended; they are not in the capture"),
            dropped.inFlight == 0
                ? nil
                : DataLoss(
                    what: "in-flight-at-burst-end", count: dropped.inFlight, severity: .info,
                    help: "I/Os that were not complete half a second after their burst; they are not in the capture"),
            DataLoss(
                what: "restarted", count: restarted, severity: .info,
                help: "submissions that came to nothing: a NOWAIT write that would block, a read at a file's end"),
        ]
        return all.compactMap(\.self)
    }
}
