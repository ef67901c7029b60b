// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Testing

/// Kernels without tracepoints of direct I/O: probes give begin and end.
@Suite struct ProbedLifeTests {
    private let text = """
                     fio-104     [001] ....    10.000000: iomap_dio_rw: (iomap_dio_rw+0x0/0x3f0) iocb=0xffff93e8c25a0000 pos=4096 complete=aio_complete_rw+0x0/0x1c0 ki_flags=0x860000 ino=12 dev=271581184 count=4096 dio_flags=0x0
                     fio-104     [001] ....    10.000010: block_rq_issue: 259,0 WS 4096 () 2048 + 8 [fio]
                  <idle>-0       [001] d.h.    10.000100: irq_handler_entry: irq=24 name=nvme0q2
                  <idle>-0       [001] d.h.    10.000103: iomap_dio_bio_end_io: (iomap_dio_bio_end_io+0x0/0x160) iocb=0xffff93e8c25a0000 isize=16777216 done=4096 ref=1 flags=0x60000000 error=0 waiter=0 status=0 pos=4096 nrpages=0
                  <idle>-0       [001] d.h.    10.000110: workqueue_queue_work: work struct=ffff93e8c25a0570 function=iomap_dio_complete_work workqueue=ffff93e8dfe66e00 req_cpu=8192 cpu=1
             kworker/1:1-26      [001] ....    10.000200: workqueue_execute_start: work struct ffff93e8c25a0570: function iomap_dio_complete_work
             kworker/1:1-26      [001] ....    10.000201: iomap_dio_complete: (iomap_dio_complete+0x0/0x1d0) iocb=0xffff93e8c25a0000
             kworker/1:1-26      [001] ....    10.000220: iomap_dio_complete__return: (iomap_dio_complete_work+0x17/0x30 <- iomap_dio_complete) ret=4096
        """

    @Test func probesAlone() throws {
        let trace = try TextTrace(text, rule: .defersWrites)
        let io = try #require(trace.ios.first)
        #expect(trace.ios.count == 1 && trace.counts.joined == 1)
        #expect(io.completed == TextTrace.at(10.00022), "the return is when it is complete")
        #expect(io.ended == TextTrace.at(10.000103) && io.issued == TextTrace.at(10.00001))
        #expect(io.workQueued == TextTrace.at(10.00011) && io.workStarted == TextTrace.at(10.0002))
        #expect(io.issuer == .libaio && io.operation == .write && io.length == 4096 && io.inode == 12)
        #expect(io.device == DeviceNumber(major: 259, minor: 0))
        #expect(io.facts.isSuperset(of: [.endSeen, .endDecides, .needSync]))
        #expect(io.completeContext == .kworker && io.endContext == .hardirq)
    }

    @Test func ioUringsSecondHop() throws {
        let hop =
            "\n             fio-104     [001] ....    10.000300: io_req_rw_complete: (io_req_rw_complete+0x0/0x90) req=0xffff93e8c25a0000"
        let trace = try TextTrace(text.replacing("aio_complete_rw", with: "io_complete_rw") + hop, rule: .defersWrites)
        let io = try #require(trace.ios.first)
        #expect(io.issuer == .ioUring && io.taskWorkRun == TextTrace.at(10.0003))
    }

    /// md's thread is a task, and not the submitter.
    @Test func ioUringsSecondHopAfterAnotherTask() throws {
        let lines = text.split(separator: "\n").filter { !$0.contains("workqueue_") }.joined(separator: "\n")
        let byThread = lines.replacing(
            "<idle>-0       [001] d.h.    10.000103", with: "md0_raid5-77   [001] ....    10.000103"
        )
        .replacing("kworker/1:1-26", with: "  md0_raid5-77").replacing("complete_work+0x17", with: "bio_end_io+0x17")
        .replacing("aio_complete_rw", with: "io_complete_rw")
        let hop =
            "\n             fio-104     [001] ....    10.000300: io_req_rw_complete: (io_req_rw_complete+0x0/0x90) req=0xffff93e8c25a0000"
        let trace = try TextTrace(byThread + hop, rule: .defersWrites)
        let io = try #require(trace.ios.first)
        #expect(io.completeContext == .task && io.completed == TextTrace.at(10.00022))
        #expect(io.taskWorkRun == TextTrace.at(10.0003))
    }

    /// bpftrace's ksym() prints a function without an offset.
    @Test func theIssuerIsReadWithoutAnOffset() throws {
        let text = text.replacing("complete=aio_complete_rw+0x0/0x1c0", with: "complete=aio_complete_rw")
        #expect(try TextTrace(text, rule: .defersWrites).ios.map(\.issuer) == [.libaio])
    }

    @Test func aKiocbUsedAgainEndsTheLifeBefore() throws {
        let first = text.split(separator: "\n")[0]
        let trace = try TextTrace(first.replacing("10.000000", with: "9.000000") + "\n" + text, rule: .defersWrites)
        #expect(trace.ios.count == 1 && trace.counts.withoutCompletion == 1)
    }
}
