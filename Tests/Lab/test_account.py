"""What is recorded and what is lost, against fio's count."""

import copy
import unittest
from typing import Any

from lab.account import CASES, chosen, failures, script

FIO: dict[str, Any] = {"jobs": [{"read": {"total_ios": 600}, "write": {"total_ios": 400}}]}


def report(total: int, complete: float = 1.0, kinds: tuple[str, ...] = ("inline-completions",), **losses: int) -> dict[str, Any]:
    return {"ios": {"total": total}, "quality": {"complete_share": complete},
            "loss": [{"what": what.replace("_", "-"), "count": count} for what, count in losses.items()],
            "verdict": {"sentences": [{"kind": kind} for kind in kinds], "refused": []}}


class Account(unittest.TestCase):
    def wrong(self, given: dict[str, Any], case: int = 0) -> list[str]:
        return list(failures(CASES[case], copy.deepcopy(FIO), given))

    def test_all_is_there(self) -> None:
        self.assertEqual(self.wrong(report(1000)), [])
        self.assertEqual(self.wrong(report(250, sampled_out=750)), [])

    def test_lost_and_told(self) -> None:
        self.assertEqual(self.wrong(report(995, 0.995, ("inline-completions", "lost-ios"), completion_missed=5)), [])
        self.assertEqual(self.wrong(report(900, 0.9, (), completion_missed=100)), [])

    def test_silent_loss(self) -> None:
        self.assertRegex(self.wrong(report(995))[0], "995.*1000")
        self.assertRegex(self.wrong(report(995, in_flight_at_end=5))[1], "in flight")
        self.assertRegex(self.wrong(report(995, restarted=5))[1], "restarted")
        self.assertRegex(self.wrong(report(1001))[0], "1001.*1000")

    def test_what_stands_on_it(self) -> None:
        self.assertRegex(self.wrong(report(995, 1.0, ("lost-ios",), completion_missed=5))[0], "complete")
        self.assertRegex(self.wrong(report(995, 0.995, completion_missed=5))[0], "does not say so")
        self.assertRegex(self.wrong(report(900, 0.9, ("lost-ios",), completion_missed=100))[0], "all the same")

    def test_begins_missed_are_a_bound(self) -> None:
        kinds = ("inline-completions", "lost-ios")
        self.assertEqual(self.wrong(report(998, 0.994, kinds, begin_missed=6)), [])
        self.assertNotEqual(self.wrong(report(990, 0.994, kinds, begin_missed=6)), [])

    def test_every_way_of_recording_is_in_a_long_run(self) -> None:
        text = script("nvme", 20, True).decode()
        self.assertEqual(text.count("account_run"), 20)
        for word in ("--summary", "--no-occupants", "--sample 1/4", "lock_down", "io_uring", "psync", "randwrite"):
            self.assertIn(word, text)
        self.assertTrue({case.operation for case in chosen(6)} >= {"randread", "randrw"})
