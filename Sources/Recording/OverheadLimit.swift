// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Host
import Probes

/// Keeps a recording below a part of the CPU time: when to record everything would take more, it is done in bursts. It
/// measures again and again, and records more when that has become cheaper.
final class OverheadLimit {
    private let meter: any OverheadSource
    private let limit: Double
    private let listener: any RecordingListener
    /// What is known of the cost.
    private(set) var estimate = CostEstimate()
    /// From when on one I/O of how many was recorded; one as long as that did not change.
    private(set) var steps: [SamplingStep]
    private var moment: Moment?
    /// I/Os a nanosecond: lately, and when it was measured last; up to when, and how many I/Os there were then.
    private var rate = (last: 0.0, measured: 0.0, at: UInt64(0), ios: UInt64(0))
    private static let rateInterval: UInt64 = 200_000_000
    private var nextLook: UInt64
    /// When more I/Os may have come than were needed for the last choice.
    private var nextChoice = UInt64.max
    private var hasReportedEnd = false
    /// What was found best at the last look.
    private var before: UInt32 = 1

    private struct Moment {
        let began: UInt64
        let isOfPause: Bool
    }

    /// So many I/Os are recorded whatever that costs, and of more half as many at least: of fewer there is little to be said.
    static let freeIOs: UInt64 = 20_000
    /// Nanoseconds: how long it measures, and how long it does not.
    private static let length: UInt64 = 50_000_000
    private static let interval: UInt64 = 2_000_000_000

    /// - Parameter limit: part of the CPU time.
    init(_ meter: any OverheadSource, limit: Double, at now: UInt64, _ listener: any RecordingListener) {
        self.meter = meter
        self.limit = limit
        self.listener = listener
        nextLook = now
        steps = [SamplingStep(from: now, every: 1)]
    }

    /// One I/O of so many is recorded now.
    var every: UInt32 { steps.last?.every ?? 1 }

    /// Milliseconds until there is something to do, at most so many.
    func wait(atMost most: Int32, now: UInt64) -> Int32 {
        guard let moment else { return most }
        let end = moment.began + Self.length
        return end > now ? Int32(min(UInt64(most), (end - now + 999_999) / 1_000_000)) : 0
    }

    /// To be called at every turn of the recorder's loop.
    /// - Parameter ios: how many began so far, recorded or not.
    /// - Returns: Whether another part of the I/Os is recorded from now on.
    func turn(at now: UInt64, ios: UInt64, _ bursts: Bursts) -> Bool {
        guard let moment else {
            if now >= nextLook || hasRisen(ios, at: now), ios >= Self.freeIOs { beginMoment(at: now, bursts) }
            return now >= nextChoice && choose(at: now, ios: ios, bursts)
        }
        let isOver = moment.isOfPause ? !bursts.isPausing : !bursts.isRecording
        guard isOver || now >= moment.began + Self.length else { return false }
        self.moment = nil
        // The begin or the end of a burst would be in it.
        guard let reading = meter.end(), !isOver else { return false }
        if !moment.isOfPause { rate.measured = rate.last }
        estimate.cpus = max(1, meter.busyCPUs(at: now) ?? 1)
        estimate.note(reading, isOfPause: moment.isOfPause)
        estimate.attaching = bursts.attachingTime
        nextLook = estimate.isPauseOld && every > 1 ? now : now + Self.interval
        return choose(at: now, ios: ios, bursts)
    }

    /// There are many more I/Os now than when it was measured last, while all of them are recorded.
    private func hasRisen(_ ios: UInt64, at now: UInt64) -> Bool {
        guard now >= rate.at + Self.rateInterval else { return false }
        if rate.at > 0 { rate.last = Double(ios - min(ios, rate.ios)) / Double(now - rate.at) }
        (rate.at, rate.ios) = (now, ios)
        return every == 1 && rate.last > 1.5 * rate.measured
    }

    /// What it all came to until now; `nil` when nothing was measured.
    func cost(at now: UInt64) -> RecordingCost? {
        guard estimate.isKnown else { return nil }
        let ends = steps.dropFirst().map(\.from) + [now]
        var (sum, length) = (0.0, 0.0)
        for (step, end) in zip(steps, ends) where end > step.from {
            sum += estimate.part(every: step.every) * Double(end - step.from)
            length += Double(end - step.from)
        }
        return RecordingCost(
            limit: limit, whole: estimate.whole, pause: estimate.pause, mean: length > 0 ? sum / length : estimate.whole
        )
    }

    /// What pauses cost is of use where there are some.
    private func beginMoment(at now: UInt64, _ bursts: Bursts) {
        guard bursts.isPausing ? estimate.isPauseOld : bursts.isRecording else { return }
        meter.begin()
        moment = Moment(began: now, isOfPause: bursts.isPausing)
    }

    /// A period at least is as it was chosen, and where I/Os are still few, more of them are recorded than the limit lets.
    private func choose(at now: UInt64, ios: UInt64, _ bursts: Bursts) -> Bool {
        let most = CostEstimate.rung(atMost: ios / (Self.freeIOs / 2))
        let limited = confirmed(estimate.every(for: limit, now: every))
        let wanted = min(limited, most)
        nextChoice = wanted < limited ? now + CostEstimate.shortestLength * UInt64(wanted) : .max
        reportEnd(wanted)
        guard wanted != every else { return false }
        steps.append(SamplingStep(from: now, every: wanted, overhead: estimate.whole))
        bursts.follow(estimate.plan(every: wanted), at: now)
        // Of the steps to what it is going to be, the first and the last one.
        if wanted == limited || steps.count == 2 { listener.overheadLimited(to: wanted, whole: estimate.whole) }
        return true
    }

    /// Fewer I/Os at once, more only when that is found twice: a load may just stand still.
    private func confirmed(_ wanted: UInt32) -> UInt32 {
        defer { before = wanted }
        return wanted < every && before >= every ? every : wanted
    }

    /// Once: pauses, too, cost something.
    private func reportEnd(_ every: UInt32) {
        let part = estimate.part(every: every)
        guard every > 1, part > 1.2 * limit, nextChoice == .max, !hasReportedEnd else { return }
        hasReportedEnd = true
        listener.overheadRemains(part, every: every)
    }
}

/// What recording costs, from what was measured of it.
struct CostEstimate: Equatable {
    /// CPUs that were not idle, at least one.
    var cpus = 1.0
    /// CPU time of an end of a burst and the begin of the next, nanoseconds.
    var attaching: UInt64 = 0
    /// CPUs that it takes while everything is recorded, and in a pause.
    private(set) var recording = 0.0
    private(set) var pausing: Double?
    private var looksSincePause = 0

    /// Less would hardly be worth its name.
    static let most: UInt32 = 64
    /// Of a burst, nanoseconds.
    static let shortestLength: UInt64 = 100_000_000
    private static let rungs: [UInt32] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, most]
    static func rung(atMost most: UInt64) -> UInt32 { rungs.last { UInt64($0) <= most } ?? 1 }
    /// What pauses cost is measured again after so many bursts were.
    private static let pauseLooks = 4

    var isPauseOld: Bool { pausing == nil || looksSincePause >= Self.pauseLooks }

    mutating func note(_ reading: OverheadMeter.Reading, isOfPause: Bool) {
        if isOfPause {
            pausing = reading.cpus
            looksSincePause = 0
        } else {
            recording = reading.cpus
            looksSincePause += 1
        }
    }

    var isKnown: Bool { recording > 0 }

    /// Part of the CPU time in a pause.
    var pause: Double? { pausing.map { min(1, $0 / cpus) } }

    /// Part of the CPU time while everything is recorded.
    var whole: Double { min(1, recording / cpus) }

    /// Part of the CPU time when one I/O of so many is.
    func part(every: UInt32) -> Double {
        guard every > 1 else { return whole }
        let share = 1 / Double(every)
        let switching = Double(attaching) / Double(Self.length(attaching))
        return min(1, ((recording + switching) * share + (pausing ?? 0) * (1 - share)) / cpus)
    }

    /// One I/O of how many may be recorded. It is left as it is while it is within the limit, and not twice as many could be.
    /// It aims a tenth below: what it goes by are moments, and not all of the cost is in them. Where pauses alone come near
    /// the limit, bursts may take a quarter of that on top: less would spare next to nothing.
    func every(for limit: Double, now: UInt32) -> UInt32 {
        let reachable = max(0.9 * limit, 1.25 * (pausing ?? 0) / cpus)
        let wanted = Self.rungs.first { part(every: $0) <= reachable } ?? Self.most
        return wanted > now || 2 * wanted <= now ? wanted : now
    }

    func plan(every: UInt32) -> BurstPlan? {
        guard every > 1 else { return nil }
        let length = Self.length(attaching)
        return BurstPlan(length: length, period: length * UInt64(every))
    }

    /// Of a burst, nanoseconds: long enough for what it costs to begin and to end one to be little of it.
    private static func length(_ attaching: UInt64) -> UInt64 {
        max(shortestLength, min(1_000_000_000, 25 * attaching))
    }
}
