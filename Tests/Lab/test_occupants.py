"""The clock machine, on small recordings, and the checks of causes on what agrees and what does not."""

import unittest
from collections import Counter
from typing import Any

from lab.causes import (
    Split, check_agreement, check_forced, check_forced_truth, check_sums, paired, unattributed_share,
)
from lab.events import Event
from lab.occupants import Occupants, Wait
from lab.scenarios import Forced

FIO, KWORKER, HOG = ("fio", 180), ("kworker/1:1", 47), ("my hog", 99)
DIO, OTHER = "iomap_dio_complete_work", "vmstat_update"


class Recording:
    """Events of CPU 1, by hand: each at a microsecond, by the task that runs there."""

    def __init__(self) -> None:
        self.occupants = Occupants()
        self.task = ("<idle>", 0)

    def at(self, micros: int, what: str, cpu: int = 1, task: tuple[str, int] | None = None) -> "Recording":
        comm, pid = task or self.task
        self.occupants.take(Event(comm, pid, cpu, ".....", micros * 1000, what))
        return self

    def switch(self, micros: int, to: tuple[str, int], state: str = "S") -> "Recording":
        comm, pid = self.task
        self.at(micros, f"sched_switch: prev_comm={comm} prev_pid={pid} prev_prio=120 prev_state={state} ==> "
                        f"next_comm={to[0]} next_pid={to[1]} next_prio=120")
        self.task = to
        return self

    def begin(self, micros: int) -> "Recording":
        return self.at(micros, "iomap_dio_rw_begin: dev 254:0 ino 0xc offset 0x0 length 0x1000")

    def queue(self, micros: int, work: str, function: str = DIO) -> "Recording":
        return self.at(micros, f"workqueue_queue_work: work struct={work} function={function} workqueue=dio/n0 "
                               "req_cpu=8192 cpu=1")

    def start(self, micros: int, work: str, function: str = DIO, **where: Any) -> "Recording":
        return self.at(micros, f"workqueue_execute_start: work struct {work}: function {function}", **where)

    def end(self, micros: int, work: str) -> "Recording":
        return self.at(micros, f"workqueue_execute_end: work struct {work}: function x")

    def waits(self) -> list[Counter[str]]:
        return [wait.ns for wait in self.occupants.waits]


def us(**causes: int) -> Counter[str]:
    return Counter({cause: micros * 1000 for cause, micros in causes.items()})


class Clocks(unittest.TestCase):
    def test_a_submitter_and_then_the_switch(self) -> None:
        seen = Recording().switch(0, FIO).begin(10).queue(20, "a").switch(50, KWORKER).start(58, "a")
        self.assertEqual(seen.waits(), [us(submitter=30, worker_switch=8)])

    def test_a_task_is_a_submitter_from_its_first_io_on(self) -> None:
        seen = Recording().switch(0, FIO).queue(20, "a").begin(30).switch(50, KWORKER).start(50, "a")
        self.assertEqual(seen.waits(), [us(other_task=10, submitter=20)])

    def test_interrupts_come_before_softirqs_and_those_before_tasks(self) -> None:
        seen = (Recording().switch(0, HOG).at(10, "irq_handler_entry: irq=24 name=nvme0q1").queue(12, "a")
                .at(15, "irq_handler_exit: irq=24 ret=handled").at(16, "softirq_entry: vec=1 [action=TIMER]")
                .at(20, "local_timer_entry: vector=236").at(23, "local_timer_exit: vector=236")
                .at(25, "softirq_exit: vec=1 [action=TIMER]").switch(40, KWORKER).start(41, "a"))
        self.assertEqual(seen.waits(), [us(hardirq=6, softirq=6, other_task=16, worker_switch=1)])

    def test_calls_from_other_cpus_are_interrupts(self) -> None:
        seen = (Recording().queue(0, "a").at(1, "local_timer_entry: vector=236")
                .at(4, "local_timer_exit: vector=236").switch(6, KWORKER).start(6, "a"))
        self.assertEqual(seen.waits(), [us(idle=3, hardirq=3)])

    def test_earlier_works_of_ours_and_of_others(self) -> None:
        seen = (Recording().queue(0, "a").queue(0, "b").queue(0, "c", OTHER).queue(0, "d").switch(2, KWORKER)
                .start(3, "a").end(10, "a").start(11, "c", OTHER).end(31, "c").start(33, "b").end(34, "b")
                .start(35, "d"))
        self.assertEqual(seen.waits(), [
            us(idle=2, worker_switch=1), us(idle=2, worker_switch=4, completion_work=7, pool_work=20),
            us(idle=2, worker_switch=5, completion_work=8, pool_work=20)])

    def test_a_work_that_slept_goes_on_as_what_it_was(self) -> None:
        seen = (Recording().switch(0, KWORKER).start(1, "x", OTHER).switch(2, HOG, "D").queue(3, "a")
                .switch(5, KWORKER).end(9, "x").start(10, "a"))
        self.assertEqual(seen.waits(), [us(other_task=2, pool_work=4, worker_switch=1)])

    def test_kworkers_of_other_pools_are_other_tasks(self) -> None:
        for comm in ("kworker/1:1H", "kworker/u4:0", "kworker/R-dio/n"):
            seen = Recording().queue(0, "a").switch(1, (comm, 50)).start(2, "x", OTHER).switch(5, KWORKER).start(6, "a")
            self.assertEqual(seen.waits(), [us(idle=1, other_task=4, worker_switch=1)], comm)

    def test_another_cpus_tasks_do_not_count(self) -> None:
        seen = (Recording().queue(0, "a").at(1, "irq_handler_entry: irq=1 name=x", cpu=0, task=HOG)
                .switch(7, KWORKER).start(8, "a"))
        self.assertEqual(seen.waits(), [us(idle=7, worker_switch=1)])

    def test_a_work_that_starts_elsewhere_has_no_causes(self) -> None:
        seen = Recording().queue(0, "a").start(9, "a", cpu=0, task=("kworker/0:1", 40))
        self.assertEqual((seen.waits(), seen.occupants.waits[0].total_ns), ([Counter()], 9000))

    def test_a_work_is_queued_again_under_the_same_pointer(self) -> None:
        seen = (Recording().queue(0, "a").switch(1, KWORKER).start(2, "a").end(3, "a").switch(4, FIO).begin(5)
                .queue(6, "a").switch(9, KWORKER).start(9, "a"))
        self.assertEqual(seen.waits(), [us(idle=1, worker_switch=1), us(submitter=3)])

    def test_a_recording_that_begins_inside_an_interrupt(self) -> None:
        seen = (Recording().at(0, "irq_handler_exit: irq=1 ret=handled").queue(1, "a").switch(2, KWORKER).start(3, "a"))
        self.assertEqual(seen.waits(), [us(idle=1, worker_switch=1)])

    def test_stretches_are_counted(self) -> None:
        seen = (Recording().queue(0, "a").at(1, "local_timer_entry: vector=236").at(2, "local_timer_exit: vector=236")
                .switch(3, KWORKER).start(4, "a"))
        self.assertEqual(seen.occupants.waits[0].stretches, {"hardirq": 1, "idle": 1, "worker_switch": 1})


def report(**causes: int) -> dict[str, Any]:
    total = sum(causes.values())
    return {"queue_wait": {"total_ns": total, "causes": [
        {"cause": cause, "total_ns": ns, "share": ns / total, "names": []} for cause, ns in causes.items()]}}


def io(started: int, **causes: int) -> dict[str, Any]:
    """An I/O of dioscope's list that was queued 10 us after its submission and waited for these until it started."""
    waited = sum(causes.values())
    shares = {"queue_wait_causes": [{"cause": cause, "ns": ns} for cause, ns in causes.items()]} if causes else {}
    return {"offset": 0, "worker_cpu": 1, "submitted_ns": started - waited - 10_000,
            "stages": [{"name": "device", "ns": 10_000}, {"name": "queue_wait", "ns": waited}], **shares}


def wait(started: int, **causes: int) -> Wait:
    waited = sum(causes.values())
    return Wait(1, started - waited, 1, started, Counter(causes), Counter({cause: 1 for cause in causes}))


WAITS = [wait(1_000_000 * number, submitter=400_000, idle=100_000) for number in range(1, 9)]


class Agreement(unittest.TestCase):
    def failures(self, *ios: dict[str, Any], **seen: int) -> str:
        return "\n".join(check_agreement(WAITS, report(**(seen or {"submitter": 1})), list(ios)))

    def ios(self, **causes: int) -> list[dict[str, Any]]:
        return [io(wait.started_ns, **causes) for wait in WAITS]

    def test_agreement(self) -> None:
        self.assertEqual(self.failures(*self.ios(submitter=400_000, idle=100_000)), "")

    def test_one_percent_and_what_the_borders_allow(self) -> None:
        self.assertEqual(self.failures(*self.ios(submitter=408_000, idle=92_000)), "")
        self.assertIn("queue waits, idle: 720000 ns, but ftrace 800000 ns (apart by -2.00% of them all; "
                      "allowed: 1% + 2000 ns for each of 16 borders)",
                      self.failures(*self.ios(submitter=410_000, idle=90_000)))

    def test_a_cause_that_ftrace_does_not_have(self) -> None:
        self.assertIn("queue waits, softirq: 160000 ns, but ftrace 0 ns",
                      self.failures(*self.ios(submitter=380_000, idle=100_000, softirq=20_000)))

    def test_another_number_of_waits(self) -> None:
        ios = self.ios(submitter=400_000, idle=100_000)
        self.assertIn("nothing to compare", self.failures(*ios[1:]))
        self.assertIn("nothing to compare", self.failures(*ios[1:], ios[0] | {"worker_cpu": 0}))
        self.assertIn("nothing to compare", "\n".join(check_agreement([], report(idle=1), [])))

    def test_a_stall_between_the_probes_of_a_start_voids_whoever_waited_then(self) -> None:
        ios = self.ios(submitter=400_000, idle=100_000)
        ios[2] = io(WAITS[2].started_ns + 300_000, submitter=700_000, idle=100_000)
        self.assertEqual(self.failures(*ios), "")
        pairs = paired(WAITS, ios)
        assert pairs is not None
        split = Split.of(pairs)
        self.assertEqual((split.works, split.left_out, split.apart("idle")), (7, 1, 0))

    def test_stalls_are_few(self) -> None:
        ios = [io(wait.started_ns + 2_000_000, submitter=2_400_000, idle=100_000) for wait in WAITS[:3]]
        said = self.failures(*ios, *self.ios(submitter=400_000, idle=100_000)[3:])
        self.assertIn("waits: more than stalls of the host explain", said)

    def test_unattributed(self) -> None:
        said = self.failures(*self.ios(submitter=400_000, idle=100_000), submitter=979, unattributed=21)
        self.assertIn("report queue_wait unattributed: 2.1% of it", said)
        self.assertEqual((unattributed_share(report(idle=1)), unattributed_share({"queue_wait": None})), (0.0, 1.0))

    def test_a_wait_without_causes_is_not_compared(self) -> None:
        ios = self.ios(submitter=400_000, idle=100_000)
        ios[0] |= {"queue_wait_causes": [{"cause": "unattributed", "ns": 500_000}]}
        pairs = paired(WAITS, ios)
        assert pairs is not None
        self.assertEqual((Split.of(pairs).works, Split.of(pairs).left_out), (7, 0))


class Forcing(unittest.TestCase):
    def failures(self, forced: Forced, seen: dict[str, Any]) -> str:
        return "\n".join(check_forced(forced, seen))

    def test_the_largest(self) -> None:
        self.assertEqual(self.failures(Forced(("submitter",)), report(submitter=2, idle=1)), "")
        self.assertIn("submitter should be the largest cause, but the report has 2 ns of idle 3, submitter 2",
                      self.failures(Forced(("submitter",)), report(submitter=2, idle=3)))

    def test_ftrace_alone(self) -> None:
        self.assertEqual(list(check_forced_truth(Forced(("submitter",)), WAITS)), [])
        self.assertEqual(list(check_forced_truth(Forced(("idle",)), WAITS)), [
            "idle should be the largest cause, but ftrace has 800000 ns of submitter 3200000, idle 800000"])
        self.assertIn("ftrace has 0 ns", "".join(check_forced_truth(Forced(("idle",)), [])))

    def test_several_together(self) -> None:
        seen = report(submitter=4, idle=3, worker_switch=2)
        self.assertEqual(self.failures(Forced(("idle", "worker_switch")), seen), "")

    def test_the_name(self) -> None:
        seen = report(submitter=2)
        seen["queue_wait"]["causes"][0]["names"] = [{"name": "fio", "total_ns": 2}]
        self.assertEqual(self.failures(Forced(("submitter",), "fio"), seen), "")
        self.assertIn("hog should be the first name of submitter, but the names are ['fio']",
                      self.failures(Forced(("submitter",), "hog"), seen))


class Sums(unittest.TestCase):
    def failures(self, seen: dict[str, Any], *shares: dict[str, Any]) -> str:
        told_io: dict[str, Any] = {"offset": 0, "stages": [{"name": "queue_wait", "ns": 10}]}
        if shares:
            told_io["queue_wait_causes"] = list(shares)
        return "\n".join(check_sums(seen, [told_io]))

    def test_exact(self) -> None:
        self.assertEqual(self.failures(report(idle=4, submitter=6), {"cause": "idle", "ns": 4},
                                       {"cause": "submitter", "ns": 6}), "")

    def test_one_nanosecond(self) -> None:
        said = self.failures(report(idle=4, submitter=6), {"cause": "idle", "ns": 4}, {"cause": "submitter", "ns": 5})
        self.assertIn("queue_wait_causes do not add up in 1 of 1 I/Os; the first: sum 9, queue_wait 10", said)
        self.assertIn("report queue_wait.causes: {'idle': 4, 'submitter': 6}, but the list has "
                      "{'idle': 4, 'submitter': 5}", said)

    def test_the_reports_own_sum(self) -> None:
        seen = report(idle=10)
        seen["queue_wait"]["total_ns"] = 11
        self.assertIn("report queue_wait.causes, in all: 10, but queue_wait.total_ns is 11",
                      self.failures(seen, {"cause": "idle", "ns": 10}))

    def test_an_io_without_causes_is_unattributed(self) -> None:
        self.assertIn("but the list has {'unattributed': 10}", self.failures(report(idle=10)))

    def test_names(self) -> None:
        seen = report(other_task=10)
        seen["queue_wait"]["causes"][0]["names"] = [{"name": "hog", "total_ns": 9}]
        self.assertIn("other_task: 10, but its names have 9", self.failures(seen, {"cause": "other_task", "ns": 10}))


if __name__ == "__main__":
    unittest.main()
