// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Testing

/// Who occupied the CPU: sums to the wait, nanosecond by nanosecond.
@Suite struct CPUClockTests {
    private let text = """
                     fio-211     [001] d..2.    10.000000: sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=fio next_pid=211 next_prio=120
                     fio-211     [001] .....    10.000001: iomap_dio_rw_begin: dev 259:1 ino 0xc size 0x1000000 offset 0x1000 length 0x1000 done_before 0x0 flags DIRECT|WRITE|AIO_RW dio_flags  aio 1
                     fio-211     [001] .....    10.000002: iomap_dio_rw_queued: dev 259:1 ino 0xc size 0x1000000 offset 0x2000 length 0x0
                     fio-211     [001] d.h1.    10.000100: irq_handler_entry: irq=29 name=nvme0q2
                     fio-211     [001] d.h2.    10.000110: workqueue_queue_work: work struct=00000000bf7ad895 function=iomap_dio_complete_work workqueue=dio/nvme0n1 req_cpu=8192 cpu=1
                     fio-211     [001] d.h1.    10.000115: irq_handler_exit: irq=29 ret=handled
                     fio-211     [001] ..s1.    10.000115: softirq_entry: vec=7 [action=SCHED]
                     fio-211     [001] d.h1.    10.000117: local_timer_entry: vector=236
                     fio-211     [001] d.h1.    10.000120: local_timer_exit: vector=236
                     fio-211     [001] ..s1.    10.000122: softirq_exit: vec=7 [action=SCHED]
                     fio-211     [001] d..2.    10.000150: sched_switch: prev_comm=fio prev_pid=211 prev_prio=120 prev_state=R ==> next_comm=cc next_pid=99 next_prio=120
                      cc-99      [001] d..2.    10.000160: sched_switch: prev_comm=cc prev_pid=99 prev_prio=120 prev_state=R ==> next_comm=kworker/1:1 next_pid=46 next_prio=120
             kworker/1:1-46      [001] .....    10.000161: workqueue_execute_start: work struct 000000001111abcd: function vmstat_update
             kworker/1:1-46      [001] .....    10.000181: workqueue_execute_end: work struct 000000001111abcd: function vmstat_update
             kworker/1:1-46      [001] .....    10.000184: workqueue_execute_start: work struct 00000000bf7ad895: function iomap_dio_complete_work
             kworker/1:1-46      [001] .....    10.000186: iomap_dio_complete: dev 259:1 ino 0xc size 0x1000000 offset 0x2000 flags DIRECT|WRITE|AIO_RW aio 1 error 0 ret 4096
        """

    @Test func everyNanosecondHasOneOccupant() throws {
        let trace = try TextTrace(text)
        let occupied = try #require(trace.ios.first).queueWaitOccupants
        #expect(occupied.total == 74_000)
        #expect(occupied[.hardirq] == 5000 + 3000)
        #expect(occupied[.softirq] == 7000 - 3000)
        #expect(occupied[.submitter] == 28_000)
        #expect(occupied[.otherTask] == 10_000)
        #expect(occupied[.workerSwitch] == 1000 + 3000)
        #expect(occupied[.poolWork] == 20_000)
        #expect(occupied[.idle] == 0 && occupied[.completionWork] == 0)
    }

    @Test func occupantsWorthANameAreTold() throws {
        let occupancies = try TextTrace(text).occupancies
        #expect(occupancies.map(\.name) == ["cc", "vmstat_update"])
        #expect(occupancies.map(\.occupant) == [.otherTask, .poolWork])
        #expect(occupancies.first?.from == TextTrace.at(10.00015) && occupancies.first?.until == TextTrace.at(10.00016))
    }

    @Test func withoutTaskSwitchesNothingIsKnown() throws {
        let lines = text.split(separator: "\n").filter { !$0.contains("sched_switch") }
        let io = try #require(try TextTrace(lines.joined(separator: "\n")).ios.first)
        #expect(!io.queueWaitOccupants.isKnown && io.workQueued != nil)
    }

    @Test func afterLostEventsNothingIsKnown() throws {
        let lines = text.split(separator: "\n").map {
            $0.contains("10.000150") ? "CPU:1 [LOST 7 EVENTS]\n\($0)" : String($0)
        }
        let trace = try TextTrace(lines.joined(separator: "\n"))
        let io = try #require(trace.ios.first)
        #expect(!io.queueWaitOccupants.isKnown && trace.summary.lostEvents == 7 && trace.summary.lostMarkers == 1)
    }

    @Test func theKworkerThatTookTheCPUFromTheSubmitterPreemptedIt() throws {
        let direct = text.replacing("next_comm=cc next_pid=99", with: "next_comm=kworker/1:1 next_pid=46")
        let lines = direct.split(separator: "\n").filter { !$0.contains("cc-99") }
        let io = try #require(try TextTrace(lines.joined(separator: "\n")).ios.first)
        #expect(io.facts.contains(.preemptedSubmitter))
    }
}
