// SPDX-License-Identifier: GPL-2.0-only

/// Places in flight: a thread that has gone up to so many I/Os at once may have as many again, so a place is empty from a
/// completion to the submission that takes it.
struct FlightSlots: Equatable, Sendable {
    /// Part of the times at which a thread stopped submitting, as the next thing was a completion, with all places taken.
    let fullShare: Double
    /// Mean time that a place is empty, as a part of the mean latency of the same I/Os.
    let emptiness: Double

    /// In a closed loop a thread stops for want of a place, and takes one soon after it is empty.
    var areFilled: Bool { fullShare >= 0.5 && emptiness <= 0.5 }
    /// Empty for most of the time that an I/O takes: nobody waits for one.
    var areLeftEmpty: Bool { emptiness >= 0.75 }

    /// A load begins differently from how it goes on: so much of it is left out.
    private static let warmUp = 8
    /// The most in flight is what all but this part of the submissions keep below or at: one stray does not make it.
    private static let strays = 200

    /// `nil` when nothing can be said.
    ///
    /// - Parameter threads: each one's times of submission and end, by submission.
    init?(_ threads: [[(submitted: UInt64, ended: UInt64)]]) {
        var (stops, full, empty, latency) = (0, 0, 0.0, 0.0)
        for ios in threads where ios.count > 2 * Self.warmUp {
            let ends = ios.map(\.ended).sorted()
            let first = ios.count / Self.warmUp
            let inFlight = Self.inFlight(ios.map(\.submitted), ends)
            let sorted = inFlight[first...].sorted()
            let most = sorted[sorted.count - 1 - sorted.count / Self.strays]
            // With many in flight, one more or less does not count.
            let least = most - most / 8
            for place in first..<(ios.count - 1) where inFlight[place + 1] <= inFlight[place] {
                stops += 1
                if inFlight[place] >= least { full += 1 }
            }
            guard first + most < ios.count else { continue }
            // With so many in flight, the next submission takes the place that the earliest end has left.
            for place in first..<(ios.count - most) {
                let next = ios[place + most].submitted
                empty += next > ends[place] ? Double(next - ends[place]) : 0
                latency += Double(ios[place].ended &- ios[place].submitted)
            }
        }
        guard stops > 0, latency > 0 else { return nil }
        fullShare = Double(full) / Double(stops)
        emptiness = empty / latency
    }

    /// The thread's I/Os in flight right after each submission.
    private static func inFlight(_ submitted: [UInt64], _ ends: [UInt64]) -> [Int] {
        var done = 0
        return submitted.enumerated().map { place, time in
            while done < ends.count, ends[done] <= time { done += 1 }
            return place + 1 - min(done, place)
        }
    }
}

/// How far CPU time, rather than their submitters, decides how many I/Os there are.
struct CPUPressure: Sendable {
    /// Nanoseconds of CPU time per I/O, of the CPUs that completed I/Os: all but their idle time, whoever had it.
    var worked: Double
    /// The sum of all CPUs.
    var workedAnywhere: Double
    /// The time in which the CPUs that completed I/Os worked on these, as a part of the time from the first to the last.
    var utilization: Double
    /// The most of any CPU.
    var mostUtilization: Double
    /// 1: whenever a completion was queued, the CPU had I/Os to work on; 0: it was idle.
    var contention: Double
    /// The part of the waits in which tasks had the CPU that have nothing to do with the I/Os.
    var others: Double

    /// From this part of its time on a CPU that works on I/Os is the limit: a load that keeps a pace leaves it some, and
    /// one that nearly fills it may be either. Much more than all of it is time before the first I/O and after the last:
    /// of a short recording it says nothing.
    private static let full = 0.95...1.2
    private static let busy = 0.6
    private static let contended = 0.9
    private static let alone = 0.25

    /// The CPUs that completed the I/Os could not have done many more.
    var isLimit: Bool { contention >= Self.contended && Self.full.contains(utilization) }
    /// No CPU is.
    var hasCPULeft: Bool { mostUtilization < Self.busy }
    /// No CPU is, and nobody else keeps submitters from them.
    var hasTimeLeft: Bool { hasCPULeft && others < Self.alone }
}
