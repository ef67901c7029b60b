// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Testing

/// A submitter that sleeps in its submission: for a block of the extent tree, or for a request.
@Suite struct SubmissionSleepTests {
    private let text = """
                     fio-211     [001] .....    10.000001: iomap_dio_rw_begin: dev 259:1 ino 0xc size 0x1000000 offset 0x1000 length 0x1000 done_before 0x0 flags DIRECT dio_flags  aio 0
                     fio-211     [001] .....    10.000005: block_bio_queue: 259,0 RM 80 + 8 [fio]
                     fio-211     [001] d..2.    10.000010: sched_switch: prev_comm=fio prev_pid=211 prev_prio=120 prev_state=D ==> next_comm=swapper/1 next_pid=0 next_prio=120
                  <idle>-0       [001] d..2.    10.000210: sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=fio next_pid=211 next_prio=120
                     fio-211     [001] .....    10.000220: block_bio_queue: 259,0 R 8 + 8 [fio]
                     fio-211     [001] d..2.    10.000230: sched_switch: prev_comm=fio prev_pid=211 prev_prio=120 prev_state=D ==> next_comm=swapper/1 next_pid=0 next_prio=120
                  <idle>-0       [001] d..2.    10.000330: sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=fio next_pid=211 next_prio=120
                     fio-211     [001] .....    10.000332: block_getrq: 259,0 R 8 + 8 [fio]
                     fio-211     [001] .....    10.000335: block_rq_issue: 259,0 R 4096 () 8 + 8 none,0,0 [fio]
                     fio-211     [001] .....    10.000500: iomap_dio_complete: dev 259:1 ino 0xc size 0x1000000 offset 0x2000 flags DIRECT aio 0 error 0 ret 4096
        """

    @Test func beforeItsBioItIsNeitherThrottledNorOnTheCPU() throws {
        let io = try #require(try TextTrace(text).ios.first)
        #expect(io[.fellAsleep] == TextTrace.at(10.00001) && io[.resumed] == TextTrace.at(10.00021))
        #expect(io[.returned] == TextTrace.at(10.00023) && io[.requested] == TextTrace.at(10.000332))
        #expect(io.issued == TextTrace.at(10.000335))
    }

    @Test func whoLosesTheCPUDoesNotSleep() throws {
        let preempted = text.replacing("prev_state=D", with: "prev_state=R")
        let io = try #require(try TextTrace(preempted).ios.first)
        #expect(io[.fellAsleep] == nil && io[.returned] == nil && io.issued != nil)
    }
}
