// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Glibc
import Host
import Probes

/// Which of the begun I/Os without an end can still be on their way. The others were completed, and no probe saw it.
struct OpenIOCount {
    /// What the kernel says of submitters and devices.
    struct Witness {
        /// State of a thread, as in procfs: `R`, `S`, `D`...; `nil`: there is none any more.
        var state: (UInt32) -> Character?
        var load: (DeviceNumber) -> BlockDeviceLoad?

        /// Threads have other numbers in the kernel than in a container's procfs.
        static let unknownState: Character = "?"

        static var kernel: Witness {
            let seesThreads = HostFacts.isInFirstPidNamespace
            return Witness(
                state: { thread in seesThreads ? OpenIOCount.state(of: thread) : unknownState },
                load: { device in BlockDeviceLoad(of: device) })
        }
    }

    private let witness: Witness
    private var loads: [DeviceNumber: BlockDeviceLoad] = [:]

    init(witness: Witness = .kernel) { self.witness = witness }

    /// What is counted as completed a moment later is on its way for so long, in nanoseconds.
    private static let moment: UInt64 = 100_000_000
    /// From the issue on a device that is getting on with others' keeps an I/O no longer.
    private static let longest: UInt64 = 1_000_000_000
    /// The same of an I/O that was not seen to be issued, or of which the device is not known: a cgroup or a scheduler
    /// may have it.
    private static let longestUnseen: UInt64 = 30_000_000_000

    /// Those that seemed to be over at the last look, by when they began.
    private var suspects: Set<UInt64> = []

    /// To be called about once a second: a device that has completed nothing since keeps what it has.
    /// - Parameter isLast: the recording is over. Before, one that seems to be over for the first time may have a busy
    ///   CPU that does not come to its completion, and counts as in flight.
    mutating func count(_ open: [OpenIO], now: UInt64, isLast: Bool = true) -> ProbeCounters.OpenCount {
        var count = ProbeCounters.OpenCount(inFlight: 0, over: 0)
        var now = Judgement(witness: witness, now: now, before: loads)
        var found: Set<UInt64> = []
        for io in open {
            let isOver = !now.canBeInFlight(io)
            if isOver { found.insert(io.submitted) }
            if isOver, isLast || suspects.contains(io.submitted) { count.over += 1 } else { count.inFlight += 1 }
        }
        loads = now.loads
        suspects = found
        return count
    }

    /// The counters after the slots: what has ended meanwhile is not both.
    mutating func counters(of probes: any ProbeSource, now: UInt64, isLast: Bool) -> ProbeCounters {
        let open = count(probes.openIOs(), now: now, isLast: isLast)
        var counters = probes.counters()
        counters.open = open
        return counters
    }

    private struct Judgement {
        let witness: Witness
        let now: UInt64
        let before: [DeviceNumber: BlockDeviceLoad]
        var loads: [DeviceNumber: BlockDeviceLoad] = [:]
        var unknown: Set<DeviceNumber> = []
        var states: [UInt32: Character?] = [:]

        init(witness: Witness, now: UInt64, before: [DeviceNumber: BlockDeviceLoad]) {
            self.witness = witness
            self.now = now
            self.before = before
        }

        mutating func canBeInFlight(_ io: OpenIO) -> Bool {
            let age = since(io.submitted)
            guard age > OpenIOCount.moment else { return true }
            let state = state(of: io.submitter)
            if io.isSynchronous { return state == "D" || state == Witness.unknownState }
            let load = load(of: io.device)
            if let load, load.inFlight > 0, load.completed == before[io.device]?.completed { return true }
            // Who has ended has waited for its I/Os; what another thread of it waits for is one of the above.
            guard state != nil else { return false }
            guard let issued = io.issued, let load else { return age < OpenIOCount.longestUnseen }
            return load.inFlight > 0 && since(issued) < OpenIOCount.longest
        }

        private func since(_ time: UInt64) -> UInt64 { now > time ? now - time : 0 }

        private mutating func load(of device: DeviceNumber) -> BlockDeviceLoad? {
            if let known = loads[device] { return known }
            guard !unknown.contains(device) else { return nil }
            guard let load = witness.load(device) else {
                unknown.insert(device)
                return nil
            }
            loads[device] = load
            return load
        }

        private mutating func state(of thread: UInt32) -> Character? {
            if let known = states[thread] { return known }
            let state = witness.state(thread)
            states[thread] = .some(state)
            return state
        }
    }

    /// `NUMBER (name) S ...`: a name may have parentheses in it.
    private static func state(of thread: UInt32) -> Character? {
        guard let line = HostFacts.line(of: "/proc/\(thread)/stat"), let end = line.lastIndex(of: ")") else {
            return nil
        }
        let state = line[end...].dropFirst(2).first
        // It has ended, and was not reaped yet.
        return state == "Z" || state == "X" ? nil : state
    }
}
