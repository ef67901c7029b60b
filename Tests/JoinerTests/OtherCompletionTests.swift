// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import KernelTraces
import Testing

/// Completions elsewhere than in a kworker, and what does not match.
@Suite struct OtherCompletionTests {
    private func begin(_ time: String, _ offset: String = "0x1000", flags: String = "DIRECT|WRITE|AIO_RW", aio: Int = 1)
        -> String
    {
        "             fio-211     [001] .....    \(time): iomap_dio_rw_begin: dev 259:1 ino 0xc size 0x1000000 offset \(offset)"
            + " length 0x1000 done_before 0x0 flags \(flags) dio_flags  aio \(aio)\n"
    }

    private func queued(_ time: String) -> String {
        "             fio-211     [001] .....    \(time): iomap_dio_rw_queued: dev 259:1 ino 0xc size 0x1000000 offset 0x0 length 0x0\n"
    }

    private func complete(
        _ time: String, _ who: String = "          <idle>-0       [001] d.h1.", offset: String = "0x2000",
        aio: Int = 1, error: Int = 0, ret: Int = 4096
    ) -> String {
        "\(who)    \(time): iomap_dio_complete: dev 259:1 ino 0xc size 0x1000000 offset \(offset) flags DIRECT|WRITE|AIO_RW"
            + " aio \(aio) error \(error) ret \(ret)\n"
    }

    private let fio = "             fio-211     [001] ....."

    @Test func inlineInTheInterrupt() throws {
        let irq = "          <idle>-0       [001] d.h1.    10.000100: irq_handler_entry: irq=29 name=nvme0q2\n"
        let trace = try TextTrace(begin("10.000000") + queued("10.000010") + irq + complete("10.000110"))
        let io = try #require(trace.ios.first)
        #expect(io.completeContext == .hardirq && io.endContext == .hardirq && io.irq == 29)
        #expect(io.interrupted == TextTrace.at(10.0001) && io.completed == TextTrace.at(10.00011))
        #expect(!io.facts.contains(.bySubmitter))
    }

    @Test func withoutTheFlagsColumnInterruptsTellTheContext() throws {
        let text =
            begin("10.000000") + queued("10.000010") + """
                          <idle>-0     [001]    10.000100: irq_handler_entry: irq=36 name=virtio1-req.0
                          <idle>-0     [001]    10.000101: irq_handler_exit: irq=36 ret=handled
                          <idle>-0     [001]    10.000102: softirq_entry: vec=4 [action=BLOCK]

                """ + complete("10.000110", "          <idle>-0     [001]")
        let io = try #require(try TextTrace(text).ios.first)
        #expect(io.completeContext == .softirq && io.interrupted == TextTrace.at(10.000102) && io.irq == nil)
    }

    /// In a handler the device was done when that was entered; elsewhere when the softirq is raised. The first raise counts.
    @Test func aSoftirqIsDeliveredFromTheInterruptThatRaisedIt() throws {
        func raised(_ before: String) throws -> Timestamp? {
            let text =
                begin("10.000000") + """
                                 fio-211     [001] .....    10.000003: block_rq_issue: 259,1 WS 4096 () 296056 + 8 [fio]

                    """ + queued("10.000010") + before + """
                              <idle>-0       [001] ..s1.    10.000130: softirq_entry: vec=4 [action=BLOCK]
                              <idle>-0       [001] ..s1.    10.000132: block_rq_complete: 259,1 WS () 296056 + 8 [0]

                    """ + complete("10.000140", "          <idle>-0       [001] ..s1.")
            let io = try #require(try TextTrace(text).ios.first)
            #expect(io.interrupted == TextTrace.at(10.00013) && io.endContext == .softirq)
            return io[.raised]
        }
        let handler = """
                      <idle>-0       [001] d.h1.    10.000100: irq_handler_entry: irq=36 name=virtio1-req.0
                      <idle>-0       [001] d.h1.    10.000102: softirq_raise: vec=4 [action=BLOCK]
                      <idle>-0       [001] d.h1.    10.000104: softirq_raise: vec=4 [action=BLOCK]
                      <idle>-0       [001] d.h1.    10.000105: irq_handler_exit: irq=36 ret=handled

            """
        #expect(try raised(handler) == TextTrace.at(10.0001))
        let task = "             fio-211     [001] d..1.    10.000110: softirq_raise: vec=4 [action=BLOCK]\n"
        #expect(try raised(task) == TextTrace.at(10.00011))
        #expect(try raised("") == nil)
    }

    @Test func aSubmitRaceIsCompletedByTheSubmitter() throws {
        let io = try #require(try TextTrace(begin("10.000000") + complete("10.000050", fio)).ios.first)
        #expect(io.completeContext == .task && io.facts.contains(.bySubmitter) && io.issuer == .libaio)
    }

    @Test func aSynchronousIO() throws {
        let io = try #require(
            try TextTrace(begin("10.000000", flags: "DIRECT|WRITE", aio: 0) + complete("10.000050", fio, aio: 0)).ios
                .first)
        #expect(io.issuer == .sync)
    }

    @Test func anErrorLeavesThePositionAlone() throws {
        let io = try #require(
            try TextTrace(
                begin("10.000000") + queued("10.000001") + complete("10.000050", offset: "0x1000", error: -5, ret: -5)
            ).ios.first)
        #expect(io.error == -5 && io.offset == 0x1000)
    }

    @Test func whatBeganBeforeTheTraceIsCounted() throws {
        let trace = try TextTrace(complete("10.000050") + begin("10.000100"))
        #expect(trace.ios.isEmpty && trace.counts.withoutBegin == 1 && trace.counts.inFlight == 1)
    }

    @Test func anAttemptThatWasNeitherQueuedNorCompletedIsNone() throws {
        let text =
            begin("10.000000", "0x9000") + queued("10.000001") + begin("10.000010") + begin("10.000020")
            + queued("10.000021") + complete("10.000050")
        let trace = try TextTrace(text)
        #expect(trace.ios.map(\.submitted) == [TextTrace.at(10.00002)])
        #expect(trace.counts.fruitless == 1 && trace.counts.withoutCompletion == 0)
    }

    /// io_uring began it anew in a worker, where it may wait.
    @Test(arguments: [-11, -95]) func anAttemptThatFailedIsNoIO(error: Int) throws {
        let failed = complete("10.000040", offset: "0x1000", error: error, ret: error)
        let text =
            begin("10.000000", flags: "DIRECT|NOWAIT|WRITE") + failed + begin("10.000100", flags: "DIRECT|WRITE")
            + queued("10.000101") + complete("10.000200")
        let trace = try TextTrace(text.replacing("|AIO_RW", with: ""))
        #expect(trace.ios.map(\.submitted) == [TextTrace.at(10.0001)] && trace.ios.allSatisfy { $0.error == 0 })
        #expect(trace.counts.fruitless == 1)
        // Who did not ask for that has an error.
        let other = try TextTrace(begin("10.000000") + failed)
        #expect(other.ios.map(\.error) == [Int16(error)])
    }

    @Test func ofOneOffsetTheFirstBegunCompletesFirst() throws {
        let text =
            begin("10.000000") + queued("10.000001") + begin("10.000010") + queued("10.000011")
            + complete("10.000050") + complete("10.000060")
        let trace = try TextTrace(text)
        #expect(trace.ios.map(\.submitted) == [TextTrace.at(10), TextTrace.at(10.00001)])
        #expect(trace.counts.overlapping == 1)
    }

    @Test func whereEventsAreLostTheLastBegunIsTheLikelier() throws {
        let text =
            begin("10.000000") + queued("10.000001") + begin("20.000010") + queued("20.000011") + complete("20.000050")
        #expect(try TextTrace(text, isLossy: true).ios.map(\.submitted) == [TextTrace.at(20.00001)])
    }

    @Test func manyBeginsWithoutAnyEndStayBounded() throws {
        var text = ""
        for index in 0..<70_000 { text += begin("10.\(String(index + 100_000))", "0x\(String(index, radix: 16))000") }
        let trace = try TextTrace(text)
        #expect(trace.counts.withoutCompletion == 70_000 - 65_536 && trace.counts.inFlight == 65_536)
    }
}
