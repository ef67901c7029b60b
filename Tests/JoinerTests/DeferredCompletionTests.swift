// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Testing

/// Completions by a kworker, from tracepoints alone and with what probes add.
@Suite struct DeferredCompletionTests {
    private let text = """
        # tracer: nop
                     fio-211     [001] .....    10.000000: iomap_dio_rw_begin: dev 259:1 ino 0xc size 0x1000000 offset 0x1000 length 0x1000 done_before 0x0 flags DIRECT|WRITE|AIO_RW dio_flags  aio 1
                     fio-211     [001] .....    10.000005: block_bio_queue: 259,1 WS 296056 + 8 [fio]
                     fio-211     [001] .....    10.000010: block_rq_issue: 259,1 WS 4096 () 296056 + 8 be,0,4 [fio]
                     fio-211     [001] .....    10.000011: iomap_dio_rw_queued: dev 259:1 ino 0xc size 0x1000000 offset 0x2000 length 0x0
                  <idle>-0       [001] d.h1.    10.000100: irq_handler_entry: irq=29 name=nvme0q2
                  <idle>-0       [001] d.h1.    10.000103: block_rq_complete: 259,1 WS () 296056 + 8 be,0,4 [0]
        PROBE
                  <idle>-0       [001] d.h2.    10.000110: workqueue_queue_work: work struct=00000000bf7ad895 function=iomap_dio_complete_work workqueue=dio/nvme0n1 req_cpu=8192 cpu=1
                  <idle>-0       [001] d.h1.    10.000120: irq_handler_exit: irq=29 ret=handled
             kworker/1:1-46      [001] .....    10.000200: workqueue_execute_start: work struct 00000000bf7ad895: function iomap_dio_complete_work
             kworker/1:1-46      [001] .....    10.000205: iomap_dio_complete: dev 259:1 ino 0xc size 0x1000000 offset 0x2000 flags DIRECT|WRITE|AIO_RW aio 1 error 0 ret 4096
             kworker/1:1-46      [001] .....    10.000209: workqueue_execute_end: work struct 00000000bf7ad895: function iomap_dio_complete_work
        """

    @Test func tracepointsAloneGiveEverythingButEndIO() throws {
        let trace = try TextTrace(text.replacing("PROBE\n", with: ""))
        let io = try #require(trace.ios.first)
        #expect(trace.ios.count == 1)
        #expect(io.submitted == TextTrace.at(10) && io.issued == TextTrace.at(10.000010))
        #expect(io.interrupted == TextTrace.at(10.0001) && io.ended == nil)
        #expect(io.workQueued == TextTrace.at(10.00011) && io.workStarted == TextTrace.at(10.0002))
        #expect(io.completed == TextTrace.at(10.000205))
        #expect(io.completeContext == .kworker && io.endContext == .hardirq && io.irq == 29)
        #expect(io.irqBatchPosition == 1 && io.endCPU == 1 && io.workerCPU == 1 && io.submitCPU == 1)
        #expect(io.offset == 0x1000 && io.length == 4096 && io.operation == .write && io.issuer == .libaio)
        #expect(io.device == DeviceNumber(major: 259, minor: 1) && io.inode == 12 && io.error == 0)
        #expect(io.workerThread == 46 && io.submitterThread == 211)
        #expect(!io.facts.contains(.endSeen))
        #expect(trace.threads[211]?.name == "fio")
        #expect(trace.counts.loss(queueingSeen: true, startsSeen: true).isEmpty)
    }

    @Test func theFunctionTracerTellsWhenEndIORan() throws {
        let line =
            "                  <idle>-0       [001] d.h1.    10.000105: iomap_dio_bio_end_io <-blk_mq_end_request_batch"
        let io = try #require(try TextTrace(text.replacing("PROBE", with: line)).ios.first)
        #expect(io.ended == TextTrace.at(10.000105) && io.endContext == .hardirq)
        #expect(io.interrupted == TextTrace.at(10.0001) && io.irqBatchPosition == 1)
        #expect(!io.facts.contains(.endSeen))
    }

    @Test func aProbeOfEndIOTellsWhyItWasDeferred() throws {
        let line =
            "                  <idle>-0       [001] d.h1.    10.000105: iomap_dio_bio_end_io: (iomap_dio_bio_end_io+0x4/0x170)"
            + " iocb=0xff1931a3418c3300 isize=16777216 done=4096 ref=1 flags=0x40000000 error=0 waiter=0 status=0 pos=4096 nrpages=3"
        let io = try #require(try TextTrace(text.replacing("PROBE", with: line), rule: .flaggedWork).ios.first)
        #expect(io.ended == TextTrace.at(10.000105))
        #expect(io.facts.isSuperset(of: [.endSeen, .endDecides, .pageCache, .write]))
        #expect(io.facts.isDisjoint(with: [.completionWork, .extendsSize, .waiter, .endError]))
    }

    @Test func withoutAQueueEventThereIsNoQueueWait() throws {
        let lines = text.split(separator: "\n").filter { !$0.contains("PROBE") && !$0.contains("queue_work") }
        let trace = try TextTrace(lines.joined(separator: "\n"))
        let io = try #require(trace.ios.first)
        #expect(io.workQueued == nil && io.workStarted == TextTrace.at(10.0002) && io.completeContext == .kworker)
        #expect(trace.counts.withoutQueueing == 1)
        #expect(
            trace.counts.loss(queueingSeen: true, startsSeen: true).contains {
                $0.what == "queue-event-missed" && $0.count == 1
            })
    }

    @Test func aWorkQueuedTwiceIsCounted() throws {
        var lines = text.split(separator: "\n").map(String.init).filter { !$0.contains("PROBE") }
        let queue = try #require(lines.firstIndex { $0.contains("queue_work") })
        lines.insert(lines[queue].replacing("10.000110", with: "10.000111"), at: queue + 1)
        #expect(try TextTrace(lines.joined(separator: "\n")).counts.reusedWorks == 1)
    }
}
