// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Glibc
import Host
import Probes

/// How long a burst is, and how often there is one.
public struct BurstPlan: Equatable, Sendable {
    /// Nanoseconds.
    public let length: UInt64
    /// Nanoseconds, longer than `length`.
    public let period: UInt64

    public init(length: UInt64, period: UInt64) {
        self.length = length
        self.period = period
    }
}

/// Records everything for a while, and then counts alone for longer. Each period has its burst at a time of its own, chosen
/// at random: a load may have a rhythm.
final class Bursts {
    private enum Phase {
        case recording
        /// No further I/O is let in, and those in flight are waited for.
        case ending(until: UInt64)
        case pausing
        /// All is attached, and a load that this has disturbed comes to itself.
        case preparing
    }

    private let probes: any ProbeSource
    /// `nil`: everything is recorded for as long as that is so.
    private var plan: BurstPlan?
    private var phase = Phase.recording
    private var openIOs = OpenIOCount()
    /// Of the burst that is being recorded, or was last.
    private var burst: RecordedBurst
    /// When the phase ends, nanoseconds of CLOCK_MONOTONIC.
    private var next = UInt64.max
    private var periodBegan: UInt64
    /// I/Os without an end that were given up after bursts.
    private var dropped = ProbeCounters.OpenCount(inFlight: 0, over: 0)
    /// Those that have begun or ended, and were not asked for.
    private var changed: [RecordedBurst] = []
    private(set) var hasPaused = false
    /// CPU time of this thread to end a burst and to begin the next, nanoseconds; the last ones.
    var attachingTime: UInt64 { detachedIn + attachedIn }
    private var detachedIn: UInt64 = 0
    private var attachedIn: UInt64 = 0

    /// I/Os of a burst are waited for so long after it, nanoseconds.
    private static let grace: UInt64 = 500_000_000
    /// For io_uring's second hop they are waited for so long at least.
    private static let hopGrace: UInt64 = 20_000_000
    /// To attach takes some milliseconds of a CPU, which a load with a rate of its own makes up for in as many.
    private static let preparation: UInt64 = 10_000_000
    /// The slots are looked at that often meanwhile.
    private static let look: UInt64 = 2_000_000

    init(_ probes: any ProbeSource, plan: BurstPlan?, at now: UInt64) {
        self.probes = probes
        burst = RecordedBurst(from: now, until: now, leftOut: 0, cut: 0)
        periodBegan = now
        follow(plan, at: now)
    }

    /// From now on.
    func follow(_ plan: BurstPlan?, at now: UInt64) {
        self.plan = plan
        periodBegan = now
        if plan == nil, hasPaused { probes.stopPauses() }
        switch phase {
        case .recording: next = plan.map { burst.from + $0.length } ?? .max
        case .ending, .preparing: break
        case .pausing: next = plan == nil ? now : min(next, now + (plan?.period ?? 0))
        }
    }

    /// I/Os are let in.
    var isRecording: Bool { if case .recording = phase { true } else { false } }
    var isPausing: Bool { if case .pausing = phase { true } else { false } }

    /// Milliseconds until there is something to do, at most so many.
    func wait(atMost most: Int32, now: UInt64) -> Int32 {
        guard next > now else { return 0 }
        return Int32(min(UInt64(most), (next - now + 999_999) / 1_000_000))
    }

    func turn(at now: UInt64) throws(ProbeError) {
        guard now >= next else { return }
        switch phase {
        case .recording: endBurst(at: now)
        case .ending(let until): waitForOpen(at: now, until: until)
        case .pausing:
            let before = HostClock.now(CLOCK_THREAD_CPUTIME_ID)
            try probes.prepareBurst()
            attachedIn = HostClock.now(CLOCK_THREAD_CPUTIME_ID) - before
            phase = .preparing
            next = HostClock.monotonic + Self.preparation
        case .preparing: beginBurst()
        }
    }

    private func beginBurst() {
        burst = RecordedBurst(from: HostClock.monotonic, until: .max, leftOut: probes.counters().sampledOut, cut: 0)
        probes.beginBurst()
        changed.append(burst)
        phase = .recording
        next = plan.map { burst.from + $0.length } ?? .max
    }

    private func endBurst(at now: UInt64) {
        probes.endBurst()
        hasPaused = true
        burst.until = HostClock.monotonic
        burst.leftOut = probes.counters().sampledOut
        phase = .ending(until: now + Self.grace)
        next = now
    }

    private func waitForOpen(at now: UInt64, until: UInt64) {
        let open = probes.openIOs()
        guard now >= until || (open.isEmpty && (areAllEnded || now + Self.grace >= until + Self.hopGrace)) else {
            next = now + Self.look
            return
        }
        probes.deliverCompleted()
        let count = openIOs.count(open, now: now)
        dropped.inFlight += count.inFlight
        dropped.over += count.over
        burst.cut = count.inFlight
        let before = HostClock.now(CLOCK_THREAD_CPUTIME_ID)
        probes.pause()
        detachedIn = HostClock.now(CLOCK_THREAD_CPUTIME_ID) - before
        changed.append(burst)
        phase = .pausing
        next = nextBegin(after: HostClock.monotonic)
    }

    /// All that began: also those whose completion was seen, and of which the submitter has still to be told.
    private var areAllEnded: Bool { counting(in: probes.counters()).inFlight == 0 }

    /// The counters with the I/Os that were given up.
    func counting(in counters: ProbeCounters) -> ProbeCounters {
        var counters = counters
        counters.dropped = dropped
        return counters
    }

    /// Somewhere in the next period.
    private func nextBegin(after now: UInt64) -> UInt64 {
        guard let plan else { return now }
        repeat { periodBegan += plan.period } while periodBegan + plan.period - plan.length < now
        let latest = periodBegan + plan.period - plan.length
        return .random(in: max(periodBegan, now)...latest)
    }

    /// The recording is over.
    func end(at now: UInt64) {
        guard hasPaused else { return }
        switch phase {
        case .recording:
            burst.until = now
            burst.leftOut = probes.counters().sampledOut
            changed.append(burst)
        case .ending: changed.append(burst)
        case .pausing, .preparing: break
        }
    }

    /// Those that have begun or ended since the last call.
    func takeChanged() -> [RecordedBurst] {
        defer { changed.removeAll() }
        return changed
    }
}
