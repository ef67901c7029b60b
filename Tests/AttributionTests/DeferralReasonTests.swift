// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import TestSupport
import Testing

struct DeferralReasonTests {
    static let rules: [CompletionRule] = [.defersWrites, .flaggedInline, .flaggedWork, .unknown]

    static func deferred(
        _ facts: Facts, operation: DirectIO.Operation = .write, queued: Bool = true,
        end: ExecutionContext? = .hardirq, complete: ExecutionContext? = .kworker
    ) -> DirectIO {
        Life.make(
            .libaio, operation, end: end, complete: complete, facts: facts,
            times: queued ? [(\.workQueued, 100)] : [])
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var facts: Facts
        var rule: CompletionRule
        var expected: DeferralReason
    }

    /// What needs a kworker whatever the rule, strongest first: each outranks all that follow it.
    static let ranked: [(Facts, DeferralReason)] = [
        (.endError, .error), (.unwritten, .unwrittenConversion), (.copyOnWrite, .copyOnWrite),
        (.needSync, .syncFlush), (.extendsSize, .extendsSize), (.pageCache, .pageCachePresent),
    ]

    /// fs/direct-io.c decides by the needs of the I/O alone; iomap's rules say nothing of it.
    @Test(arguments: rules)
    func legacyCodeHasNoneOfIomapsReasons(rule: CompletionRule) {
        let facts: Facts = [.endSeen, .endDecides, .legacy, .completionWork]
        #expect(DeferralReason(of: Self.deferred(facts), rule: rule) == .unknown)
        #expect(DeferralReason(of: Self.deferred(facts.union(.pageCache)), rule: rule) == .pageCachePresent)
    }

    @Test(arguments: rules)
    func needsOfTheIOOutrankEachOtherAndTheRule(rule: CompletionRule) {
        for (rank, (fact, reason)) in Self.ranked.enumerated() {
            let weaker = Self.ranked[rank...].reduce(into: Facts()) { $0.formUnion($1.0) }
            for facts in [fact, weaker, fact.union(.completionWork)] {
                let io = Self.deferred(facts.union([.endSeen, .endDecides]))
                #expect(DeferralReason(of: io, rule: rule) == reason)
            }
        }
    }

    static let rows = [
        Row(testDescription: "old kernel", facts: [], rule: .defersWrites, expected: .iomapAlwaysDefersWrites),
        Row(testDescription: "no offer", facts: [], rule: .flaggedInline, expected: .issuerNoCallerComp),
        Row(
            testDescription: "an offer forbids the kworker", facts: .callerCompletion, rule: .flaggedInline,
            expected: .unknown),
        Row(
            testDescription: "inline flag forbids the kworker", facts: .inlineCompletion, rule: .flaggedInline,
            expected: .unknown),
        Row(
            testDescription: "new blocks", facts: .completionWork, rule: .flaggedWork, expected: .newBlockMetadata),
        Row(testDescription: "no flag asks for work", facts: [], rule: .flaggedWork, expected: .unknown),
        Row(testDescription: "rule not known", facts: .completionWork, rule: .unknown, expected: .unknown),
        Row(
            testDescription: "write-through makes the flush needless", facts: [.needSync, .writeThrough],
            rule: .defersWrites, expected: .iomapAlwaysDefersWrites),
    ]

    @Test(arguments: [CompletionRule.defersWrites, .flaggedInline])
    func aFileBelowAnotherNeedsAKworkerAnyway(rule: CompletionRule) {
        var io = Self.deferred([.endSeen, .endDecides])
        io.times[.hopQueued] = 400
        #expect(DeferralReason(of: io, rule: rule) == .backingFile)
        #expect(DeferralReason.backingFile.isAvoidable == false)
    }

    @Test(arguments: rows)
    func whatIsLeftIsTheRules(row: Row) {
        let io = Self.deferred(row.facts.union([.endSeen, .endDecides]))
        #expect(DeferralReason(of: io, rule: row.rule) == row.expected)
    }

    @Test(arguments: rules)
    func withoutEndNothingIsConcluded(rule: CompletionRule) {
        #expect(DeferralReason(of: Self.deferred([.unwritten]), rule: rule) == .unknown)
    }

    @Test(arguments: rules)
    func aReadIsOnlyDeferredByAnError(rule: CompletionRule) {
        let facts: Facts = [.endSeen, .endDecides]
        #expect(DeferralReason(of: Self.deferred(facts, operation: .read), rule: rule) == .unknown)
        #expect(DeferralReason(of: Self.deferred(facts.union(.endError), operation: .read), rule: rule) == .error)
    }

    @Test func onlyDeferredIOsHaveAReason() {
        let facts: Facts = [.endSeen, .endDecides, .unwritten]
        #expect(DeferralReason(of: Life.make(facts: facts), rule: .defersWrites) == nil)
        #expect(DeferralReason(of: Life.make(complete: .task, facts: facts), rule: .defersWrites) == nil)
        let queued = Self.deferred(facts, complete: nil)
        #expect(DeferralReason(of: queued, rule: .defersWrites) == .unwrittenConversion)
    }

    @Test func aKworkerThatNobodyQueuedMayNotBeADeferral() {
        let facts: Facts = [.endSeen, .endDecides]
        let missed = Self.deferred(facts, queued: false)
        #expect(DeferralReason(of: missed, rule: .defersWrites) == .iomapAlwaysDefersWrites)
        let endInKworker = Self.deferred(facts, queued: false, end: .kworker)
        // A driver's work ran end_io, and completed it there: nothing was deferred.
        #expect(DeferralReason(of: endInKworker, rule: .defersWrites) == nil)
        #expect(CompletionContext(of: endInKworker) == .driverWorker)
        let submitterIsKworker = Self.deferred([.endSeen], queued: false)
        #expect(DeferralReason(of: submitterIsKworker, rule: .defersWrites) == .unknown)
    }

    @Test func ofSeveralBiosTheOneThatWasRememberedNeedNotBeTheOneThatDecided() {
        let io = Self.deferred([.endSeen, .multiBio, .unwritten])
        #expect(DeferralReason(of: io, rule: .flaggedWork) == .unwrittenConversion)
    }
}
