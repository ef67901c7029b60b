// SPDX-License-Identifier: GPL-2.0-only

/// What a recording of a random part of the I/Os says of all of them.
public struct Sample: Equatable, Sendable {
    /// I/Os that were recorded.
    public let ios: UInt64
    /// I/Os that passed the filters: counted, not estimated.
    public let ofIOs: UInt64

    /// How much more, or less, a share of all I/Os may be than of those recorded, with 95% confidence: for a share of a
    /// half, and no other can be further off.
    public var shareError: Double {
        guard ios > 0, ofIOs > 1 else { return 1 }
        return 1.96 * (0.25 / Double(ios) * Double(ofIOs - ios) / Double(ofIOs - 1)).squareRoot()
    }

    /// How many I/Os there were for one that was recorded.
    public var population: Double { ios > 0 ? Double(ofIOs) / Double(ios) : 1 }

    /// The part that was recorded, 0 to 1.
    public var ratio: Double { ofIOs > 0 ? Double(ios) / Double(ofIOs) : 1 }

    /// - Parameter sampledOut: I/Os that were left out; `nil` comes of 0.
    public init?(ios: UInt64, sampledOut: UInt64) {
        guard sampledOut > 0 else { return nil }
        (self.ios, ofIOs) = (ios, ios &+ sampledOut)
    }
}
