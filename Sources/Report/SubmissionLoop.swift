// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Whether a faster completion makes for more I/Os.
public enum SubmissionLoop: String, Sendable {
    /// Each completion is answered with the next submission: as many are in flight as the submitters may have.
    case closed
    /// Submitters let time pass that they do not spend on I/Os: by a rate, a pause, a quota, or for want of requests.
    case paced
    /// The I/Os do not say.
    case unknown
}

/// Decides by the first I/Os whether their submitters wait for nothing but completions, and by the
/// pauses of the whole recording whether that went on.
///
/// A submitter in a closed loop sleeps only while as many I/Os are in flight as it may have. So each submission soon
/// follows what the same thread did or got last: its submission before, or the completion of one of its I/Os. What is
/// kept does not depend on the order in which I/Os are added.
struct LoopAccumulator: Sendable {
    private struct Entry {
        var submitted: UInt64
        var ended: UInt64
        var thread: UInt32

        static func comesFirst(_ one: Entry, _ other: Entry) -> Bool {
            (one.submitted, one.ended, one.thread) < (other.submitted, other.ended, other.thread)
        }
    }

    private static let kept = 4096
    private static let needed = 200
    /// Up to this many times the usual gap of a thread a submission is prompt.
    private static let prompt: UInt64 = 3
    /// Below this part of the time spent in longer gaps, the loop is closed; from the other on, it is not.
    private static let closedShare = 0.1
    private static let pacedShare = 0.2
    /// A closed loop has at least this part of its most in flight; on a busy CPU completions wait to be reaped.
    private static let filled = 0.5
    /// How far the rate of the first I/Os may be from that of all.
    private static let steady = 0.6...1.6

    private var entries: [Entry] = []
    /// None submitted later is among the first.
    private var bound = UInt64.max
    private var ios: UInt64 = 0
    private var firstSubmitted = UInt64.max
    private var lastSubmitted: UInt64 = 0

    /// - Parameter latency: nanoseconds until it was last seen.
    @inline(__always)
    mutating func add(_ io: DirectIO, latency: UInt64) {
        let submitted = io.submitted.nanoseconds
        ios &+= 1
        firstSubmitted = min(firstSubmitted, submitted)
        lastSubmitted = max(lastSubmitted, submitted)
        guard submitted <= bound else { return }
        keep(Entry(submitted: submitted, ended: submitted &+ latency, thread: io.submitterThread))
    }

    @inline(never)
    private mutating func keep(_ entry: Entry) {
        entries.append(entry)
        if entries.count >= 2 * Self.kept { settle() }
    }

    private mutating func settle() {
        entries.sort(by: Entry.comesFirst)
        guard entries.count >= Self.kept else { return }
        entries.removeLast(entries.count - Self.kept)
        bound = entries[Self.kept - 1].submitted
    }

    mutating func add(_ other: LoopAccumulator) {
        ios &+= other.ios
        firstSubmitted = min(firstSubmitted, other.firstSubmitted)
        lastSubmitted = max(lastSubmitted, other.lastSubmitted)
        bound = min(bound, other.bound)
        entries += other.entries.filter { $0.submitted <= bound }
        if entries.count >= 2 * Self.kept { settle() }
    }

    /// What the I/Os say by themselves.
    struct Finding {
        var loop: SubmissionLoop
        /// The mean gap in nanoseconds.
        var gap = 0.0
        var places: FlightSlots?

        /// In CPU time per I/O: all of a closed loop's gap is such.
        private static let longestGap = 1.0

        /// What it comes to with what the CPUs did.
        func loop(_ pressure: CPUPressure) -> SubmissionLoop {
            let decided = decision(busy: pressure.worked, anywhere: pressure.workedAnywhere)
            // A pause looks prompt beside a task whose time counts as busy.
            if decided == .closed, pressure.others >= InlineEstimate.mostOthers, places?.areLeftEmpty == true {
                return .unknown
            }
            guard decided == .unknown, let places else { return decided }
            // Regular gaps that are longer are sleep, however many are in flight.
            let isPrompt = gap <= Self.longestGap * pressure.worked
            if pressure.isLimit || places.areFilled && isPrompt { return .closed }
            return pressure.hasTimeLeft && places.areLeftEmpty ? .paced : .unknown
        }

        /// In a closed loop somebody is busy with the I/Os while a submitter may submit: gaps of more than the CPU time
        /// that an I/O takes are sleep, even if they are all alike.
        /// And gaps of less than that need be no pace: somebody else may have had the CPU.
        /// - Parameters:
        ///   - busy: nanoseconds of CPU time per I/O, of the CPUs that completed I/Os.
        ///   - anywhere: of all CPUs.
        private func decision(busy: Double, anywhere: Double) -> SubmissionLoop {
            switch loop {
            case .closed: gap > Self.longestGap * busy ? .unknown : .closed
            case .paced: gap > anywhere ? .paced : .unknown
            case .unknown: .unknown
            }
        }
    }

    /// What the I/Os say; nothing may be lacking among them.
    /// - Parameter names: of the threads that submitted them.
    func finding(_ names: [UInt32: ThreadName]) -> Finding {
        var first = self
        first.settle()
        let entries = first.entries
        guard entries.count >= Self.needed else { return Finding(loop: .unknown) }
        let threads = Dictionary(grouping: entries) { names.submitter(behind: $0.thread) }.values
            .filter { $0.count >= Self.needed }
        let judged = threads.reduce(0) { $0 + $1.count }
        guard Double(judged) >= 0.9 * Double(entries.count) else {
            return Finding(loop: .unknown)
        }
        let shares = threads.map { (ios: $0.count, share: Self.idleShare($0)) }
        let share = shares.reduce(0) { $0 + $1.share * Double($1.ios) } / Double(judged)
        let gaps = threads.flatMap { Self.gaps($0) }
        let gap = gaps.reduce(0.0) { $0 + Double($1) } / Double(max(1, gaps.count))
        let places = FlightSlots(threads.map { $0.map { ($0.submitted, $0.ended) } })
        guard share < Self.pacedShare else { return Finding(loop: .paced, gap: gap, places: places) }
        let fill = threads.reduce(0.0) { $0 + Self.fill($1) * Double($1.count) } / Double(judged)
        let isClosed = share < Self.closedShare && fill >= Self.filled && isSteady(entries)
        return Finding(loop: isClosed ? .closed : .unknown, gap: gap, places: isSteady(entries) ? places : nil)
    }

    /// How many of a thread's I/Os were in flight when one was submitted, on average, as a part of the most that were.
    private static func fill(_ entries: [Entry]) -> Double {
        let ends = entries.map(\.ended).sorted()
        var (next, most, sum) = (0, 0, 0)
        for (number, entry) in entries.enumerated() {
            while next < ends.count, ends[next] <= entry.submitted { next += 1 }
            most = max(most, number + 1 - next)
            sum += number + 1 - next
        }
        return most > 0 ? Double(sum) / Double(most) / Double(entries.count) : 0
    }

    /// The part of a thread's time in which it had nothing to do with I/Os, though it may have had more in flight.
    /// - Parameter entries: of one thread, by submission.
    private static func idleShare(_ entries: [Entry]) -> Double {
        let gaps = gaps(entries)
        guard let first = entries.first, let last = entries.last, last.submitted > first.submitted, !gaps.isEmpty
        else { return 1 }
        let usual = gaps.sorted()[gaps.count / 4]
        let prompt = max(usual, 1) &* Self.prompt
        let idle = gaps.reduce(0.0) { $0 + ($1 > prompt ? Double($1 - prompt) : 0) }
        return idle / Double(last.submitted - first.submitted)
    }

    /// For each submission but the first, how long before it the thread had submitted or been given an I/O last.
    private static func gaps(_ entries: [Entry]) -> [UInt64] {
        let ends = entries.map(\.ended).sorted()
        var next = 0
        return zip(entries, entries.dropFirst()).map { before, entry in
            while next < ends.count, ends[next] <= entry.submitted { next += 1 }
            let event = max(before.submitted, next > 0 ? ends[next - 1] : 0)
            return entry.submitted &- event
        }
    }

    /// All of the recording went on at the rate of those that were looked at.
    private func isSteady(_ entries: [Entry]) -> Bool {
        guard UInt64(entries.count) < ios, let first = entries.first, let last = entries.last else { return true }
        let (span, whole) = (last.submitted &- first.submitted, lastSubmitted &- firstSubmitted)
        guard span > 0, whole > 0 else { return false }
        let rate = Double(ios) / Double(whole)
        return Self.steady.contains(rate * Double(span) / Double(entries.count))
    }
}
