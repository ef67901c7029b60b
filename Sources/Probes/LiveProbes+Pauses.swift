// SPDX-License-Identifier: GPL-2.0-only

import CLibbpf
import CProbeRecords
import Glibc

/// Pauses between bursts of a recording: I/Os are counted, and no more. For a filter that says that there may be some.
extension LiveProbes {
    /// Lets no further I/O in: those that come are counted as left out. Those in flight are still followed.
    public func endBurst() {
        if unmatchedBefore == nil { unmatchedBefore = counters().unmatched }
        set(PROBE_PAUSE_BEGINS)
    }

    /// Nothing is followed any more, and what follows I/Os is detached. Those without an end are given up.
    public func pause() {
        if let counting { _ = object.attach(counting.program) }
        set(PROBE_PAUSE)
        misses.pauseBegins(at: missedBegins)
        for program in ofBursts where !Self.staysAttached { object.detach(program) }
        emptySlots()
        leaveKiComplete()
    }

    /// Attaches again what `pause` detached; it still returns at once.
    public func prepareBurst() throws(ProbeError) {
        for program in ofBursts where !Self.staysAttached {
            let status = object.attach(program)
            guard status == 0 else {
                throw .refused(step: "attaching \(program.place) again", errno: status, detail: LibbpfMessages.last)
            }
        }
        forgetTimes()
    }

    /// Lets I/Os in, and follows them.
    public func beginBurst() {
        state.forgetMoments(cpuCount)
        misses.pauseEnds(at: missedBegins)
        set(PROBE_PAUSE_NONE)
        if let counting { object.detach(counting.program) }
    }

    /// There are no pauses from now on.
    public func stopPauses() {
        if state.isKiCompleteUnseen == true { state.isKiCompleteNeeded = true }
    }

    /// At ki_complete. They alone see the end of I/Os to block devices, of fs/direct-io.c and of files that are kept in others, and of those
    /// whose completion the kernel skipped.
    private var ofKiComplete: [ProbeProgram] {
        let functions = ["aio_completed", "io_uring_completed", "io_uring_poll_completed"] + ProbePlan.userWitnesses
        return plan.included.filter { functions.contains($0.function) }
    }

    /// So many I/Os are looked at first.
    private static let kiCompleteIOs = 20_000

    /// Where so many I/Os had no need of ki_complete, its programs are detached: in a pause they would cost as much as to count. One that
    /// does need them is left out, and has them attached again.
    private func leaveKiComplete() {
        guard !Self.staysAttached, state.isKiCompleteUnseen == false, !state.isKiCompleteNeeded, !plan.seesLayers,
            currentBegins >= Self.kiCompleteIOs, missedCompletions == 0
        else { return }
        state.isKiCompleteUnseen = true
        for program in ofKiComplete { object.detachApart(program) }
    }

    /// To be called again and again: a program that is still being detached cannot be attached.
    func attachKiCompleteIfNeeded() {
        guard state.isKiCompleteUnseen == true, state.isKiCompleteNeeded || missedCompletions > 0 else { return }
        for program in ofKiComplete where !object.isAttached(program) {
            guard object.attach(program) == 0 else { return }
        }
        state.forgetSent(cpuCount)
        state.isKiCompleteUnseen = false
    }

    private var missedCompletions: UInt64 {
        plan.included.filter { $0.role == .completes }.reduce(0) { $0 + object.misses(of: $1) }
    }

    /// QEMU's emulation of several CPUs runs instructions that the kernel has just changed, and the kernel dies of it, the sooner
    /// the more often. There programs stay attached, and return at once in a pause.
    private static let staysAttached: Bool = {
        let text = String(decoding: contents(ofKernelFile: "/proc/cpuinfo") ?? [], as: UTF8.self)
        let model = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        return model?.contains("TCG") == true && sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1
    }()

    private var ofBursts: [ProbeProgram] {
        plan.included.filter(\.isOfBursts) + (counting?.instead ?? [])
    }

    /// Begins that were skipped so far.
    private var missedBegins: PauseMisses.Begins {
        let instead = Set(counting?.instead.map(\.function) ?? [])
        var begins = PauseMisses.Begins()
        for program in plan.included where program.role == .begins {
            let misses = object.misses(of: program)
            if instead.contains(program.function) { begins.countedApart += misses } else { begins.uncounted += misses }
        }
        return begins
    }

    /// Begins of pauses that were skipped. Where another program counts in pauses, it has counted them.
    func correct(_ counters: inout ProbeCounters) {
        let inPauses = misses.inPauses(until: missedBegins)
        counters.beginsMissed -= min(counters.beginsMissed, inPauses.countedApart + inPauses.uncounted)
        counters.sampledOut += inPauses.uncounted
    }

    /// What counts I/Os of iomap in a pause, and what lets them in otherwise, where these are others.
    private var counting: (program: ProbeProgram, instead: [ProbeProgram])? {
        guard plan.countsApart, let program = plan.included.first(where: { $0.function == "dio_counted" }) else {
            return nil
        }
        let instead = ["dio_rw_probed", "simple_read_probed"]
        return (program, plan.included.filter { instead.contains($0.function) })
    }

    private func set(_ pause: probe_pause) {
        guard !state.set(pause) else { return }
        var (key, value) = (UInt32(0), pause.rawValue)
        bpf_map_update_elem(object.descriptor(of: "probe_pause"), &key, &value, 0)
    }

    private func emptySlots() {
        guard !state.has(slots: slotCount) else { return state.emptySlots() }
        let buckets = object.descriptor(of: "probe_buckets")
        forEachTakenSlot { slots, key in
            guard buckets >= 0 else { return _ = bpf_map_delete_elem(slots, key) }
            var (bucket, empty) = (key.load(as: UInt32.self) / UInt32(PROBE_BUCKET_SLOTS), probe_bucket())
            bpf_map_update_elem(buckets, &bucket, &empty, 0)
        }
    }

    /// Maps of what was begun by one program and is ended by another: a pause lies between.
    private static let maps = [
        "probe_completing", "probe_queued_works", "probe_delivering", "probe_punts", "probe_quota_stops",
        "probe_suspended",
    ]

    private func forgetTimes() {
        for map in Self.maps { empty(map: object.descriptor(of: map), keySize: object.keySize(of: map)) }
        if plan.includes("thread_served") { object.clear(array: "probe_irqs") }
    }

    private func empty(map: Int32, keySize: Int) {
        guard map >= 0, keySize > 0 else { return }
        withUnsafeTemporaryAllocation(byteCount: keySize, alignment: 8) { key in
            while bpf_map_get_next_key(map, nil, key.baseAddress) == 0 {
                guard bpf_map_delete_elem(map, key.baseAddress) == 0 else { return }
            }
        }
    }
}

/// Runs of the programs that let I/Os in, or count them, that the kernel skipped in pauses.
struct PauseMisses {
    struct Begins: Equatable {
        /// By a program in whose place another one counts in pauses.
        var countedApart: UInt64 = 0
        var uncounted: UInt64 = 0

        func since(_ earlier: Begins) -> Begins {
            Begins(
                countedApart: countedApart - min(countedApart, earlier.countedApart),
                uncounted: uncounted - min(uncounted, earlier.uncounted))
        }
    }

    private var ended = Begins()
    /// At the begin of the pause that has not ended.
    private var began: Begins?
    private(set) var hasPaused = false

    mutating func pauseBegins(at now: Begins) {
        began = now
        hasPaused = true
    }

    mutating func pauseEnds(at now: Begins) {
        ended = inPauses(until: now)
        began = nil
    }

    func inPauses(until now: Begins) -> Begins {
        guard let began else { return ended }
        let last = now.since(began)
        return Begins(
            countedApart: ended.countedApart + last.countedApart, uncounted: ended.uncounted + last.uncounted)
    }
}
