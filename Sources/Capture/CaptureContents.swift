// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// The contents of a capture besides its I/Os, and what could not be read.
public struct CaptureContents: Sendable {
    /// I/Os that were read.
    public internal(set) var ios: UInt64 = 0
    public internal(set) var devices: [DeviceName] = []
    /// What the traced application says itself; `nil` if not known.
    public internal(set) var account: ApplicationAccount?
    /// Paths of files, as far as they were looked up.
    public internal(set) var files: [FileName] = []
    /// What the CPUs did; empty when it was not recorded.
    public internal(set) var cpus: [CPUUse] = []
    /// Where the machine lets things run, `nil` when it was not recorded.
    public internal(set) var places: HostTopology?
    /// Users of files whose cached pages deferred completions, `nil` if not known.
    public internal(set) var fileUsers: [FileUser]?
    /// The steps in which sampling was reduced; empty if it was not.
    public internal(set) var sampling: [SamplingStep] = []
    /// When everything was recorded, of a recording that paused between; else empty.
    public internal(set) var bursts: [RecordedBurst] = []
    /// I/Os that have no record, by the number of their kind.
    var summariesByKind: [UInt32: IOSummary] = [:]
    public var summaries: [IOSummary] { summariesByKind.sorted { $0.key < $1.key }.map(\.value) }
    /// By thread number; of a thread that changed its name the last name.
    public internal(set) var threads: [UInt32: ThreadName] = [:]
    /// As counted by the recorder.
    public internal(set) var recordedLoss: [DataLoss] = []
    /// `nil` when the recording has no end: it was cut, or still goes on.
    public internal(set) var end: RecordingEnd?
    /// Records that are none of this version: of another kind, or without a time of submission.
    public var unparsed: UInt64 { unparsedIOs &+ unparsedOthers }
    var unparsedIOs: UInt64 = 0
    var unparsedOthers: UInt64 = 0
    /// Records in the chunks of I/Os, parsed or not: what the end mark counts.
    var records: UInt64 = 0
    /// Chunks of kinds that this version does not know.
    public internal(set) var unknownChunks: UInt64 = 0
    /// Bytes of the capture.
    var size: UInt64 = 0
    var damageLog = DamageLog()

    /// Where the file is damaged, in file order; the first 256 places.
    public var damage: [CaptureDamage] { damageLog.findings }
    /// Number of damaged places.
    public var damageCount: Int { damageLog.count }
    /// Bytes in all damaged places.
    public var bytesLost: UInt64 { damageLog.bytesLost }
    /// I/Os in all damaged places, as far as it is known; see `iosLostIsExact`.
    public var iosLost: UInt64 { damageLog.iosLost }
    public var iosLostIsExact: Bool { damageLog.iosLostIsExact }

    /// The file has its end mark and no damage: all that was recorded was read.
    public var isComplete: Bool { end != nil && damageCount == 0 }

    /// The recorder's losses and those of reading.
    public var loss: [DataLoss] {
        func lost(_ what: String, _ count: UInt64, _ severity: DataLoss.Severity, _ help: String) -> DataLoss? {
            count == 0 ? nil : DataLoss(what: what, count: count, severity: severity, help: help)
        }
        let reading = [
            lost("capture-cut", end == nil ? 1 : 0, .loss, "the capture has no end mark: I/Os at its end are missing"),
            lost("capture-damaged-bytes", bytesLost, .loss, "bytes of the capture that could not be used"),
            lost(
                "capture-ios-lost", iosLost, .loss,
                iosLostIsExact ? "I/Os in damaged chunks" : "I/Os in damaged chunks; there are more, not countable"),
            lost("capture-unparsed", unparsed, .loss, "records that this dioscope does not know; use a newer one"),
            lost("capture-unknown-chunks", unknownChunks, .info, "chunks that this dioscope does not know"),
        ]
        // A recorder that was killed says at the end of each burst what it left out.
        let leftOut = end == nil && recordedLoss.sampledOut == 0 ? bursts.last?.leftOut ?? 0 : 0
        return recordedLoss.sampledOut(further: leftOut) + reading.compactMap(\.self)
    }
}
