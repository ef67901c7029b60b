// SPDX-License-Identifier: GPL-2.0-only

/// Why a completion was handed to a kworker: a closed list, decided from the state at `end_io`.
public enum DeferralReason: String, Sendable, CaseIterable, Codable {
    /// The kernel defers every asynchronous write (iomap before about 6.6).
    case iomapAlwaysDefersWrites = "iomap-always-defers-writes"
    /// Only issuers that offer to complete by themselves avoid the kworker, and this one did not (about 6.6 to 6.18).
    case issuerNoCallerComp = "issuer-no-caller-comp"
    /// Pages of the file in the page cache must be invalidated.
    case pageCachePresent = "page-cache-present"
    /// The extent was unwritten and must be converted.
    case unwrittenConversion = "unwritten-conversion"
    /// The file size must be updated.
    case extendsSize = "extends-isize"
    /// O_SYNC, or O_DSYNC without FUA: a cache flush must follow.
    case syncFlush = "sync-flush"
    /// A copy-on-write extent must be remapped.
    case copyOnWrite = "cow"
    case error
    /// Blocks were newly allocated, or other metadata must follow.
    case newBlockMetadata = "new-block-metadata"
    /// A file system made it for a file of another one, whose completion takes a kworker on every kernel: overlayfs, FUSE.
    case backingFile = "backing-file"
    /// It was deferred, and what was seen does not say why.
    case unknown

    /// Could the completion have been done inline on another kernel or by another issuer, the workload unchanged?
    /// `nil` when it is not known why it was deferred.
    public var isAvoidable: Bool? {
        switch self {
        case .iomapAlwaysDefersWrites, .issuerNoCallerComp: true
        case .pageCachePresent, .unwrittenConversion, .extendsSize, .syncFlush, .copyOnWrite, .error,
            .newBlockMetadata, .backingFile:
            false
        case .unknown: nil
        }
    }
}

/// By which rule the recorded kernel's `iomap_dio_bio_end_io` decides how a direct I/O completes.
public enum CompletionRule: String, Sendable, Codable {
    /// Every asynchronous write goes to a kworker (iomap before about 6.6).
    case defersWrites = "defers-writes"
    /// Flags allow inline (reads) or caller completion (about 6.6 to 6.18).
    case flaggedInline = "inline-if-flagged"
    /// Inline unless a flag asks for a kworker (6.19 and later).
    case flaggedWork = "work-if-flagged"
    /// The recorded kernel's rule is not known.
    case unknown

    /// A rule that a later version may have stored is `unknown`, so that its captures stay readable.
    public init(from decoder: any Decoder) throws {
        self = CompletionRule(rawValue: try decoder.singleValueContainer().decode(String.self)) ?? .unknown
    }
}
