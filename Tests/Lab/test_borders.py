"""The checks of borders, on a few lines of ftrace and on what breaks them."""

import unittest
from dataclasses import replace
from typing import Any

from lab.blocks import Blocks, Request
from lab.borders import alike, check_borders, middle_mean
from lab.evidence import Evidence
from lab.expected import check_threads
from lab.followed import check_followed
from lab.scenarios import Scenario
from lab.stacktable import cell
from lab.truth import Truth, read_truth

TRACE = """\
 fio-7 [001] ..... 1.000000: iomap_dio_rw_begin: dev 259:0 ino 0xc size 0x1000 offset 0x0 length 0x1000 done_before 0x0
kworker/1:0-8 [001] ..... 1.000010: block_getrq: 259,0 WS 8 + 8 [fio]
 fio-7 [001] ..... 1.000020: block_rq_issue: 259,0 WS 4096 () 8 + 8 none,0,0 [fio]
 fio-7 [001] ..... 1.000021: block_rq_issue: 259,0 WSM 4096 () 80 + 8 none,0,0 [fio]
 fio-7 [001] d.h1. 1.000100: irq_handler_entry: irq=27 name=nvme0q1
 fio-7 [001] d.h1. 1.000120: block_rq_complete: 259,0 WS () 8 + 8 none,0,0 [0]
 fio-7 [001] d.h1. 1.000130: workqueue_queue_work: work struct=0000000f function=kcryptd_crypt workqueue=k req_cpu=64 cpu=1
 kworker/1:1-9 [001] ..... 1.000330: workqueue_execute_start: work struct 0000000f: function kcryptd_crypt
 kworker/1:1-9 [001] ..... 1.000340: iomap_dio_complete <-iomap_dio_bio_end_io
 md0_raid5-11 [001] ..... 1.000350: iomap_dio_complete <-iomap_dio_bio_end_io
"""
ROW = Scenario("raw", "nvme", "none", "none", ("--rw=randwrite",), {}, ios=1, borders=("requested", "issued", "interrupted"),
               works={"delivery_wait": "kcryptd_crypt"}, bottom=True, largest="delivery_wait")


def truth() -> Truth:
    return read_truth(TRACE, "")


def story(**io: Any) -> Evidence:
    told = {"submitted_ns": 1_000_000_000, "requested_ns": 1_000_010_500, "issued_ns": 1_000_021_000,
            "interrupted_ns": 1_000_101_000, "dev": "259:0", "offset": 4096, "length": 4096, "submitter": 7,
            "latency_ns": 350_000, "submit_cpu": 1, "end_cpu": 1,
            "stages": [{"name": "delivery_wait", "ns": 201_000}],
            "layers": [{"device": "259:0", "phase": "device", "ns": 99_000}]} | io
    return Evidence(truth=truth(), ios=[told], report={"stages": [{"name": "delivery_wait", "total_ns": 201_000}]})


class Borders(unittest.TestCase):
    def failures(self, row: Scenario = ROW, **io: Any) -> str:
        return "\n".join(check_borders(row, story(**io)))

    def test_what_agrees_passes(self) -> None:
        self.assertEqual(self.failures(), "")

    def test_each_border_that_is_elsewhere_is_told(self) -> None:
        for point in ROW.borders:
            self.assertIn(f"submitted to {point}", self.failures(**{f"{point}_ns": 1_000_110_000 + len(point) * 10_000}))

    def test_a_point_that_is_missing_is_told(self) -> None:
        self.assertIn("without requested_ns that ftrace has: 1", self.failures(requested_ns=None))

    def test_a_point_whose_probe_was_missed_is_counted_as_lost(self) -> None:
        evidence = story(requested_ns=None)
        evidence.report = (evidence.report or {}) | {"loss": [{"what": "probe-missed", "count": 1}]}
        self.assertNotIn("without requested_ns", "\n".join(check_borders(ROW, evidence)))

    def test_what_the_submitter_requests_by_itself_is_no_point(self) -> None:
        evidence = story(requested_ns=None)
        evidence.truth = read_truth(TRACE.replace("kworker/1:0-8 [001] ..... 1.000010", "fio-7 [001] ..... 1.000010"), "")
        self.assertEqual("\n".join(check_borders(replace(ROW, borders=("issued",)), evidence)), "")

    def test_what_a_limit_holds_back_is_no_work_of_the_layer(self) -> None:
        row = replace(ROW, borders=(), works={}, bottom=False, largest=None, throttled_below=True)
        given = " fio-7 [001] ..... 1.000005: block_bio_remap: 259,0 WS 8 + 8 <- (253,0) 8\n"

        def failures(taken_by: str, *layers: tuple[str, int]) -> str:
            evidence = story(layers=[{"device": "259:0", "phase": phase, "ns": ns} for phase, ns in layers])
            taken = f" {taken_by} [001] ..... 1.000905: block_bio_queue: 259,0 WS 8 + 8 [fio]\n"
            evidence.truth = read_truth(TRACE + given + taken, "")
            return "\n".join(check_borders(row, evidence))

        dispatcher = "kworker/1:0-8"
        self.assertEqual(failures(dispatcher, ("work", 5_000), ("throttled", 899_000)), "")
        self.assertIn("throttled at 259:0", failures(dispatcher, ("throttled", 700_000)))
        self.assertIn("none of 1 I/Os was throttled", failures(dispatcher, ("work", 899_000)))
        self.assertIn("take 400000 ns", failures(dispatcher, ("work", 400_000), ("throttled", 899_000)))
        # Who gives it to the disk himself is held back by nobody.
        self.assertIn("number: 1, but ftrace 0", failures("fio-7", ("throttled", 899_000)))

    def test_requests_are_counted(self) -> None:
        self.assertIn("requests of 1 of 1 I/Os; the first: 2, but ftrace 1", self.failures(requests=2))

    def test_a_request_that_it_was_merged_into_is_its_own(self) -> None:
        evidence = story()
        evidence.truth = read_truth(TRACE.replace("() 8 + 8", "() 0 + 16"), "")
        self.assertEqual("\n".join(check_borders(replace(ROW, borders=("issued",), bottom=False), evidence)), "")
        evidence.truth = read_truth(TRACE.replace("() 8 + 8", "() 0 + 8"), "")
        self.assertIn("requests of 1 of 1 I/Os; the first: 1, but ftrace 0", "\n".join(check_borders(ROW, evidence)))

    def test_a_device_time_and_a_wait_that_are_wrong_are_told(self) -> None:
        self.assertIn("time in 259:0", self.failures(layers=[{"device": "259:0", "phase": "device", "ns": 190_000}]))
        self.assertIn("delivery_wait of kcryptd_crypt", self.failures(stages=[{"name": "delivery_wait", "ns": 230_000}]))
        self.assertIn("no device below", self.failures(layers=[]))

    def test_a_file_systems_own_bios_have_works_too(self) -> None:
        bio = " fio-7 [001] ..... 1.000005: block_bio_queue: 259,0 WS 8 + 8 [fio]\n"
        for bios, told in ((1, "delivery_wait of kcryptd_crypt, number: 0, but ftrace 1"), (2, "")):
            evidence = story(stages=[])
            evidence.truth = read_truth(bio * bios + TRACE, "")
            failures = [line for line in check_borders(replace(ROW, borders=(), bottom=False, largest=None), evidence)]
            self.assertIn(told, "\n".join(failures))
            self.assertEqual(bool(told), "number" in "\n".join(failures))

    def test_another_largest_stage_is_told(self) -> None:
        self.assertIn("largest stage", self.failures(replace(ROW, largest="throttle")))


DELIVERED = """\
 <idle>-0 [001] dNh3. 1.000100: irq_handler_entry: irq=27 name=nvme0q1
 <idle>-0 [001] dNh3. 1.000110: sched_waking: comm=irq/27-nvme0q1 pid=30 prio=49 target_cpu=001
 <idle>-0 [001] d..2. 1.000120: sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=hog next_pid=40 next_prio=39
 hog-40 [001] d..2. 1.000420: sched_switch: prev_comm=hog prev_pid=40 prev_prio=39 prev_state=S ==> next_comm=irq/27-nvme0q1 next_pid=30 next_prio=49
 irq/27-nvme0q1-30 [001] ..... 1.000430: irq_forced_thread_fn <-irq_thread
 irq/27-nvme0q1-30 [001] ..... 1.000440: block_rq_complete: 259,0 R () 8 + 8 none,0,0 [0]
 irq/27-nvme0q1-30 [001] ..... 1.000450: blkdev_bio_end_io <-bio_endio
"""
HOG = replace(ROW, borders=("raised", "interrupted", "ended"), works={}, bottom=False, split=("delivery_wait",),
              largest_causes={"delivery_wait": ("other_task", "hog")})
HOGGED = {"raised_ns": 1_000_100_500, "interrupted_ns": 1_000_431_000, "ended_ns": 1_000_451_000, "latency_ns": 460_000,
          "stages": [{"name": "device", "ns": 100_500}, {"name": "delivery_wait", "ns": 330_500}],
          "delivery_wait_causes": [{"cause": "other_task", "ns": 311_000}, {"cause": "hardirq", "ns": 19_500}]}
ISSUED = " fio-7 [001] ..... 1.000020: block_rq_issue: 259,0 R 4096 () 8 + 8 none,0,0 [fio]\n"


class Delivery(unittest.TestCase):
    def failures(self, **io: Any) -> str:
        evidence = story(**(HOGGED | io))
        evidence.truth = read_truth(ISSUED + DELIVERED, "")
        causes = [{"cause": "other_task", "total_ns": 301_000, "names": [{"name": "hog"}]}]
        evidence.report = {"stages": [{"name": "delivery_wait", "total_ns": 330_500}], "delivery_wait": {"causes": causes}}
        return "\n".join(check_borders(HOG, evidence))

    def test_a_thread_that_waited_for_a_hog_passes(self) -> None:
        self.assertEqual(self.failures(), "")

    def test_borders_that_are_elsewhere_are_told(self) -> None:
        for point in HOG.borders:
            self.assertIn(f"submitted to {point}", self.failures(**{f"{point}_ns": 1_000_480_000}))

    def test_causes_that_are_others_are_told(self) -> None:
        causes = [{"cause": "other_task", "ns": 30_500}, {"cause": "idle", "ns": 300_000}]
        self.assertIn("delivery_wait, other_task", self.failures(delivery_wait_causes=causes))


class Skipped(unittest.TestCase):
    def told(self, skipped: int) -> str:
        evidence = story()
        evidence.report = {"loss": [{"what": "probe-missed", "count": skipped, "severity": "info"}]}
        return "\n".join([*alike("waits", [100] * 3, [100] * 5, evidence), *alike("more", [100], [], evidence)])

    def test_what_is_missing_must_have_been_counted(self) -> None:
        self.assertEqual(self.told(2), "more, number: 1, but ftrace 0")
        self.assertIn("waits, number: 3, but ftrace 5", self.told(1))


class Followed(unittest.TestCase):
    ROW = replace(ROW, composed=frozenset(["raid5"]))

    def told(self, gaps: int = 1, kinds: tuple[str, ...] = ("not-followed",), phase: str = "not_followed",
             missed: int = 0) -> str:
        report = {"loss": [{"what": "probe-missed", "count": missed}],
                  "quality": {"not_followed": [{"device": "9:1", "name": "md1", "layer": "raid5", "ios": 2}] * gaps},
                  "verdict": {"sentences": [{"kind": kind} for kind in kinds], "refused": []}}
        io = {"layers": [{"device": "9:1", "phase": phase, "ns": 5}, {"device": "9:1", "phase": "back", "ns": 5}]}
        return "\n".join(check_followed(self.ROW, report, [io, io]))

    def test_what_is_said_of_a_layer_passes(self) -> None:
        self.assertEqual(self.told(), "")

    def test_what_is_not_said_of_it_is_told(self) -> None:
        self.assertIn("raid5 is followed", self.told(gaps=0))
        self.assertIn("does not say so", self.told(kinds=("inline-completions",)))
        self.assertIn("I/Os with one span in md1: 0", self.told(phase="back", missed=1))

    def test_what_a_missed_probe_had_to_tell_is_missing(self) -> None:
        self.assertEqual(self.told(phase="back", missed=2), "")


class Parted(unittest.TestCase):
    def failures(self, left: int) -> str:
        """Of 20 I/Os, in `left` of them the submitter lost the CPU after ftrace saw it issue, and dioscope saw that later."""
        lines = [f" fio-7 [001] ..... 1.{number:03}020: block_rq_issue: 259,0 R 4096 () {8 * number} + 8 none,0,0 [fio]\n"
                 + (f" fio-7 [001] d..2. 1.{number:03}030: sched_switch: prev_comm=fio prev_pid=7 prev_prio=120 prev_state=R "
                    "==> next_comm=hog next_pid=40 next_prio=39\n" if number < left else "") for number in range(20)]
        ios = [{"submitted_ns": 10**9 + number * 10**6, "issued_ns": 10**9 + number * 10**6 + (420 if number < left else 21) * 1000,
                "latency_ns": 500_000, "dev": "259:0", "offset": 4096 * number, "length": 4096, "submitter": 7}
               for number in range(20)]
        evidence = Evidence(truth=read_truth("".join(lines), ""), ios=ios, report={})
        return "\n".join(check_borders(replace(ROW, borders=("issued",), works={}, bottom=False, largest=None), evidence))

    def test_a_few_that_a_task_switch_parted_are_left_out(self) -> None:
        self.assertEqual(self.failures(2), "")

    def test_many_are_told(self) -> None:
        self.assertIn("parted by a task switch in 8 of 20", self.failures(8))


ACTIVATED = """\
 <idle>-0 [001] d.h1. 1.000100: workqueue_queue_work: work struct=0000000f function=iomap_dio_complete_work workqueue=dio req_cpu=64 cpu=1
 <idle>-0 [001] d.h1. 1.000101: workqueue_activate_work: work struct 0000000f
 <idle>-0 [001] d.h1. 1.000110: workqueue_queue_work: work struct=0000000e function=iomap_dio_complete_work workqueue=dio req_cpu=64 cpu=1
 <idle>-0 [001] d..2. 1.000210: sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=kworker/1:1 next_pid=9 next_prio=120
 kworker/1:1-9 [001] ..... 1.000310: workqueue_activate_work: work struct 0000000e
 kworker/1:1-9 [001] ..... 1.000330: workqueue_execute_start: work struct 0000000e: function iomap_dio_complete_work
"""


class Limit(unittest.TestCase):
    def failures(self, ns: int, trace: str = ACTIVATED) -> str:
        story_of = Evidence(truth=read_truth(trace, ""), report={},
                            ios=[{"queue_wait_causes": [{"cause": "workqueue_limit", "ns": ns}]}])
        return "\n".join(check_borders(Scenario("raw", "nvme", "none", "none", (), {}, at_limit=True), story_of))

    def test_all_until_it_is_activated_is_the_limits(self) -> None:
        self.assertEqual(self.failures(201_000), "")
        self.assertIn("workqueue_limit of each queue_wait", self.failures(101_000))

    def test_a_load_that_reaches_no_limit_is_told(self) -> None:
        self.assertIn("nothing to compare", self.failures(0, ACTIVATED.replace("1.000310: workqueue_act", "1.000310: x_act")))


# Metadata, without the mark of it.
SLEPT = """\
 fio-7 [001] ..... 1.000000: iomap_dio_rw_begin: dev 259:0 ino 0xc size 0x1000 offset 0x0 length 0x1000 done_before 0x0
 fio-7 [001] ..... 1.000005: block_bio_queue: 259,0 R 80 + 8 [fio]
 fio-7 [001] d..2. 1.000010: sched_switch: prev_comm=fio prev_pid=7 prev_prio=120 prev_state=D ==> next_comm=swapper/1 next_pid=0 next_prio=120
 <idle>-0 [001] d..2. 1.000210: sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=fio next_pid=7 next_prio=120
 fio-7 [001] ..... 1.000220: block_bio_queue: 259,0 R 8 + 8 [fio]
 fio-7 [001] d..2. 1.000230: sched_switch: prev_comm=fio prev_pid=7 prev_prio=120 prev_state=D ==> next_comm=swapper/1 next_pid=0 next_prio=120
 <idle>-0 [001] d..2. 1.000530: sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=fio next_pid=7 next_prio=120
"""


class Asleep(unittest.TestCase):
    def failures(self, **spans: int) -> str:
        io = {"submitted_ns": 1_000_000_000, "issued_ns": 1_000_225_000, "submitter": 7, "stages": [{"name": name, "ns": ns} for name, ns in spans.items()]}
        found = Evidence(truth=read_truth(SLEPT, ""), ios=[io], report={})
        return "\n".join(told for told in check_borders(Scenario("raw", "nvme", "none", "none", (), {}, asleep=True), found)
                         if "too few" not in told)

    def test_what_the_submitter_slept_before_its_bio_is_compared(self) -> None:
        self.assertEqual(self.failures(submit=9_000, asleep=201_000), "")
        self.assertIn("asleep in submission", self.failures(submit=9_000, asleep=501_000))

    def test_a_sleep_that_is_missing_and_one_that_a_throttle_took_are_told(self) -> None:
        self.assertIn("only one observer", self.failures(submit=210_000))
        self.assertIn("throttle: 1", self.failures(submit=9_000, asleep=201_000, throttle=5))


HANDED_OVER = """\
 fio-7 [001] ..... 1.000000: io_uring_queue_async_work: ring 0f, request 0e, user_data 0x7f, opcode READ, flags 0x1, normal queue
 iou-wrk-7-8 [001] ..... 1.000400: io_wq_submit_work <-io_worker_handle_work
 iou-wrk-7-8 [001] ...1. 1.000450: blkdev_begin: (blkdev_read_iter+0x4/0x1b0) offset=0x1000 length=0x1000 flags=0x20000
"""


class HandedOver(unittest.TestCase):
    def failures(self, wait_ns: int, trace: str = HANDED_OVER) -> str:
        io = {"submitted_ns": 1_000_000_000, "stages": [{"name": "io_wq_wait", "ns": wait_ns}]}
        found = Evidence(truth=read_truth(trace, ""), ios=[io], report={})
        return "\n".join(check_borders(Scenario("raw", "nvme", "none", "none", (), {}, handed_over=True), found))

    def test_the_wait_ends_between_the_worker_and_the_begin_that_ftrace_sees(self) -> None:
        for wait_ns in (400_000, 425_000, 450_000):
            self.assertEqual(self.failures(wait_ns), "")
        self.assertIn("but ftrace 400000 ns", self.failures(385_000))
        self.assertIn("but ftrace 450000 ns", self.failures(465_000))

    def test_a_worker_that_ftrace_did_not_see_is_told(self) -> None:
        lines = [line for line in HANDED_OVER.splitlines(keepends=True) if "io_wq_submit_work" not in line]
        self.assertIn("ftrace io_wq_submit_work: 0", self.failures(425_000, "".join(lines)))


AWAITED = """\
 fio-7 [001] ...1. 1.000000: blkdev_begin: (blkdev_read_iter+0x4/0x1b0) offset=0x1000 length=0x1000 flags=0x20000
 <idle>-0 [001] d.h1. 1.000100: submit_bio_wait_endio <-bio_endio
 fio-7 [001] ...1. 1.000200: blkdev_returned: (vfs_read+0x1/0x2 <- blkdev_read_iter) ret=4096
 jbd2-8 [000] ..... 1.000300: submit_bio_wait_endio <-bio_endio
 mkfs-9 [000] ...1. 1.000400: blkdev_returned: (vfs_read+0x1/0x2 <- blkdev_read_iter) ret=4096
"""


class Awaited(unittest.TestCase):
    def test_an_io_that_its_task_slept_for_ends_and_returns(self) -> None:
        found = read_truth(AWAITED, "")
        self.assertEqual((dict(found.contexts), dict(found.end_io_contexts)), ({"task": 1}, {"hardirq": 1}))
        self.assertEqual(found.mean_latency_ns, 200_000)

    def test_a_handler_that_a_handler_calls_runs_once(self) -> None:
        nested = " irq/27-nvme0q1-30 [001] ..... 1.000431: irq_thread_fn <-irq_forced_thread_fn\n"
        self.assertEqual(len(read_truth(DELIVERED + nested, "").moments.served[30]), 1)


class OfFtrace(unittest.TestCase):
    def test_metadata_is_no_request_of_the_users(self) -> None:
        self.assertEqual(truth().blocks.device_times("259:0", True, 8), [100_000])

    def test_a_device_is_done_at_the_interrupt(self) -> None:
        self.assertEqual(truth().blocks.device_times("259:0", True, 8, to_interrupt=True), [80_000])

    def test_a_layers_work_and_thread_are_told_from_those_of_direct_io(self) -> None:
        self.assertEqual(dict(truth().contexts), {"driver_worker": 2})
        self.assertEqual(dict(+truth().threads), {"md0_raid5": 1})

    def test_a_thread_has_the_name_that_ftrace_has(self) -> None:
        self.assertEqual(list(check_threads(truth(), {"deliverers": [{"name": "md0_raid5", "ios": 1}]})), [])
        for wrong in ([], [{"name": "md0_raid5", "ios": 2}], [{"name": "md0_raid1", "ios": 1}]):
            self.assertIn("by md0_raid5", "".join(check_threads(truth(), {"deliverers": wrong})))

    def test_only_the_users_functions_count_where_a_layer_has_its_own(self) -> None:
        self.assertEqual(read_truth(TRACE, "", "blkdev").contexts.total(), 0)
        deferred = TRACE.replace("kcryptd_crypt", "iomap_dio_complete_work")
        self.assertEqual([len(read_truth(deferred, "", only).queued_ns) for only in ("iomap", "blkdev")], [1, 0])

    def test_requests_with_the_interrupt_that_found_them_done(self) -> None:
        self.assertEqual(truth().blocks.requests(), {"259:0": [Request(1_000_020_000, 1_000_100_000, 1_000_120_000)]})

    def test_mirrors_are_compared_piece_by_piece(self) -> None:
        """The second disk's requests were merged."""
        lines = ""
        for device, at, sectors in (("9,1", 8, 8), ("9,1", 16, 8), ("9,2", 8, 16)):
            lines += f" fio-7 [001] ..... 1.000020: block_rq_issue: {device} W 4096 () {at} + {sectors} none,0,0 [fio]\n"
        for device, at, sectors, us in (("9,1", 8, 8, 70), ("9,1", 16, 8, 80), ("9,2", 8, 16, 90)):
            lines += f" fio-7 [001] ..... 1.0000{us}: block_rq_complete: {device} W () {at} + {sectors} none,0,0 [0]\n"
        self.assertEqual(read_truth(lines, "").blocks.mirrored_times(True, 8), [70_000, 70_000])

    def test_a_time_in_a_disk_without_a_request_is_told(self) -> None:
        row = replace(ROW, device="nvme+loop", bottom=False, works={}, borders=(), largest=None)
        for issued, ns, wanted in ((1_000_021_000, 79_000, ""), (1_000_021_000, 60_000, "time in the disk, I/O by I/O"),
                                   (1_000_921_000, 79_000, "has a request for 0 of them only")):
            evidence = story(issued_ns=issued, layers=[{"device": "259:0", "phase": "device", "ns": ns}])
            self.assertIn(wanted, "\n".join(check_borders(row, evidence)) or "nothing")
            self.assertEqual(bool(wanted), bool(list(check_borders(row, evidence))))

    def test_stalls_at_either_end_are_left_out(self) -> None:
        self.assertEqual(middle_mean([10] * 198 + [0, 10**9]), 10)
        self.assertIsNone(middle_mean([]))

    def test_no_events_make_no_blocks(self) -> None:
        self.assertEqual(Blocks().device_times("259:0", True, None), [])


class Cells(unittest.TestCase):
    def told(self, **report: Any) -> tuple[str, ...]:
        return tuple(cell(Evidence(fio={"jobs": [{}]}, report=report, said={
            "x.record.err": "dioscope: no direct I/O was seen: the file system is blind"})) or ())

    def test_followed_composed_and_not_followed(self) -> None:
        self.assertEqual(self.told(ios={"total": 3})[1], "followed")
        gap = {"name": "md0", "layer": "raid5", "ios": 3}
        self.assertEqual(self.told(ios={"total": 3}, quality={"not_followed": [gap]})[1], "composed: raid5")
        self.assertEqual(self.told(ios={"total": 3}, quality={"complete_share": 0.0})[1], "not complete: 0.0%")
        self.assertIn("not followed: no direct I/O was seen", self.told(ios={"total": 0})[1])

    def test_a_row_that_fio_could_not_run_is_not_in_the_table(self) -> None:
        self.assertIsNone(cell(Evidence(report={})))
