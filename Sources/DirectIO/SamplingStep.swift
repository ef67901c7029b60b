// SPDX-License-Identifier: GPL-2.0-only

/// From when on one I/O of how many was recorded, in a recording that turned itself down.
public struct SamplingStep: Hashable, Sendable, Codable {
    /// `CLOCK_MONOTONIC`, nanoseconds: holds for I/Os that were submitted then or later.
    public var from: UInt64
    /// One of so many.
    public var every: UInt32
    /// The part of the CPU time that recording took before, which was too much; `nil` for the first step.
    public var overhead: Double?

    public init(from: UInt64, every: UInt32, overhead: Double? = nil) {
        self.from = from
        self.every = every
        self.overhead = overhead
    }
}

/// Makes one sample of I/Os that were recorded at several rates: of those that were recorded while more were, it keeps
/// as many as were recorded at last. Each I/O has then had the same chance, whenever it came.
public struct Thinning: Equatable, Sendable {
    private let steps: [SamplingStep]
    private let last: UInt32

    /// - Parameter steps: of a recording, in any order; `nil` comes of fewer than two.
    public init?(_ steps: [SamplingStep]) {
        self.steps = steps.sorted { $0.from < $1.from }
        last = steps.map(\.every).max() ?? 1
        if steps.count < 2 || steps.allSatisfy({ $0.every == last }) { return nil }
    }

    /// By chance, but the same one each time.
    public func keeps(_ io: DirectIO) -> Bool {
        let step = steps.last { $0.from <= io.submitted.nanoseconds } ?? steps.first
        let every = UInt64(max(1, step?.every ?? 1))
        guard every < UInt64(last) else { return true }
        // One of last / every, to the nearest 2^-64.
        return Self.mixed(io) <= UInt64.max / UInt64(last) &* every
    }

    /// SplitMix64's finalizer.
    private static func mixed(_ io: DirectIO) -> UInt64 {
        var mixed = io.submitted.nanoseconds ^ io.offset << 20 ^ UInt64(io.submitterThread) << 44
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
