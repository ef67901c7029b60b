// SPDX-License-Identifier: GPL-2.0-only

/// What a recording of a part of the I/Os says of all of them: of each with the same chance, or of bursts.
public struct Sample: Equatable, Sendable {
    /// I/Os that were recorded.
    public let ios: UInt64
    /// I/Os that passed the filters: counted, not estimated.
    public let ofIOs: UInt64

    /// I/Os that were recorded besides, and left out for all to have had the same chance: see `Thinning`.
    public var thinnedOut: UInt64 = 0
    /// Of a recording in bursts.
    public var bursts: Bursts?

    /// Everything was recorded for a while, again and again.
    public struct Bursts: Equatable, Sendable {
        public var count: Int
        /// Nanoseconds, all together.
        public var time: UInt64
        /// I/Os that were left out before the first one that was recorded, and after the last; `nil` of a selection.
        public var leftOutBesides: UInt64?
        /// The part of the time from the first I/O to the last that was recorded.
        public var recordedPart: Double
        /// By how far they differ, with 95% confidence: how far a share of the latency may be off, and the mean as a part of it.
        /// `nil` where there are too few.
        public var shareError: Double?
        public var meanError: Double?
    }

    /// How much more, or less, a share of all I/Os may be than of those recorded, with 95% confidence: for a share of a
    /// half, and no other can be further off. Of bursts it is by how far those differ from each other.
    public var shareError: Double {
        guard let bursts else { return randomError }
        return max(randomError, min(1, bursts.shareError ?? 1))
    }

    private var randomError: Double {
        guard ios > 0, ofIOs > 1 else { return 1 }
        return 1.96 * (0.25 / Double(ios) * Double(ofIOs - ios) / Double(ofIOs - 1)).squareRoot()
    }

    /// How many I/Os there were for one that was recorded.
    public var population: Double { ios > 0 ? Double(ofIOs) / Double(ios) : 1 }

    /// The same from the first I/O that was recorded to the last. Of a selection it is not counted, and estimated by the time.
    public var populationInSpan: Double {
        guard let bursts else { return population }
        guard ios > 0, let besides = bursts.leftOutBesides else { return 1 / max(bursts.recordedPart, 1e-9) }
        return Double(ofIOs - min(ofIOs - ios, besides)) / Double(ios)
    }

    /// The part that was recorded, 0 to 1.
    public var ratio: Double { ofIOs > 0 ? Double(ios) / Double(ofIOs) : 1 }

    /// - Parameter sampledOut: I/Os that were left out; `nil` comes of 0.
    public init?(ios: UInt64, sampledOut: UInt64) {
        guard sampledOut > 0 else { return nil }
        (self.ios, ofIOs) = (ios, ios &+ sampledOut)
    }
}
