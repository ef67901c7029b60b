// SPDX-License-Identifier: GPL-2.0-only

import Rendering

/// Where the ticks of an axis are.
struct Tick: Equatable {
    /// 0...1 of the axis.
    var place: Double
    var label: String
}

enum Scale {
    /// Round times between two, nanoseconds.
    static func times(from: Double, to: Double, most: Int) -> [Tick] {
        guard to > from else { return [] }
        let step = RoundStep.atLeast((to - from) / Double(most))
        var ticks: [Tick] = []
        var time = (from / step).rounded(.up) * step
        while time <= to {
            ticks.append(Tick(place: (time - from) / (to - from), label: label(time, step)))
            time += step
        }
        return ticks
    }

    /// In the unit and with the decimals of the step.
    private static func label(_ time: Double, _ step: Double) -> String {
        if time == 0 { return "0" }
        for (unit, name) in [(1e9, "s"), (1e6, "ms"), (1e3, "us")] where step >= unit / 100 {
            let decimals = step >= unit ? 0 : step >= unit / 10 ? 1 : 2
            return Quantity.fixed(time / unit, decimals) + name
        }
        return Quantity.fixed(time, 0) + "ns"
    }

    /// 1, 10, 100, ... nanoseconds, and 2 and 5 times that where there are few, along buckets of latency.
    static func latencies(_ buckets: Range<Int>) -> [Tick] {
        let whole = Double(buckets.count)
        func ticks(_ factors: [UInt64]) -> [Tick] {
            var ticks: [Tick] = []
            var decade: UInt64 = 1
            while decade < 1_000_000_000_000 {
                for factor in factors {
                    let place = (position(of: decade * factor) - Double(buckets.lowerBound)) / whole
                    if (0...1).contains(place) {
                        ticks.append(Tick(place: place, label: unit(decade * factor)))
                    }
                }
                decade *= 10
            }
            return ticks
        }
        let decades = ticks([1])
        return decades.count > 2 ? decades : ticks([1, 2, 5])
    }

    private static func unit(_ nanoseconds: UInt64) -> String {
        for (unit, name) in [(UInt64(1_000_000_000), "s"), (1_000_000, "ms"), (1000, "us")] where nanoseconds >= unit {
            return "\(nanoseconds / unit)\(name)"
        }
        return "\(nanoseconds)ns"
    }

    /// Along buckets, with where within its bucket it is.
    private static func position(of nanoseconds: UInt64) -> Double {
        let bucket = LatencyGrid.bucket(of: nanoseconds)
        let (low, high) = (LatencyGrid.lowest(of: bucket), LatencyGrid.lowest(of: bucket + 1))
        return Double(bucket) + Double(nanoseconds - low) / Double(high - low)
    }
}
