// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import KernelTraces

/// What `iomap_dio_bio_end_io` is about to decide by, from the arguments of a probe at its entry. Bits of `dio->flags`
/// have another meaning in another kernel: those of an unknown one are not read.
enum EndFacts {
    /// `nil` when the probe did not read the flags.
    static func facts(_ arguments: ProbeArguments, rule: CompletionRule) -> Facts? {
        guard let flags = arguments[.flags] else { return nil }
        var facts: Facts = .endSeen
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
        if (arguments[.error].map { Int32(truncatingIfNeeded: $0) } ?? 0) != 0 || (arguments[.status] ?? 0) & 0xff != 0
        {
            facts.insert(.endError)
        }
        let isWrite = flags & 1 << 30 != 0
        guard isWrite else { return facts }
        if let pages = arguments[.pages], pages != 0 { facts.insert(.pageCache) }
        if let size = arguments[.fileSize], let position = arguments[.position], let done = arguments[.done],
            Int64(bitPattern: position &+ done) > Int64(bitPattern: size)
        {
            facts.insert(.extendsSize)
        }
        return facts
    }

    /// Of the simple path of 7.3.
    static func simple(_ arguments: ProbeArguments) -> Facts {
        var facts: Facts = [.endSeen, .endDecides, .simple]
        if let status = arguments[.status], status & 0xff != 0 { facts.insert(.endError) }
        return facts
    }
}
