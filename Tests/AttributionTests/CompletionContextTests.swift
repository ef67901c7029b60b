// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import TestSupport
import Testing

struct CompletionContextTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var issuer = Issuer.libaio
        var end: ExecutionContext? = .hardirq
        var complete: ExecutionContext?
        var facts: Facts = [.endSeen, .endDecides]
        var expected: CompletionContext
    }

    static let rows = [
        Row(testDescription: "interrupt", complete: .hardirq, expected: .hardirq),
        Row(testDescription: "softirq", end: .softirq, complete: .softirq, expected: .softirq),
        Row(testDescription: "kworker", complete: .kworker, expected: .kworker),
        Row(testDescription: "completion not seen", complete: nil, expected: .unknown),
        Row(
            testDescription: "interrupt wins over facts", issuer: .sync, complete: .hardirq,
            facts: [.endSeen, .endDecides, .waiter, .polled, .bySubmitter], expected: .hardirq),
        Row(
            testDescription: "sync", issuer: .sync, complete: .task, facts: [.endSeen, .bySubmitter],
            expected: .syncWait),
        Row(
            testDescription: "asynchronous, made to wait by the file system", complete: .task,
            facts: [.endSeen, .forceWait, .bySubmitter], expected: .syncWait),
        Row(
            testDescription: "asynchronous with a waiter", complete: .task,
            facts: [.endSeen, .endDecides, .waiter, .bySubmitter], expected: .syncWait),
        Row(
            testDescription: "waiter is not valid when end_io did not decide", complete: .task,
            facts: [.endSeen, .waiter, .bySubmitter], expected: .submitRace),
        Row(
            testDescription: "polled", issuer: .ioUring, end: .task, complete: .task,
            facts: [.endSeen, .endDecides, .polled, .bySubmitter], expected: .poll),
        Row(
            testDescription: "polled by another thread", issuer: .ioUring, end: .task, complete: .task,
            facts: [.endSeen, .endDecides, .polled], expected: .poll),
        Row(
            testDescription: "sync polled", issuer: .sync, end: .task, complete: .task,
            facts: [.endSeen, .endDecides, .waiter, .polled, .bySubmitter], expected: .poll),
        Row(
            testDescription: "asked to poll, ended by the interrupt", issuer: .ioUring, complete: .task,
            facts: [.endSeen, .polled, .bySubmitter], expected: .submitRace),
        Row(
            testDescription: "caller completion", issuer: .ioUring, complete: .task,
            facts: [.endSeen, .endDecides, .callerCompletion, .bySubmitter], expected: .taskWork),
        Row(
            testDescription: "caller completion offered, submitter was still there", issuer: .ioUring, complete: .task,
            facts: [.endSeen, .callerCompletion, .bySubmitter], expected: .submitRace),
        Row(
            testDescription: "submit race", complete: .task, facts: [.endSeen, .bySubmitter], expected: .submitRace),
        Row(
            testDescription: "some other task", complete: .task, facts: [.endSeen, .endDecides], expected: .unknown),
    ]

    @Test(arguments: rows)
    func isDecidedByWhereItCompletedAndByFacts(row: Row) {
        let io = Life.make(row.issuer, end: row.end, complete: row.complete, facts: row.facts)
        #expect(CompletionContext(of: io) == row.expected)
        #expect(AttributedLife(io, rule: .unknown).context == row.expected)
    }

    @Test func everyContextHasItsOwnPlaceInTheList() {
        #expect(CompletionContext.allCases.map(\.index).sorted() == Array(0..<CompletionContext.count))
        #expect(DeferralReason.allCases.map(\.index).sorted() == Array(0..<DeferralReason.count))
        #expect(WaitCause.allCases.map(\.index) == Array(0..<WaitCause.count))
        #expect(CPUOccupant.allCases.allSatisfy { WaitCause($0).index == Int($0.rawValue) })
        #expect(StageContext.allCases.count == StageContext.count)
        #expect(CPUPlacement.allCases.count == CPUPlacement.count)
    }
}
