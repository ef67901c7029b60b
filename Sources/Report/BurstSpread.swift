// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// How far bursts differ from each other: by that it is known how far they may be from the time between them. I/Os that are
/// near in time are alike, so that many of a few bursts say less than as many at random.
struct BurstSpread: ~Copyable, Sendable {
    private let calendar: BurstCalendar
    /// So many neighbours count as one.
    private let grouped: Int
    private var places = StageSlots()
    private var room = 16
    private var ios: [UInt64]
    /// Nanoseconds.
    private var latencies: [UInt64]
    /// By burst and stage.
    private var sums: [UInt64]

    private static let most = 4096

    init(_ calendar: BurstCalendar) {
        self.calendar = calendar
        grouped = max(1, (calendar.bursts.count + Self.most - 1) / Self.most)
        let count = (calendar.bursts.count + grouped - 1) / grouped
        ios = Array(repeating: 0, count: count)
        latencies = ios
        sums = Array(repeating: 0, count: count * room)
    }

    var isEmpty: Bool { ios.isEmpty }

    mutating func add(_ io: DirectIO, _ life: inout AttributedLife) {
        guard life.isFinished, !isEmpty else { return }
        let burst = calendar.place(of: io.submitted.nanoseconds) / grouped
        ios[burst] &+= 1
        latencies[burst] &+= life.latency
        life.spans.withAll { nanoseconds, kinds, count in
            for index in 0..<count {
                let place = places.place(of: kinds[index].stage)
                if place >= room { widen(to: 2 * place) }
                sums[burst * room + place] &+= nanoseconds[index]
            }
        }
    }

    private mutating func widen(to wanted: Int) {
        var wider = [UInt64](repeating: 0, count: ios.count * wanted)
        for place in sums.indices { wider[place / room * wanted + place % room] = sums[place] }
        (sums, room) = (wider, wanted)
    }

    mutating func add(_ other: borrowing BurstSpread) {
        for burst in ios.indices {
            ios[burst] &+= other.ios[burst]
            latencies[burst] &+= other.latencies[burst]
            for (theirs, stage) in other.places.stages.enumerated() {
                let own = places.place(of: stage)
                if own >= room { widen(to: 2 * own) }
                sums[burst * room + own] &+= other.sums[burst * other.room + theirs]
            }
        }
    }

    /// How far, with 95% confidence, a share of the latency may be off: the worst of all stages, 0 to 1. `nil` of fewer than
    /// two bursts with I/Os.
    var shareError: Double? {
        let all = latencies.map { Double($0) }
        return places.stages.indices.compactMap { place in
            Self.ratioError(ios.indices.map { Double(sums[$0 * room + place]) }, to: all)
        }.max()
    }

    /// The same of the mean latency, as a part of it.
    var meanError: Double? {
        let all = latencies.map { Double($0) }
        let count = ios.map { Double($0) }
        guard let error = Self.ratioError(all, to: count), all.reduce(0, +) > 0 else { return nil }
        return error * count.reduce(0, +) / all.reduce(0, +)
    }

    /// Of the ratio of two sums over clusters, by what each of them is off: Cochran, Sampling Techniques, 2.11.
    private static func ratioError(_ upper: [Double], to lower: [Double]) -> Double? {
        let used = lower.indices.filter { lower[$0] > 0 }
        let sum = lower.reduce(0, +)
        guard used.count > 1 else { return nil }
        let ratio = upper.reduce(0, +) / sum
        let squares = used.reduce(0.0) { $0 + (upper[$1] - ratio * lower[$1]) * (upper[$1] - ratio * lower[$1]) }
        let count = Double(used.count)
        return Self.confidence(used.count - 1) * (count / (count - 1) * squares).squareRoot() / sum
    }

    /// The factor of Student's distribution for 95%, on the safe side.
    private static func confidence(_ freedom: Int) -> Double {
        let table = [12.71, 4.31, 3.19, 2.78, 2.58, 2.45, 2.37, 2.31, 2.27]
        return freedom <= table.count ? table[max(0, freedom - 1)] : freedom < 30 ? 2.23 : 2.04
    }
}
