// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

extension DeferralReason {
    /// Why an I/O was deferred to a kworker; `nil` when it was not.
    ///
    /// The order is the one in which the reasons outrank each other: what would have needed a kworker on every kernel
    /// comes first, and only what is left over is the doing of the kernel's rule or of the issuer.
    ///
    /// Under `flaggedInline` an io_uring write whose caller completion was withdrawn because blocks were newly allocated cannot be distinguished
    /// from one that never made the offer: both are `issuerNoCallerComp`.
    public init?(of io: DirectIO, rule: CompletionRule) {
        let inKworker = io.completeContext == .kworker && CompletionContext(of: io) == .kworker
        guard io.workQueued != nil || inKworker else { return nil }
        self = Self.decide(io, rule: rule)
    }

    private static func decide(_ io: DirectIO, rule: CompletionRule) -> DeferralReason {
        let facts = io.facts
        guard facts.contains(.endSeen) else { return .unknown }
        if io.workQueued == nil {
            // Nobody was seen to queue it. Unless end_io decided, and did not itself run in a kworker (btrfs, zoned
            // XFS), the kworker may as well be the submitter (loop) or end_io's own.
            guard facts.contains(.endDecides), io.endContext != .kworker else { return .unknown }
        }
        if facts.contains(.endError) { return .error }
        guard io.operation == .write else { return .unknown }
        if facts.contains(.unwritten) { return .unwrittenConversion }
        if facts.contains(.copyOnWrite) { return .copyOnWrite }
        // Until the submitter has let go, needSync can be set although write-through is about to make it needless.
        if facts.contains(.needSync), !facts.contains(.writeThrough) { return .syncFlush }
        if facts.contains(.extendsSize) { return .extendsSize }
        if facts.contains(.pageCache) { return .pageCachePresent }
        // The rules below are iomap's.
        if facts.contains(.legacy) { return .unknown }
        if io.times[.hopQueued] != 0 { return .backingFile }
        switch rule {
        case .defersWrites: return .iomapAlwaysDefersWrites
        case .flaggedInline:
            // Either flag forbids the kworker: what was seen contradicts itself.
            return facts.isDisjoint(with: [.inlineCompletion, .callerCompletion]) ? .issuerNoCallerComp : .unknown
        case .flaggedWork: return facts.contains(.completionWork) ? .newBlockMetadata : .unknown
        case .unknown: return .unknown
        }
    }

    /// How many there are: the length of an array indexed by `index`.
    public static let count = 11

    /// Position in the closed list, for arrays of counts.
    public var index: Int {
        switch self {
        case .iomapAlwaysDefersWrites: 0
        case .issuerNoCallerComp: 1
        case .pageCachePresent: 2
        case .unwrittenConversion: 3
        case .extendsSize: 4
        case .syncFlush: 5
        case .copyOnWrite: 6
        case .error: 7
        case .newBlockMetadata: 8
        case .unknown: 9
        case .backingFile: 10
        }
    }
}
