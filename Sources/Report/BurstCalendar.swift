// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// When everything was recorded, of a recording that paused between.
public struct BurstCalendar: Equatable, Sendable {
    /// In the order of time.
    let bursts: [RecordedBurst]
    /// Of the I/Os of each, the part that is added: `Thinning` leaves out others.
    private let parts: [Double]
    /// Nanoseconds from the begin of one to that of the next, at most; 0 of fewer than two.
    let longestPeriod: UInt64

    public static let none = BurstCalendar([], steps: [])

    /// - Parameter steps: of the same recording: from when on how many I/Os were recorded.
    public init(_ bursts: [RecordedBurst], steps: [SamplingStep]) {
        var sorted = bursts.filter { $0.from < $0.until }.sorted { $0.from < $1.from }
        // The last one of a recorder that was killed: about as long as others.
        let longest = sorted.filter { $0.until < .max }.map { $0.until - $0.from }.max() ?? 1_000_000_000
        for place in sorted.indices where sorted[place].until == .max {
            let next = place + 1 < sorted.count ? sorted[place + 1].from : .max
            sorted[place].until = min(next, sorted[place].from &+ min(longest, .max - sorted[place].from))
        }
        self.bursts = sorted
        let rarest = Double(steps.map(\.every).max() ?? 1)
        let steps = steps.sorted { $0.from < $1.from }
        parts = sorted.map { burst in
            let step = steps.last { $0.from <= burst.from } ?? steps.first
            return Double(step?.every ?? 1) / rarest
        }
        longestPeriod = zip(sorted, sorted.dropFirst()).map { $1.from - $0.from }.max() ?? 0
    }

    var isEmpty: Bool { bursts.isEmpty }

    /// Nanoseconds of all bursts.
    var time: UInt64 { bursts.reduce(0) { $0 &+ ($1.until - $1.from) } }

    /// Nanoseconds of this time that were recorded, as far as their I/Os are added.
    func recorded(in time: Range<UInt64>) -> Double {
        var sum = 0.0
        for place in first(endingAfter: time.lowerBound)..<bursts.count {
            guard bursts[place].from < time.upperBound else { break }
            let common = time.clamped(to: bursts[place].from..<bursts[place].until)
            sum += Double(common.upperBound - common.lowerBound) * parts[place]
        }
        return sum
    }

    /// The burst in which an I/O was submitted; of one that is in none, the nearest: the clock was read on another CPU.
    func place(of submitted: UInt64) -> Int {
        let later = first(endingAfter: submitted)
        guard later < bursts.count, later > 0, submitted < bursts[later].from else {
            return min(later, bursts.count - 1)
        }
        return bursts[later].from - submitted < submitted - bursts[later - 1].until ? later : later - 1
    }

    private func first(endingAfter time: UInt64) -> Int {
        var (low, high) = (0, bursts.count)
        while low < high {
            let middle = (low + high) / 2
            if bursts[middle].until > time { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
