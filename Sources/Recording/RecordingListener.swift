// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Probes
import SystemPackage

/// An I/O that was slow, with what is known of it so far.
public struct SlowIO {
    public var io: DirectIO
    /// As procfs calls it now; `nil` when it has ended.
    public var submitterName: String?
    public var devices: [DeviceName]
    public var files: [FileName]
    public var rule: CompletionRule
    /// When the recording began: CLOCK_MONOTONIC and the wall clock, nanoseconds.
    public var began: (monotonic: UInt64, wall: Int64)
}

/// Who learns how a recording goes, by its own thread.
public protocol RecordingListener: AnyObject {
    /// From here on every I/O is seen.
    func recordingBegan(_ path: FilePath)
    /// About once a second.
    /// - Parameters:
    ///   - nanoseconds: since the recording began.
    ///   - every: one I/O of so many is recorded.
    func recordingWent(after nanoseconds: UInt64, counters: ProbeCounters, every: UInt32)
    /// To record everything takes this part of the CPU time: from now on that is done for one part in `every` of it.
    func overheadLimited(to every: UInt32, whole: Double)
    /// Recording takes this part of the CPU time, above the limit, though it records for one part in `every` of it.
    func overheadRemains(_ overhead: Double, every: UInt32)
    /// A burst could not be begun: the recording ends.
    func burstFailed(_ error: ProbeError)
    /// Disks that give their I/O to others were made while recording; whether they are followed to those.
    func stackedDisksCame(_ names: [String], areFollowed: Bool)
    /// An I/O took as long as was asked for.
    func sawSlow(_ slow: SlowIO)
    /// The file is complete.
    func recordingEnded()
}

extension RecordingListener {
    public func sawSlow(_ slow: SlowIO) {}
}
