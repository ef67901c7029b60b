// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import KernelTraces

/// What an `end_io` is about to decide by, from the arguments of a probe at its entry. Bits of `dio->flags`
/// have another meaning in another kernel: those of an unknown one are not read.
struct EndFacts {
    /// `nil` when the probe did not read what is needed.
    private let ofAny: Facts?
    /// Of a write alone, in `fs/direct-io.c`.
    private var ofWrite: Facts = []
    /// There, too: it will be deferred.
    private var defers = false
    /// By `dio->flags`.
    let isWrite: Bool?

    init(at function: KernelFunction, _ arguments: ProbeArguments, rule: CompletionRule) {
        isWrite = arguments[.flags].map { $0 & Self.writes != 0 }
        switch function {
        case .simpleBioEnd: ofAny = Self.simple(arguments)
        case .blockBioEnd, .blockAsyncBioEnd: ofAny = Self.failed(arguments).union(.endSeen)
        case .legacyBioEnd, .legacySyncBioEnd:
            ofAny = Self.legacy(arguments, waits: function == .legacySyncBioEnd)
            defers = (arguments[.defers] ?? 0) & 0xff != 0
            if let pages = arguments[.pages], pages != 0 { ofWrite = .pageCache }
        default: ofAny = Self.iomap(arguments, rule: rule)
        }
    }

    func of(_ io: DirectIO) -> Facts? {
        guard var facts = ofAny, io.operation == .write else { return ofAny }
        facts.formUnion(ofWrite)
        if defers { facts.insert(io.facts.isDisjoint(with: [.dataSync, .sync]) ? .unwritten : .needSync) }
        return facts
    }

    /// `IOMAP_DIO_WRITE` in `dio->flags`.
    private static let writes: UInt64 = 1 << 30

    private static func iomap(_ arguments: ProbeArguments, rule: CompletionRule) -> Facts? {
        guard let flags = arguments[.flags] else { return nil }
        var facts = failed(arguments).union(.endSeen)
        func insert(_ fact: Facts, _ bit: UInt64) { if flags & 1 << bit != 0 { facts.insert(fact) } }
        insert(.unwritten, 0)
        insert(.copyOnWrite, 1)
        insert(.needSync, 29)
        insert(.writeThrough, 28)
        switch rule {
        case .flaggedInline:
            insert(.inlineCompletion, 27)
            insert(.callerCompletion, 26)
        case .flaggedWork: insert(.completionWork, 27)
        case .defersWrites, .unknown: break
        }
        if let references = arguments[.references], Int32(truncatingIfNeeded: references) == 1 {
            facts.insert(.endDecides)
            if let waiter = arguments[.waiter], waiter & 0xff != 0 { facts.insert(.waiter) }
        }
        guard flags & writes != 0 else { return facts }
        if let pages = arguments[.pages], pages != 0 { facts.insert(.pageCache) }
        if let size = arguments[.fileSize], let position = arguments[.position], let done = arguments[.done],
            Int64(bitPattern: position &+ done) > Int64(bitPattern: size)
        {
            facts.insert(.extendsSize)
        }
        return facts
    }

    /// The facts of the simple path of 7.3.
    private static func simple(_ arguments: ProbeArguments) -> Facts {
        failed(arguments).union([.endSeen, .endDecides, .simple])
    }

    /// The facts of `fs/direct-io.c`, which defers for pages in the page cache, or when the submitter or a buffer head said so:
    /// for O_(D)SYNC, or for an unwritten extent.
    /// - Parameter waits: the submitter does: always when it is synchronous, and for extending writes.
    private static func legacy(_ arguments: ProbeArguments, waits: Bool) -> Facts {
        var facts = failed(arguments).union(.endSeen)
        if waits { facts.formUnion([.endDecides, .waiter]) }
        if arguments[.references] == 1 { facts.insert(.endDecides) }
        return facts
    }

    private static func failed(_ arguments: ProbeArguments) -> Facts {
        let error = arguments[.error].map { Int32(truncatingIfNeeded: $0) } ?? 0
        return error != 0 || (arguments[.status] ?? 0) & 0xff != 0 ? .endError : []
    }
}
