// SPDX-License-Identifier: GPL-2.0-only

#if !_endian(little)
    #error("captures hold little-endian records that are loaded as they are")
#endif

/// The constants of the capture file; `Documentation/CaptureFormat.md` describes every byte.
enum CaptureFormat {
    /// What a capture begins with. Bit 7, CR LF, ^Z and LF each break under one kind of text-mode transfer.
    static let magic: [UInt8] = [0x89, 0x44, 0x49, 0x4f, 0x0d, 0x0a, 0x1a, 0x0a]
    static let version = CaptureVersion(major: 1, minor: 9)
    /// Bytes of the file header: magic, version, flags.
    static let headerSize = 16
    /// The longest payload of a chunk, in bytes: bounds the memory of a reader whatever the file says.
    static let maximumPayload = 16 << 20
}

/// Bits of a chunk's flags. Numbers are forever: append, never renumber.
enum ChunkFlag {
    /// The payload is packed: `ChunkPacker`.
    static let packed: UInt16 = 1
    /// The payload is in columns: `ColumnPacker`.
    static let columns: UInt16 = 2
}

/// The contents of a chunk. Numbers are forever: append, never renumber.
enum ChunkKind: UInt16, Sendable {
    /// JSON of `RecordingSession`; the first chunk, and there once.
    case session = 1
    /// `struct probe_io` records as the kernel sent them.
    case ios = 2
    /// `struct probe_task` records as the kernel sent them.
    case threads = 3
    /// JSON array of `DeviceName`; the last one counts.
    case devices = 4
    /// JSON array of `DataLoss`; the last one counts.
    case loss = 5
    /// JSON of `RecordingEnd`; the last chunk.
    case end = 6
    /// `struct probe_waited_io` records as the kernel sent them.
    case waitedIOs = 7
    /// `struct probe_occupancy` records, with names for functions; before the I/Os that they delayed.
    case occupancies = 8
    /// JSON array of `CPUUse`; the last one counts.
    case cpus = 9
    /// JSON of `HostTopology`; the last one counts.
    case places = 10
    /// JSON array of `FileUser`; the last one counts.
    case fileUsers = 11
    /// JSON of `StoredSummary`: I/Os of one kind that have no record; of each kind the last one counts.
    case summary = 12
    /// JSON array of `SamplingStep`; the last one counts.
    case sampling = 13
    /// `struct probe_life` records as the kernel sent them.
    case lives = 14
    /// `struct probe_layered` records as the kernel sent them.
    case layeredIOs = 15
    /// JSON array of `FileName`; the last one counts.
    case files = 16
    /// JSON of `ApplicationAccount`; the last one counts.
    case account = 17
    /// `struct probe_deep` records as the kernel sent them.
    case deepIOs = 18
    /// JSON array of `RecordedBurst`, in the order of time, those that have begun or ended since the chunk before; of each the
    /// last one counts.
    case bursts = 19

    /// Bytes of one record; `nil` when the payload is JSON, which counts as one record.
    var recordSize: Int? {
        switch self {
        case .ios: RecordSize.io
        case .threads: RecordSize.task
        case .waitedIOs: RecordSize.waitedIO
        case .lives: RecordSize.life
        case .layeredIOs: RecordSize.layered
        case .deepIOs: RecordSize.deep
        case .occupancies: RecordSize.occupancy
        case .session, .devices, .loss, .end, .cpus, .places, .fileUsers, .summary, .sampling, .files, .account,
            .bursts:
            nil
        }
    }

    var isOfIOs: Bool { [.ios, .waitedIOs, .lives, .layeredIOs, .deepIOs].contains(self) }
}
