// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Testing

/// Block devices and `fs/direct-io.c`: only probes record them.
@Suite struct PathsPastIomapTests {
    private func begin(_ function: String, complete: String, flags: String = "0x20000") -> String {
        """
        fio-104     [001] ....    10.000000: \(function): (\(function)+0x4/0x3f0) iocb=0xffff93e8c25a0000 pos=4096 \
        complete=\(complete) ki_flags=\(flags) ino=12 dev=271581184 count=4096 write=1
        """
    }

    private func lines(_ lines: [String]) -> String { lines.map { "\n" + $0 }.joined() }

    private let issue = """

        fio-104     [001] ....    10.000005: block_bio_queue: 259,0 WS 8 + 8 [fio]
        fio-104     [001] ....    10.000010: block_rq_issue: 259,0 WS 4096 () 8 + 8 [fio]
        """
    private let interrupt = """

        <idle>-0       [001] d.h.    10.000100: irq_handler_entry: irq=24 name=nvme0q2
        <idle>-0       [001] d.h.    10.000102: block_rq_complete: 259,0 WS () 8 + 8 [0]
        """

    @Test func aBlockDevice() throws {
        let text =
            begin("blkdev_write_iter", complete: "aio_complete_rw+0x0/0x1c0") + issue
            + lines([
                "fio-104     [001] ....    10.000020: blkdev_write_iter__return: (aio_write+0x1b/0x30 <- blkdev_write_iter) ret=-529"
            ]) + interrupt
            + lines([
                "<idle>-0       [001] d.h.    10.000103: blkdev_bio_end_io_async: (blkdev_bio_end_io_async+0x4/0x160) iocb=0xffff93e8c25a0000 status=0",
                "<idle>-0       [001] d.h.    10.000107: aio_complete_rw: (aio_complete_rw+0x4/0x1c0) iocb=0xffff93e8c25a0000 res=4096",
            ])
        let trace = try TextTrace(text)
        let io = try #require(trace.ios.first)
        #expect(trace.ios.count == 1 && trace.counts.inFlight == 0)
        #expect(io.issued == TextTrace.at(10.00001) && io.ended == TextTrace.at(10.000103))
        #expect(io.interrupted == TextTrace.at(10.0001) && io.completed == TextTrace.at(10.000107))
        #expect(io.operation == .write && io.issuer == .libaio && io.offset == 4096 && io.error == 0)
        #expect(io.completeContext == .hardirq && io.facts.isSuperset(of: [.blockDevice, .endSeen, .write]))
    }

    @Test func aFunctionTracersEndAndCallBack() throws {
        let text =
            begin("blkdev_write_iter", complete: "aio_complete_rw+0x0/0x1c0") + issue + interrupt
            + lines([
                "<idle>-0       [001] d.h.    10.000103: blkdev_bio_end_io_async <-blk_update_request",
                "<idle>-0       [001] d.h.    10.000107: aio_complete_rw <-blkdev_bio_end_io_async",
            ])
        let io = try #require(try TextTrace(text).ios.first)
        #expect(io.ended == TextTrace.at(10.000103) && io.completed == TextTrace.at(10.000107))
    }

    @Test func aSynchronousOneIsDoneWhenItReturns() throws {
        let text =
            begin("blkdev_write_iter", complete: "0x0") + issue + interrupt
            + lines([
                "fio-104     [001] ....    10.000200: blkdev_write_iter__return: (vfs_write+0x1b/0x30 <- blkdev_write_iter) ret=-5"
            ])
        let io = try #require(try TextTrace(text).ios.first)
        #expect(io.completed == TextTrace.at(10.0002) && io.issuer == .sync && io.error == -5)
        #expect(io.ended == nil && io.facts.contains(.bySubmitter))
    }

    @Test func whatIsNotDirectIsNoneOfOurs() throws {
        let trace = try TextTrace(begin("blkdev_write_iter", complete: "0x0", flags: "0x0"))
        #expect(trace.ios.isEmpty && trace.counts.inFlight == 0)
    }

    private let legacyEnd = """

        <idle>-0       [001] d.h.    10.000103: dio_bio_end_aio: (dio_bio_end_aio+0x4/0x160) iocb=0xffff93e8c25a0000 ref=1 defer=1 error=0 status=0 nrpages=0
        <idle>-0       [001] d.h.    10.000110: workqueue_queue_work: work struct=ffff93e8c25a0570 function=dio_aio_complete_work workqueue=ffff93e8dfe66e00 req_cpu=8192 cpu=1
        kworker/1:1-26      [001] ....    10.000200: workqueue_execute_start: work struct ffff93e8c25a0570: function dio_aio_complete_work
        kworker/1:1-26      [001] ....    10.000201: dio_complete: (dio_complete+0x4/0x1d0) iocb=0xffff93e8c25a0000 ret=0 async=3 error=0
        kworker/1:1-26      [001] ....    10.000220: aio_complete_rw: (aio_complete_rw+0x4/0x1c0) iocb=0xffff93e8c25a0000 res=4096
        """

    @Test(arguments: [("0x20000", Facts.unwritten), ("0x20006", Facts.needSync)])
    func fsDirectIODefers(flags: String, reason: Facts) throws {
        let begun = begin("__blockdev_direct_IO", complete: "aio_complete_rw+0x0/0x1c0", flags: flags)
        let io = try #require(try TextTrace(begun + issue + interrupt + legacyEnd).ios.first)
        #expect(io.completed == TextTrace.at(10.00022) && io.completeContext == .kworker)
        #expect(io.workQueued == TextTrace.at(10.00011) && io.workStarted == TextTrace.at(10.0002))
        #expect(io.facts.isSuperset(of: [.legacy, .endSeen, .endDecides, reason]))
    }

    @Test func fsDirectIOWaits() throws {
        let text =
            begin("__blockdev_direct_IO", complete: "0x0") + issue + interrupt
            + lines([
                "<idle>-0       [001] d.h.    10.000103: dio_bio_end_io: (dio_bio_end_io+0x4/0x160) iocb=0xffff93e8c25a0000 ref=2 defer=0 error=0 status=0 nrpages=0",
                "fio-104     [001] ....    10.000200: dio_complete: (dio_complete+0x4/0x1d0) iocb=0xffff93e8c25a0000 ret=-529 async=0 error=-5",
            ])
        let io = try #require(try TextTrace(text).ios.first)
        #expect(io.completed == TextTrace.at(10.0002) && io.error == -5)
        #expect(io.facts.isSuperset(of: [.legacy, .waiter, .endDecides]))
    }

    /// The tracepoint has the mark of a write for asynchronous I/Os alone.
    @Test(arguments: [("WS", DirectIO.Operation.write), ("R", .read)])
    func theFirstBioTellsTheDirection(kind: String, operation: DirectIO.Operation) throws {
        let text = """
            fio-104     [001] ....    10.000000: iomap_dio_rw_begin: dev 259:0 ino 0xc size 0x1000000 offset 0x1000 length 0x1000 done_before 0x0 flags DIRECT dio_flags  aio 0
            fio-104     [001] ....    10.000005: block_bio_queue: 259,0 \(kind) 8 + 8 [fio]
            fio-104     [001] ....    10.000100: iomap_dio_complete: dev 259:0 ino 0xc size 0x1000000 offset 0x2000 flags DIRECT aio 0 error 0 ret 4096
            """
        let io = try #require(try TextTrace(text).ios.first)
        #expect(io.operation == operation && io.facts.contains(.write) == (operation == .write))
    }
}
