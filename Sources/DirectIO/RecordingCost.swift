// SPDX-License-Identifier: GPL-2.0-only

/// What a recording took of the CPUs' time, as estimated: parts of the time in which they were not idle, or of one CPU's
/// whole time where that is more.
public struct RecordingCost: Hashable, Sendable, Codable {
    /// What it was to stay below; `nil`: there was no limit.
    public var limit: Double?
    /// While everything was recorded.
    public var whole: Double
    /// While I/Os were only counted; `nil` when that was not measured.
    public var pause: Double?
    /// All in all, by the time in which each was done.
    public var mean: Double

    public init(limit: Double?, whole: Double, pause: Double?, mean: Double) {
        self.limit = limit
        self.whole = whole
        self.pause = pause
        self.mean = mean
    }
}
