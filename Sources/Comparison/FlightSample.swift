// SPDX-License-Identifier: GPL-2.0-only

/// The first I/Os of a run, to find how many were in flight at once: that many, unlike their mean number, the
/// workload asks for, however fast the I/Os are.
struct FlightSample {
    private var submits: [UInt64] = []
    private var ends: [UInt64] = []
    private static let limit = 1 << 16

    mutating func add(submitted: UInt64, ended: UInt64) {
        guard submits.count < Self.limit else { return }
        submits.append(submitted)
        ends.append(ended)
    }

    /// `nil` when there was no I/O. One that ends just when another is submitted was in flight with it.
    var peak: Int? {
        guard !submits.isEmpty else { return nil }
        let (submits, ends) = (submits.sorted(), ends.sorted())
        var (peak, ended) = (0, 0)
        for (index, submit) in submits.enumerated() {
            while ends[ended] < submit { ended += 1 }
            peak = max(peak, index + 1 - ended)
        }
        return peak
    }
}
