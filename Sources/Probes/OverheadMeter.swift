// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// What recording takes of the CPUs' time, measured for a moment: the programs by the kernel's own count, which is switched
/// on for that moment only, for it costs about as much again; and this thread, which reads their records.
public final class OverheadMeter {
    private let probes: LiveProbes
    private var counting: ProbeCostMeter?
    private var busy = BusyCPUs()
    private var before: Readings

    /// What there was in the moment.
    public struct Reading: Equatable, Sendable {
        /// Nanoseconds.
        public var length: UInt64
        /// CPU time in it, nanoseconds: of the programs, with the way into them, and of this thread.
        public var programs: UInt64
        public var own: UInt64

        public init(length: UInt64, programs: UInt64, own: UInt64) {
            self.length = length
            self.programs = programs
            self.own = own
        }

        /// CPUs that recording took.
        public var cpus: Double { Double(programs + own) / Double(max(1, length)) }
    }

    private struct Readings {
        let at: UInt64
        let own: UInt64
        let programs: UInt64
    }

    public init(_ probes: LiveProbes) {
        self.probes = probes
        before = Readings(at: 0, own: 0, programs: 0)
    }

    /// Whether the kernel can count.
    public static var isPossible: Bool { ProbeCostMeter() != nil }

    /// Begins a moment.
    public func begin() {
        counting = ProbeCostMeter()
        before = readings()
    }

    /// Ends it; `nil` where the kernel did not count.
    public func end() -> Reading? {
        guard counting != nil else { return nil }
        let now = readings()
        counting = nil
        return Reading(
            length: now.at - before.at, programs: now.programs - before.programs, own: now.own - before.own)
    }

    /// CPUs that were not idle lately.
    public func busyCPUs(at now: UInt64) -> Double? { busy.mean(at: now) }

    private func readings() -> Readings {
        Readings(at: Self.now(CLOCK_MONOTONIC), own: Self.now(CLOCK_THREAD_CPUTIME_ID), programs: probes.runTime)
    }

    private static func now(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// How many CPUs were not idle.
public struct BusyCPUs {
    private var before = (at: UInt64(0), busy: UInt64(0))
    private var last: Double?
    /// The kernel counts in ticks of up to 10 ms: a shorter time says too little.
    private static let shortest: UInt64 = 500_000_000

    public init() {}

    /// On average since the call before the last, or not much longer; `nil` when procfs does not say.
    /// - Parameter now: nanoseconds of CLOCK_MONOTONIC.
    public mutating func mean(at now: UInt64) -> Double? {
        guard now >= before.at + Self.shortest else { return last }
        guard let busy = Self.busy() else { return nil }
        if before.at > 0 { last = Double(busy &- before.busy) / Double(now - before.at) }
        before = (now, busy)
        return last
    }

    /// Nanoseconds in which CPUs, all together, were not idle: user, nice, system, irq and softirq of /proc/stat.
    private static func busy() -> UInt64? {
        guard let text = contents(ofKernelFile: "/proc/stat") else { return nil }
        let line = String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let ticks = line.split(separator: " ").dropFirst().compactMap { UInt64($0) }
        guard ticks.count >= 7 else { return nil }
        let perSecond = UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
        return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) * (1_000_000_000 / perSecond)
    }
}
