// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Foundation
import KernelTraces
import Testing

@testable import Joiner

/// The texts of `captures/odd`: what each comes to was worked out by hand from its lines. In microseconds.
@Suite struct OddTextTests {
    private func odd(_ name: String) throws -> OddText { try OddText(name) }
    private func odd(_ file: OpenFile) throws -> OddText { try OddText(file) }

    private func latencies(_ ios: [DirectIO]) -> [UInt64] {
        ios.map { ($0.completed?.nanoseconds ?? 0) - $0.submitted.nanoseconds }.map { $0 / 1000 }
    }

    private func queueWaits(_ ios: [DirectIO]) -> [UInt64] {
        ios.map { (($0.workStarted?.nanoseconds ?? 0) - ($0.workQueued?.nanoseconds ?? 0)) / 1000 }
    }

    private func losses(_ odd: OddText) -> [String] { odd.losses }

    @Test func whatASynchronousIODoesIsToldByItsIterationOrNotAtAll() throws {
        let odd = try odd("sync-untold")
        #expect(odd.all.map(\.operation) == [.unknown, .write, .write, .read])
        #expect(latencies(odd.all) == [45, 50, 55, 60])
    }

    @Test func theTimeSinceTheEventBeforeIsNoPartOfTheEvent() throws {
        let odd = try odd("time-differences")
        #expect(latencies(odd.all) == [90] && losses(odd).isEmpty)
    }

    @Test func theInterruptStandsInAnyOfTheFlagColumns() throws {
        let odd = try odd("columns-rt")
        #expect(odd.all.map(\.completeContext) == [.hardirq, .softirq, .hardirq])
        #expect(latencies(odd.all) == [90, 100, 110])
    }

    @Test(arguments: [
        "quoted", "boot-log-dump", "byte-order-mark", "wrapped", "quoted-printable", "web-page", "noformat", "colours",
        "two-bytes", "folded", "numbered", "lines-doubled", "cpu-and-all",
    ])
    func whatOthersPutAroundTheLinesIsTakenOff(name: String) throws {
        let odd = try odd(name)
        #expect(latencies(odd.all) == [136] && queueWaits(odd.all) == [31])
        #expect(odd.threads == ["aio"] && odd.all.first?.completeContext == .kworker)
        #expect(losses(odd).isEmpty)
    }

    @Test func theLogOfABootTellsTheKernel() throws {
        #expect(try odd("boot-log-dump").description.kernel == "6.12.9-test")
    }

    @Test(arguments: ["stacks-ftrace", "stacks-perf", "function-graph"])
    func linesThatAreNotNeededAreNoLoss(name: String) throws {
        let odd = try odd(name)
        #expect(latencies(odd.all) == [100] && losses(odd).isEmpty)
        #expect(odd.summary.unparsed == 0 && odd.summary.otherLines == 0)
    }

    @Test func whatPerfLostIsCounted() throws {
        let odd = try odd("lost-events-perf")
        #expect(odd.summary.lostEvents == 40 && odd.summary.lostMarkers == 2 && latencies(odd.all) == [100])
    }

    @Test func whatTheTracerWroteOverIsCounted() throws {
        let odd = try odd("overwritten")
        #expect(odd.summary.lostEvents == 1200 && latencies(odd.all) == [100])
    }

    @Test func rawFieldsAreRead() throws {
        let odd = try odd("raw-fields")
        let io = try #require(odd.all.first)
        #expect(
            latencies(odd.all) == [136] && io.operation == .write && io.device == DeviceNumber(major: 259, minor: 3))
        #expect(io.issued == TextTrace.at(61.000106) && losses(odd).isEmpty)
        // An interrupt may have come to the kworker: neither columns nor events of interrupts say so.
        #expect(io.completeContext == nil)
    }

    @Test func twoMachinesAreApart() throws {
        let odd = try odd("two-machines")
        #expect(odd.description.machines == ["metal.dat", "virtual.dat"] && losses(odd) == ["machines"])
        #expect(odd.ios.map(latencies) == [[106], [160]] && odd.ios.map(queueWaits) == [[31], [40]])
        #expect(odd.all.map(\.machine) == [0, 1])
    }

    @Test func worksWithoutAddressesArePairedByTheirOrder() throws {
        let odd = try odd("hidden-pointers")
        #expect(queueWaits(odd.all) == [30, 40] && odd.counts.pairedByOrder == 2 && losses(odd).isEmpty)
    }

    @Test func anAttemptTakesNoOthersCompletion() throws {
        let odd = try odd("attempts")
        #expect(latencies(odd.all) == [100, 120, 140] && odd.counts.fruitless == 2 && odd.counts.inFlight == 0)
    }

    @Test func partsOfARequestAreIOsOfTheirOwn() throws {
        let odd = try odd("in-parts")
        #expect(latencies(odd.all) == [150, 100, 50] && odd.all.map(\.error) == [0, 0, -5])
        #expect(odd.counts.withoutBegin == 0)
    }

    @Test func theFunctionTracersArgumentsAndOffsetsAreNoPartOfTheName() throws {
        let odd = try odd("function-arguments")
        #expect(odd.all.map(\.ended) == [TextTrace.at(61.00019), TextTrace.at(62.00018)])
        #expect(odd.all.map(\.completeContext) == [.kworker, .hardirq] && queueWaits(odd.all)[0] == 31)
    }

    @Test func beginsThatNothingFollowsAreCounted() throws {
        let alone = try odd("begins-alone")
        #expect(alone.all.isEmpty && alone.counts.begins == 1 && alone.counts.namelessBegins == 0)
        let nameless = try odd("begin-of-function-tracer")
        #expect(nameless.all.isEmpty && nameless.counts.begins == 0 && nameless.counts.namelessBegins == 2)
        #expect(nameless.summary.counts.map(\.name) == ["function"] && nameless.summary.counts.map(\.count) == [2])
    }

    @Test func withoutBeginsThereAreTheCompletions() throws {
        let odd = try odd("completions-alone")
        #expect(odd.counts.namelessBegins == 1 && odd.counts.partial == 3 && odd.counts.withoutBegin == 0)
        #expect(
            odd.all.map(\.isPartial) == [true, true, true]
                && odd.all.map(\.operation) == [.unknown, .unknown, .unknown])
        #expect(queueWaits(Array(odd.all.prefix(2))) == [31, 41])
        #expect(odd.all.map(\.ended) == [TextTrace.at(61.000194), TextTrace.at(61.000204), TextTrace.at(61.0003)])
        #expect(odd.all.map(\.endContext) == [.hardirq, .hardirq, .softirq] && odd.all[1].irqBatchPosition == 2)
        #expect(
            odd.all.map(\.completeContext) == [.kworker, .kworker, nil]
                && odd.all[0].interrupted == TextTrace.at(61.00019))
    }

    private func microseconds(_ ios: [DirectIO], _ first: LifePoint, _ last: LifePoint) -> [UInt64?] {
        OddText.microseconds(ios, first, last)
    }

    @Test func blockEventsAloneTellOfRequests() throws {
        let odd = try odd("block-requests")
        #expect(odd.counts.requests == 2 && odd.counts.partial == 0)
        let ios = odd.all.sorted { $0.device.major > $1.device.major }
        #expect(ios.allSatisfy { $0.isRequest && $0.completed == nil })
        #expect(microseconds(ios, .requested, .issued) == [3, nil])
        #expect(microseconds(ios, .issued, .interrupted) == [70, 100])
        #expect(microseconds(ios, .interrupted, .ended) == [3, 4])
        #expect(ios.map(\.operation) == [.read, .write])
        #expect(ios.map(\.endContext) == [.hardirq, .softirq])
        #expect(ios.map(\.irq) == [40, nil])
        #expect(losses(odd).isEmpty)
    }

    @Test func theTracesOfTwoCPUsMayComeOneAfterTheOther() throws {
        let odd = try odd("cpus-apart")
        #expect(latencies(odd.all) == [154, 154] && odd.summary.backwardTimes == 0)
        #expect(microseconds(odd.all, .submitted, .issued) == [4, nil])
        #expect(microseconds(odd.all, .workQueued, .workStarted) == [47, nil])
        #expect(odd.all.map(\.endContext) == [.hardirq, nil])
    }

    @Test func anInstanceIsNoMachineOfItsOwn() throws {
        let odd = try odd("two-buffers")
        #expect(odd.ios.count == 1 && latencies(odd.all) == [140] && queueWaits(odd.all) == [30])
        #expect(odd.description.cpuCount == 2 && losses(odd).isEmpty)
    }

    @Test func aClockOfEventsGivesAnOrderAndNoTimes() throws {
        let odd = try odd(OpenFile(holding: Array(Self.clockOfEvents.utf8)))
        #expect(!odd.description.hasTimes && odd.summary.times == .counts)
        #expect(odd.all.map(\.completeContext) == [.hardirq, .kworker])
        #expect(odd.all.map(\.endCPU) == [1, 0] && odd.all.map(\.operation) == [.read, .write])
        #expect(losses(odd) == ["clock-counts-no-time"])
    }

    @Test func whatAMailQuotesTwiceHappenedOnce() throws {
        let odd = try odd(OpenFile(holding: Array(Self.quotedTwice.utf8)))
        #expect(latencies(odd.all) == [110] && queueWaits(odd.all) == [20] && odd.counts.begins == 1)
        #expect(odd.summary.repeatedEvents == 4)
    }

    @Test func whatIsShownAndQuotedHappenedOnce() throws {
        // 700 ms apart: the clock goes back by more than what is put in order. The last line has no end.
        let odd = try odd("shown-twice")
        #expect(latencies(odd.all) == [136, 136] && queueWaits(odd.all) == [31, 31])
        #expect(odd.summary.repeatedEvents == 10 && odd.counts.begins == 2 && losses(odd).isEmpty)
    }

    @Test func aLostCompletionIsThatOfOneIO() throws {
        let odd = try odd("lost-completion")
        #expect(latencies(odd.all) == [100, 100] && losses(odd) == ["completion-missed"])
        #expect(odd.all.allSatisfy { $0.completeContext == .hardirq && $0.irq == 33 })
    }

    @Test func anIOThatTookForeverIsNoTrap() throws {
        func begin(_ time: String, _ offset: String) -> String {
            "             fio-640     [002] .....   \(time): iomap_dio_rw_begin: dev 259:3 ino 0x41 size 0x800000 offset"
                + " \(offset) length 0x1000 done_before 0x0 flags DIRECT|AIO_RW dio_flags  aio 1\n"
        }
        let trace = try TextTrace(
            begin("1.000000", "0x0") + begin("2.000000", "0x1000")
                + "          <idle>-0       [002] d.h1.   18000000000.000000: iomap_dio_complete: dev 259:3 ino 0x41 size"
                + " 0x800000 offset 0x1000 flags DIRECT|AIO_RW aio 1 error 0 ret 4096\n")
        #expect(trace.ios.count == 1 && trace.counts.inFlight == 1)
    }

    @Test func aThreadHasOneSynchronousIOAtATime() throws {
        let odd = try odd("synchronous-lost")
        #expect(latencies(odd.all) == [60] && losses(odd) == ["completion-missed"])
    }

    @Test func aReadIsNoWriteAtItsPlace() throws {
        let odd = try odd("two-directions")
        let ended = Dictionary(uniqueKeysWithValues: odd.all.map { ($0.operation, $0.ended) })
        #expect(ended == [.read: TextTrace.at(500.000202), .write: TextTrace.at(500.000302)])
    }

    @Test func whatIsAtOnePlaceIsToldApartByItsLength() throws {
        let odd = try odd("two-lengths")
        #expect(odd.all.map(\.length) == [4096, 16384] && latencies(odd.all) == [90, 200])
        #expect(odd.all.map(\.endCPU) == [2, 1])
    }

    @Test func theDeviceBeginsWithTheFirstRequest() throws {
        let two = try #require(odd("two-requests").all.first)
        #expect(two.issued == TextTrace.at(500.000106) && two.further.lastIssued == 500_000_250_000)
        #expect(two.further.requests == 2 && two.further.requeues == 0)
        let anew = try #require(odd("requeued").all.first)
        #expect(anew.issued == TextTrace.at(500.000110) && anew.further.lastIssued == 500_000_400_000)
        #expect(anew.further.requests == 1 && anew.further.requeues == 1)
    }

    @Test(arguments: [
        ("polled", CompletionContext.poll), ("polled-for-another", .poll), ("interrupt-thread", .irqThread),
        ("works-of-drivers", .driverWorker),
        ("kworker-submits", .syncWait), ("interrupts-untold", .unknown),
    ])
    func whoCompletesItIsKnownOrNot(name: String, context: CompletionContext) throws {
        let odd = try odd(name)
        #expect(!odd.all.isEmpty && odd.all.allSatisfy { CompletionContext(of: $0) == context })
        #expect(losses(odd).isEmpty)
    }

    @Test func whatMayBeThereTwiceIsCounted() throws {
        let trace = try TextTrace(
            """
                      <idle>-0       [002] d.h1.   500.000100: iomap_dio_bio_end_io: (iomap_dio_bio_end_io+0x0/0x100)
                 kworker/2:1-33      [002] .....   500.000130: workqueue_execute_start: work struct 00000000aaaa0000: \
            function iomap_dio_complete_work

            """)
        #expect(trace.ios.count == 2 && trace.counts.onlyEarlier == 1 && trace.counts.onlyLater == 1)
        #expect(trace.counts.loss(queueingSeen: false, startsSeen: true).contains { $0.what == "counted-twice" })
    }

    @Test func completionsThatAreOnlyQueuedAreThere() throws {
        let odd = try odd("queued-alone")
        #expect(OddText.microseconds(odd.all, .ended, .workQueued) == [5, 5, 5])
        #expect(odd.all.allSatisfy { $0.endContext == .hardirq && $0.workStarted == nil })
    }

    @Test func aBioThatGoesOnIsNoRequestOfItsOwn() throws {
        let odd = try odd("blkparse-bios")
        #expect(odd.all.map { $0.device.description } == ["8:0", "253:1"] && odd.counts.withoutBegin == 0)
        #expect(odd.summary.lostEvents == 3)
    }

    @Test func marksOfLossAreReadBehindNamesOfFiles() throws {
        let odd = try odd("found-by-grep")
        #expect(odd.summary.lostEvents == 1200 + 37 && queueWaits(odd.all) == [31])
    }

    @Test func anEventThatALineSwallowedIsALoss() throws {
        let odd = try odd("lines-joined")
        #expect(latencies(odd.all) == [100] && odd.counts.begins == 2)
        #expect(odd.summary.unparsed == 1)
    }

    @Test func datesAreNoNamesOfThreads() throws {
        let odd = try odd("dates-and-times")
        #expect(odd.threads == ["aio"] && latencies(odd.all) == [136] && queueWaits(odd.all) == [31])
    }

    @Test func theTracesOfTwoBootsAreNotMixed() throws {
        // The second begin of the first boot is at the same place as the only one of the second.
        let odd = try odd("boots-apart")
        #expect(latencies(odd.all) == [150, 350] && odd.counts.inFlight == 1)
        #expect(losses(odd).contains("trace-backward-times"))
    }

    @Test func blkparseTellsOfRequests() throws {
        let odd = try odd("blkparse")
        let ios = odd.all.sorted { $0.device.major > $1.device.major }
        #expect(microseconds(ios, .returned, .requested) == [2, 2])
        #expect(microseconds(ios, .requested, .issued) == [2, 7])
        #expect(microseconds(ios, .issued, .ended) == [86, 200])
        #expect(ios.map(\.operation) == [.write, .read])
        #expect(ios.map(\.endContext) == [nil, nil])
        #expect(ios.map(\.endCPU) == [3, 1])
        #expect(losses(odd).isEmpty)
    }

    /// Without flags and without the exits of interrupts: the events of other threads show that these are over.
    @Test func anInterruptIsOverWhenAnotherThreadRuns() throws {
        let odd = try odd("interrupts-without-exit")
        #expect(odd.all.map(\.completeContext) == [.kworker, .task])
        #expect(odd.all.map(\.endContext) == [.hardirq, nil])
        #expect(latencies(odd.all) == [205, 100] && queueWaits(odd.all).first == 100)
        #expect(odd.counts.unpairedInterrupts == 2 && losses(odd).contains("interrupts-unpaired"))
    }

    @Test func twoIOsAtOnePlaceCompleteInTheirOrder() throws {
        let odd = try odd("one-place")
        #expect(latencies(odd.all) == [105, 195])
        #expect(odd.all.map(\.submitterThread) == [211, 212] && odd.all.map(\.endCPU) == [1, 2])
        #expect(odd.counts.overlapping == 1)
    }

    /// Of the request before the loss nobody knows when it was done.
    @Test func twoRequestsAtOnePlaceCompleteInTheirOrder() throws {
        let odd = try odd("one-place-requests")
        let ios = odd.all.sorted { $0.times[.issued] < $1.times[.issued] }
        #expect(microseconds(ios, .issued, .ended) == [100, 200, 100])
        #expect(ios.map(\.error) == [0, -5, 0])
        #expect(odd.counts.overlapping == 1 && odd.counts.inFlight == 1 && odd.counts.withoutBegin == 1)
    }

    /// The second thread slept before its bio; the third one's first bio is metadata.
    @Test func aRequestKnowsWhenIOUringTookItUp() throws {
        let odd = try odd("uring-requests")
        let ios = odd.all.sorted { $0.offset < $1.offset }
        #expect(ios.map { $0[.takenUp] != nil } == [true, false, true])
        #expect(microseconds([ios[0], ios[2]], .takenUp, .returned) == [130, 7])
        #expect(microseconds(ios, .issued, .ended) == [42, 70, 74])
        #expect(ios.map(\.issuer) == [.ioUring, .unknown, .ioUring])
        #expect(ios.map(\.submitterThread) == [640, 0, 640] && odd.threads == ["bench"])
        #expect(odd.counts.requests == 3)
    }

    @Test func aCompletionWithoutABeginKnowsItsRequest() throws {
        let odd = try odd("completions-of-requests")
        #expect(odd.counts.partial == 1 && odd.counts.requests == 0)
        #expect(microseconds(odd.all, .requested, .issued) == [3])
        #expect(microseconds(odd.all, .issued, .interrupted) == [70])
        #expect(queueWaits(odd.all) == [29])
        #expect(odd.all.map(\.operation) == [.write])
    }

    /// By the clock `counter`, which counts events.
    private static let clockOfEvents = """
        # tracer: nop
        #
        #           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
                     aio-640     [000] ..... 901: iomap_dio_rw_begin: dev 259:0 ino 0x85 size 0x40000000 off\
        set 0x0 length 0x1000 done_before 0x0 flags DIRECT|WRITE|AIO_RW dio_flags  aio 1
                     aio-640     [000] ..... 902: block_rq_issue: 259,0 WS 4096 () 800 + 8 [aio]
                     aio-640     [000] ..... 903: iomap_dio_rw_begin: dev 259:0 ino 0x85 size 0x40000000 off\
        set 0x4000 length 0x1000 done_before 0x0 flags DIRECT|AIO_RW dio_flags  aio 1
                     aio-640     [000] ..... 904: block_rq_issue: 259,0 R 4096 () 900 + 8 [aio]
                  <idle>-0       [001] d.h1. 905: block_rq_complete: 259,0 R () 900 + 8 [0]
                  <idle>-0       [001] d.h1. 906: iomap_dio_complete: dev 259:0 ino 0x85 size 0x40000000 off\
        set 0x5000 flags DIRECT|AIO_RW aio 1 error 0 ret 4096
                  <idle>-0       [000] d.h1. 907: block_rq_complete: 259,0 WS () 800 + 8 [0]
                  <idle>-0       [000] d.h1. 908: workqueue_queue_work: work struct=000000001cccdc2d functio\
        n=iomap_dio_complete_work workqueue=dio/nvme0n1 req_cpu=8192 cpu=0
             kworker/0:1-22      [000] ..... 909: workqueue_execute_start: work struct 000000001cccdc2d: fun\
        ction iomap_dio_complete_work
             kworker/0:1-22      [000] ..... 910: iomap_dio_complete: dev 259:0 ino 0x85 size 0x40000000 off\
        set 0x1000 flags DIRECT|WRITE|AIO_RW aio 1 error 0 ret 4096

        """

    /// A mail that quotes the same lines as the one it answers.
    private static let quotedTwice = """
        > the slow one is this:
        >              aio-640     [000] .....    12.000100: iomap_dio_rw_begin: dev 259:0 ino 0x85 size 0x4\
        0000000 offset 0x0 length 0x1000 done_before 0x0 flags DIRECT|WRITE|AIO_RW dio_flags  aio 1
        >           <idle>-0       [000] d.h1.    12.000180: workqueue_queue_work: work struct=000000001cccd\
        c2d function=iomap_dio_complete_work workqueue=dio/nvme0n1 req_cpu=8192 cpu=0
        >      kworker/0:1-22      [000] .....    12.000200: workqueue_execute_start: work struct 000000001c\
        ccdc2d: function iomap_dio_complete_work
        >      kworker/0:1-22      [000] .....    12.000210: iomap_dio_complete: dev 259:0 ino 0x85 size 0x4\
        0000000 offset 0x1000 flags DIRECT|WRITE|AIO_RW aio 1 error 0 ret 4096

        That one waits for the kworker:

                     aio-640     [000] .....    12.000100: iomap_dio_rw_begin: dev 259:0 ino 0x85 size 0x400\
        00000 offset 0x0 length 0x1000 done_before 0x0 flags DIRECT|WRITE|AIO_RW dio_flags  aio 1
                  <idle>-0       [000] d.h1.    12.000180: workqueue_queue_work: work struct=000000001cccdc2\
        d function=iomap_dio_complete_work workqueue=dio/nvme0n1 req_cpu=8192 cpu=0
             kworker/0:1-22      [000] .....    12.000200: workqueue_execute_start: work struct 000000001ccc\
        dc2d: function iomap_dio_complete_work
             kworker/0:1-22      [000] .....    12.000210: iomap_dio_complete: dev 259:0 ino 0x85 size 0x400\
        00000 offset 0x1000 flags DIRECT|WRITE|AIO_RW aio 1 error 0 ret 4096

        """
}
