// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// What recording takes of the CPUs' time, as estimated now and then: the programs by the kernel's own count, which is
/// switched on for a moment only, for it costs about as much again; and this thread, which reads their records.
///
/// The part is that of the time in which CPUs were not idle, or of one CPU's whole time where that is more: on an idle
/// machine nothing disturbs it.
public final class OverheadMeter {
    private let probes: LiveProbes
    private var moment: Moment?
    private var next: UInt64
    /// At the end of the last measurement.
    private var before: Readings

    private struct Moment {
        let meter: ProbeCostMeter
        let begin: UInt64
        let runTime: UInt64
    }

    private struct Readings {
        let at: UInt64
        let own: UInt64
        /// `nil` when procfs does not say.
        let busy: UInt64?
    }

    private static let length: UInt64 = 100_000_000
    private static let pause: UInt64 = 1_900_000_000
    /// After a change it is looked again soon.
    private static let shortPause: UInt64 = 400_000_000

    public init(_ probes: LiveProbes) {
        self.probes = probes
        before = Self.readings()
        next = before.at + Self.shortPause
    }

    /// To be called about ten times a second.
    /// - Returns: The part of the CPU time, when it was measured.
    public func turn() -> Double? {
        let now = Self.now(CLOCK_MONOTONIC)
        guard let moment else {
            if now >= next { begin(at: now) }
            return nil
        }
        guard now >= moment.begin + Self.length else { return nil }
        let programs = Double(probes.runTime - moment.runTime) / Double(now - moment.begin)
        self.moment = nil
        next = now + Self.pause
        let readings = Self.readings()
        defer { before = readings }
        let length = Double(max(1, readings.at - before.at))
        let own = Double(readings.own - before.own) / length
        let busy = readings.busy.flatMap { busy in before.busy.map { Double(busy &- $0) / length } } ?? 1
        return min(1, (programs + own) / max(1, busy))
    }

    /// Something was done about it: to be measured anew soon.
    public func lookAgain() { next = Self.now(CLOCK_MONOTONIC) + Self.shortPause }

    private func begin(at now: UInt64) {
        guard let meter = ProbeCostMeter() else {
            next = .max
            return
        }
        moment = Moment(meter: meter, begin: now, runTime: probes.runTime)
    }

    /// Whether the kernel can count.
    public static var isPossible: Bool { ProbeCostMeter() != nil }

    private static func readings() -> Readings {
        Readings(at: now(CLOCK_MONOTONIC), own: now(CLOCK_THREAD_CPUTIME_ID), busy: busy())
    }

    private static func now(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
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
