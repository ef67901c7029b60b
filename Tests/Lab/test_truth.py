"""The reader of ftrace text, on lines that guests wrote."""

import unittest

from lab.events import parse_line
from lab.restarts import drop_restarts
from lab.truth import read_losses, read_truth

# 6.12 on null_blk: one write that a kworker finished, with works of others around it.
WRITE_6_12 = """\
# tracer: function
#
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
             fio-180     [001] .....     8.767960: iomap_dio_rw_begin: dev 254:0 ino 0xc size 0x1000000 \
offset 0xf7000 length 0x1000 done_before 0x0 flags DIRECT|WRITE|0x800000 dio_flags  aio 1
          <idle>-0       [001] d.s2.     8.768178: workqueue_queue_work: work struct=0000000019ac4ac4 \
function=vmstat_update workqueue=mm_percpu_wq req_cpu=1 cpu=1
             fio-180     [001] d.h..     8.773890: iomap_dio_bio_end_io <-blk_update_request
             fio-180     [001] d.h1.     8.773895: workqueue_queue_work: work struct=000000002e1a516e \
function=iomap_dio_complete_work workqueue=dio/n0 req_cpu=8192 cpu=1
     kworker/1:1-47      [001] .....     8.774550: workqueue_execute_start: work struct 000000002e1a516e: \
function iomap_dio_complete_work
     kworker/1:1-47      [001] .....     8.774562: iomap_dio_complete_work <-process_one_work
     kworker/1:1-47      [001] .....     8.774570: iomap_dio_complete <-iomap_dio_complete_work
"""

STATS = """\
cpu0 entries: 17
cpu0 overrun: 0
cpu0 commit overrun: 0
cpu0 bytes: 700
cpu0 oldest event ts:     7.177078
cpu0 dropped events: 0
cpu1 entries: 4509
cpu1 overrun: 0
cpu1 dropped events: 0
"""


class Lines(unittest.TestCase):
    def context(self, line: str) -> str:
        event = parse_line(line)
        assert event is not None, line
        return event.context

    def test_time_and_place(self) -> None:
        event = parse_line("          <idle>-0       [001] d.h1.    10.239120: iomap_dio_complete <-__iomap_dio_bio_end_io")
        assert event is not None
        self.assertEqual((event.comm, event.pid, event.cpu, event.ns), ("<idle>", 0, 1, 10_239_120_000))

    def test_four_flags_of_5_10(self) -> None:
        self.assertEqual(self.context(
            "             fio-155     [001] dNH.    11.112191: iomap_dio_bio_end_io <-blk_update_request"), "hardirq")

    def test_interrupt_counts_more_than_the_comm(self) -> None:
        self.assertEqual(self.context(
            "     kworker/1:1-47      [001] d.H1.     6.412191: iomap_dio_complete <-iomap_dio_bio_end_io"), "hardirq")
        self.assertEqual(self.context(
            "     kworker/1:1-47      [001] ..s1.     6.412191: iomap_dio_complete <-iomap_dio_bio_end_io"), "softirq")

    def test_kworker_and_task(self) -> None:
        self.assertEqual(self.context(
            "     kworker/1:1-47      [001] .....     8.774570: iomap_dio_complete <-iomap_dio_complete_work"), "kworker")
        self.assertEqual(self.context(
            "             fio-180     [001] .....     8.774570: iomap_dio_complete <-iomap_dio_rw"), "task")

    def test_a_rescuer_is_a_kworker(self) -> None:
        self.assertEqual(self.context(
            "          dio/n0-321     [001] .....     8.774570: iomap_dio_complete <-iomap_dio_complete_work"), "kworker")

    def test_comm_with_spaces_and_dashes(self) -> None:
        event = parse_line(" my job-1 [x]-180     [001] .....     8.774570: iomap_dio_complete <-iomap_dio_rw")
        assert event is not None
        self.assertEqual((event.comm, event.pid), ("my job-1 [x]", 180))

    def test_headers_are_no_events(self) -> None:
        self.assertIsNone(parse_line("# entries-in-buffer/entries-written: 8991/8991   #P:2"))


class Recordings(unittest.TestCase):
    def test_deferred_write(self) -> None:
        truth = read_truth(WRITE_6_12, STATS)
        self.assertEqual(truth.contexts, {"kworker": 1})
        self.assertEqual(truth.end_io_contexts, {"hardirq": 1})
        self.assertEqual(truth.work_hits, 1)
        self.assertEqual(truth.ranges, {(0xF7000, 0x1000): 1})
        self.assertEqual(truth.mean_latency_ns, 6_610_000)
        self.assertEqual(truth.mean_queue_wait_ns, 655_000)
        self.assertEqual((truth.lost, truth.unread_lines), ({}, []))

    def test_begin_by_kprobe(self) -> None:
        truth = read_truth("             fio-120     [001] ....     6.206727: iomap_dio_rw_begin: "
                           "(iomap_dio_rw+0x0/0x40) offset=0xbd8000 length=0x1000\n", STATS)
        self.assertEqual(truth.ranges, {(0xBD8000, 0x1000): 1})

    def test_simple_read_of_7_3(self) -> None:
        truth = read_truth(
            "             fio-163     [001] dNh..     8.908322: iomap_dio_simple_end_io <-blk_update_request\n"
            "             fio-163     [001] dNh..     8.908365: iomap_dio_simple_complete <-iomap_dio_simple_end_io\n", "")
        self.assertEqual((truth.contexts, truth.end_io_contexts), ({"hardirq": 1}, {"hardirq": 1}))

    def test_block_device(self) -> None:
        truth = read_truth(
            "             fio-120     [001] .....     6.206727: blkdev_begin: (blkdev_write_iter+0x0/0x40) "
            "offset=0x1000 length=0x1000 flags=0x20000\n"
            "          <idle>-0       [000] d.h1.     6.207727: blkdev_bio_end_io_async <-blk_update_request\n", "")
        self.assertEqual((truth.contexts, truth.end_io_contexts), ({"hardirq": 1}, {"hardirq": 1}))
        self.assertEqual((truth.ranges, truth.mean_latency_ns), ({(0x1000, 0x1000): 1}, 1_000_000))
        self.assertEqual((truth.begin_cpus, truth.complete_cpus, truth.end_cpus), ({1: 1}, {0: 1}, {0: 1}))

    def test_latency_ends_with_iomap_dio_complete(self) -> None:
        truth = read_truth(WRITE_6_12 + "     kworker/1:1-47      [001] .....     8.774590: iomap_dio_complete: dev 254:0 "
                           "ino 0xc size 0x1000000 offset 0xf8000 flags DIRECT|WRITE aio 1 error 0 ret 4096\n", STATS)
        self.assertEqual((truth.mean_latency_ns, truth.contexts), (6_630_000, {"kworker": 1}))

    def test_second_hop(self) -> None:
        truth = read_truth("             fio-120     [001] .....     6.2: no event\n"
                           "             fio-120     [001] .....     6.206727: io_req_rw_complete <-tctx_task_work\n", "")
        self.assertEqual((truth.second_hops, len(truth.unread_lines)), (1, 1))

    def test_restart_is_no_io(self) -> None:
        begin = "iomap_dio_rw_begin: dev 254:0 ino 0xc size 0x1000000 offset 0x1000 length 0x1000 aio 1\n"
        truth = read_truth(
            f"             fio-120     [001] .....     6.000001: {begin}"
            "             fio-120     [001] .....     6.000002: iomap_dio_complete <-iomap_dio_rw\n"
            f"   iou-wrk-120-121     [000] .....     6.000003: {begin}"
            "          <idle>-0       [001] d.h1.     6.000004: iomap_dio_bio_end_io <-blk_update_request\n"
            "          <idle>-0       [001] d.h1.     6.000005: iomap_dio_complete <-iomap_dio_bio_end_io\n", "")
        self.assertEqual(truth.mean_latency_ns, 1_500)
        self.assertEqual(drop_restarts(truth), 1)
        self.assertEqual(drop_restarts(truth), 0)
        self.assertEqual((truth.contexts, truth.ranges), ({"hardirq": 1, "task": 0}, {(0x1000, 0x1000): 1}))
        self.assertEqual((truth.begin_cpus[0], truth.begin_cpus[1], truth.mean_latency_ns), (1, 0, 2_000))

    def test_who_polls_for_what_its_worker_began_is_the_submitter(self) -> None:
        def contexts(worker: str) -> dict[str, int]:
            truth = read_truth(
                f"   {worker}     [000] .....     6.000001: iomap_dio_rw_begin: dev 254:0 ino 0xc size 0x1000000 "
                "offset 0x1000 length 0x1000 aio 1\n"
                "             fio-120     [001] .....     6.000003: iomap_dio_complete <-__iomap_dio_bio_end_io\n", "")
            return dict(truth.contexts)
        self.assertEqual(contexts("iou-wrk-120-121"), {"task": 1})
        self.assertEqual(contexts("iou-wrk-130-131"), {"driver_worker": 1})

    def test_a_line_that_cannot_be_read_is_kept(self) -> None:
        self.assertEqual(read_truth("CPU:1 [LOST 12 EVENTS]\n", "").unread_lines, ["CPU:1 [LOST 12 EVENTS]"])

    def test_losses(self) -> None:
        self.assertEqual(read_losses(STATS), {})
        self.assertEqual(read_losses(STATS + "cpu1 commit overrun: 3\n"), {"cpu1 commit overrun": 3})


if __name__ == "__main__":
    unittest.main()
