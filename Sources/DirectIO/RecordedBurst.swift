// SPDX-License-Identifier: GPL-2.0-only

/// A time in which every I/O was recorded that passed the filters, in a recording that pauses between such times.
///
/// Stored in a capture as JSON: fields are only ever added.
public struct RecordedBurst: Hashable, Sendable, Codable {
    /// From when on I/Os were let in: `CLOCK_MONOTONIC`, nanoseconds.
    public var from: UInt64
    /// Those that were submitted later are of no burst, or of a later one. The largest number: it has not ended, or that was
    /// not written.
    public var until: UInt64
    /// I/Os that had been left out by then, since the begin of the recording: counted. In a burst none is.
    public var leftOut: UInt64
    /// I/Os of it that were not complete a moment after its end, and that are not in the capture.
    public var cut: UInt64

    public init(from: UInt64, until: UInt64, leftOut: UInt64, cut: UInt64) {
        self.from = from
        self.until = until
        self.leftOut = leftOut
        self.cut = cut
    }
}
