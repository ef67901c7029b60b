// SPDX-License-Identifier: GPL-2.0-only

/// What the pictures of one recording have in common.
struct PageFrame {
    /// Before the ids of its elements: a page can have two recordings.
    let prefix: String
    /// Of a picture, in its own units: pages with two recordings have narrower ones, so that text is as large.
    let width: Int
    /// When the recording began, nanoseconds of CLOCK_MONOTONIC; `nil`: with the first column.
    let began: UInt64?

    func id(_ name: String) -> String { prefix + name }

    /// When the columns begin, nanoseconds since the recording did.
    func offset(of map: LatencyMap) -> Double {
        guard let began else { return 0 }
        return Double(map.begin) - Double(began)
    }

    func times(of map: LatencyMap) -> [Tick] {
        let from = offset(of: map)
        return Scale.times(from: from, to: from + Double(map.interval) * Double(map.columns), most: width / 90)
    }
}
