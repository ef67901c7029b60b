"""When a submitter has a CPU again, on small recordings, and what dioscope may say of it."""

import unittest
from typing import Any

from lab.events import Event
from lab.reaps import Reaps, check_reaps, parted_ns

FIO, IDLE = ("fio", 180), ("<idle>", 0)


def event(micros: int, what: str, task: tuple[str, int] = IDLE, cpu: int = 1, flags: str = "d.h1.") -> Event:
    return Event(task[0], task[1], cpu, flags, micros * 1000, what)


def switch(micros: int, before: tuple[str, int], after: tuple[str, int], cpu: int = 1) -> Event:
    return event(micros, f"sched_switch: prev_comm={before[0]} prev_pid={before[1]} prev_prio=120 prev_state=S ==> "
                         f"next_comm={after[0]} next_pid={after[1]} next_prio=120", before, cpu)


def recorded(*events: Event) -> Reaps:
    reaps = Reaps()
    for each in (event(0, "iomap_dio_rw_begin: dev 254:0", FIO), *events):
        reaps.take(each)
    return reaps


def report(asleep: int, time: int) -> dict[str, Any]:
    return {"scheduling": {"completed_asleep": asleep, "reap_ns": time, "completed_awake": 0}}


class ReapsTest(unittest.TestCase):
    def test_sleeper(self) -> None:
        reaps = recorded(switch(10, FIO, IDLE), event(20, "iomap_dio_complete: x"), event(25, "iomap_dio_complete: x"),
                         switch(40, IDLE, FIO))
        self.assertEqual((reaps.asleep, reaps.asleep_ns, reaps.awake), (2, 35_000, 0))

    def test_awake_in_an_interrupt_and_on_another_cpu(self) -> None:
        reaps = recorded(event(20, "iomap_dio_complete: x", FIO),
                         event(25, "iomap_dio_complete: x", ("kworker/0:1", 9), cpu=0, flags="....."))
        self.assertEqual((reaps.asleep, reaps.awake), (0, 2))

    def test_own_completion(self) -> None:
        reaps = recorded(event(20, "iomap_dio_complete: x", FIO, flags="....."))
        self.assertEqual((reaps.asleep, reaps.awake), (0, 0))

    def test_check(self) -> None:
        reaps = Reaps(asleep=100, asleep_ns=100 * 50_000, submitters={180})
        self.assertEqual(list(check_reaps(reaps, report(100, 5_000_000))), [])
        self.assertEqual(list(check_reaps(reaps, report(10, 5_000_000))), [])  # most were not seen
        self.assertEqual(len(list(check_reaps(reaps, report(120, 120 * 50_000)))), 1)
        self.assertEqual(len(list(check_reaps(reaps, report(100, 6_000_000)))), 1)
        self.assertEqual(list(check_reaps(reaps, report(100, 6_000_000), parted=600_000)), [])
        self.assertEqual(parted_ns([10, 30], [{"completed_ns": 25}, {"completed_ns": 11}]), 6)
        self.assertEqual(parted_ns([10, 30], [{"completed_ns": 25}]), 0)
        reaps.submitters.add(181)
        self.assertEqual(list(check_reaps(reaps, report(200, 9_000_000))), [])


if __name__ == "__main__":
    unittest.main()
