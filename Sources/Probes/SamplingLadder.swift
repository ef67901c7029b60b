// SPDX-License-Identifier: GPL-2.0-only

/// How far sampling is reduced when recording takes too much: one I/O of two, of four, and so on.
public struct SamplingLadder: Sendable {
    /// A part of the CPU time.
    public let limit: Double
    public private(set) var every: UInt32
    /// Less would not be worth much: what I/Os do not cause is left.
    public static let most: UInt32 = 1024

    /// The least that it took at any step, and how many steps brought it no lower.
    private var least = Double.infinity
    private var inVain = 0
    private static let mostInVain = 2
    /// A step that brings it to more than this part of what it was has brought nothing.
    private static let gain = 0.9

    public init(limit: Double, every: UInt32) {
        self.limit = limit
        self.every = max(1, every)
    }

    /// It goes no further: that would cost I/Os and spare nothing.
    public var isAtEnd: Bool { every > Self.most / 2 || inVain >= Self.mostInVain }

    /// - Returns: One I/O of how many is to be recorded from now on; `nil`: it goes on as it is.
    public mutating func next(after overhead: Double) -> UInt32? {
        guard overhead > limit, !isAtEnd else { return nil }
        inVain = overhead > Self.gain * least ? inVain + 1 : 0
        least = min(least, overhead)
        guard !isAtEnd else { return nil }
        every *= 2
        return every
    }
}
