// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// What the recording is of, by its most frequent kinds of I/O.
public struct Headline: Equatable, Sendable {
    public var operation: Dominant<DirectIO.Operation>?
    /// In bytes.
    public var length: Dominant<UInt32>?
    /// The shortest and the longest length, in bytes, where there are several and all of them were counted.
    public var lengths: ClosedRange<UInt32>?
    public var issuer: Dominant<Issuer>?
    public var device: Dominant<DeviceNumber>?
    /// How the session's device list calls `device`. Untrusted text.
    public var deviceName: DeviceName?
    /// Mean number of I/Os in flight from the first submission to the last completion, by Little's law: the sum of all
    /// latencies divided by that time. `nil` when no time passed.
    public var meanInFlight: Double?
    /// Nanoseconds from the first submission to the last completion; `nil` when no time passed.
    public var span: UInt64?
    /// I/Os per second of `span`, those included that a sample left out.
    public var iops: Double?
    /// Bytes as asked for, per second of `span`.
    public var bytesPerSecond: Double?

    public struct Dominant<Value: Equatable & Sendable>: Equatable, Sendable {
        public var value: Value
        /// Part of all I/Os that have it.
        public var share: Double
    }
}
