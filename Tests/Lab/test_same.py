"""The comparison of two reports of one run."""

import copy
import unittest
from typing import Any

from lab.same import CASES, Pairs, counts, figures, from_worker, missed, scheduling, script

CPU: dict[str, Any] = {"cpu": 1, "occupants": [{"occupant": "submitter", "ns": 10**9}, {"occupant": "completion_work", "ns": 10**8}]}
REPORT: dict[str, Any] = {
    "ios": {"total": 1499, "read": 0, "write": 1499, "bytes": 1, "errors": 0},
    "contexts": {"kworker": 1400, "submit_race": 99}, "end_io_contexts": {"hardirq": 1499}, "issuers": {"libaio": 1499},
    "latency": {"mean_ns": 500000.0}, "reasons": [{"reason": "issuer-no-caller-comp", "ios": 1400}], "loss": [],
    "scheduling": {"works": 1400, "worker_runs": 300, "submitter_runs": 310, "submitter_displaced_ns": 10**8, "cpus": [CPU]}}


def ios(count: int, submit: int = 20_000, moved: int = 0, parted: int = 0) -> list[dict[str, Any]]:
    """I/Os of two stages, the border of which is moved; the first ones by much more."""
    return [{"submitted_ns": 10**6 * number, "offset": 4096 * number,
             "latency_ns": submit + moved + 480_000,
             "stages": [{"name": "submit", "ns": submit + moved + (500_000 if number < parted else 0)},
                        {"name": "device", "ns": 480_000}]} for number in range(count)]


class SameRun(unittest.TestCase):
    def changed(self, change: Any) -> list[str]:
        other = copy.deepcopy(REPORT)
        change(other)
        return [*counts(REPORT, other), *scheduling(REPORT["scheduling"], other["scheduling"], True)]

    def test_equal_reports_agree(self) -> None:
        self.assertEqual(self.changed(lambda other: None), [])
        self.assertIn("+0.00%", figures(REPORT, Pairs(ios(9), ios(9), 1000)))

    def test_one_io_more_is_told(self) -> None:
        self.assertRegex(self.changed(lambda other: other["ios"].update(total=1500))[0], "1500.*1499")

    def test_another_context_is_told(self) -> None:
        self.assertTrue(self.changed(lambda other: other["contexts"].update(kworker=1399)))

    def test_a_run_of_a_worker_less_is_told(self) -> None:
        self.assertRegex(self.changed(lambda other: other["scheduling"].update(worker_runs=299))[0], "299.*300")

    def test_a_trace_without_switches_is_told(self) -> None:
        self.assertTrue(self.changed(lambda other: other.update(scheduling=None)))

    def test_loss_is_told(self) -> None:
        loss = {"what": "begin-missed", "count": 1, "severity": "loss"}
        self.assertRegex(self.changed(lambda other: other["loss"].append(loss))[0], "begin-missed")

    def test_the_distance_of_the_probes_is_taken_off(self) -> None:
        pairs = Pairs(ios(100), ios(100, moved=3000), 1000)
        self.assertEqual(pairs.distance, {"submitted": 0, "end of submit": 3000, "end of device": 3000})
        self.assertEqual(list(pairs.differences(True, 0)), [])

    def test_probes_too_far_apart_are_told(self) -> None:
        self.assertRegex(list(Pairs(ios(100), ios(100, moved=9000), 1000).differences(True, 0))[0], "9000 ns apart")

    def test_a_parted_io_is_left_out(self) -> None:
        pairs = Pairs(ios(100), ios(100, parted=20), 1000)
        self.assertEqual(len(pairs.whole), 80)
        self.assertEqual(list(pairs.differences(True, 0)), [])

    def test_many_parted_ios_are_told(self) -> None:
        self.assertRegex(list(Pairs(ios(100), ios(100, parted=45), 1000).differences(True, 0))[0], "only 55 of 100")

    def test_a_border_that_only_one_saw_makes_one_stage(self) -> None:
        live = [{**io, "stages": [{"name": "whole", "ns": 500_000}], "latency_ns": 500_000} for io in ios(9)]
        trace = ios(9)
        self.assertEqual(list(Pairs(live, trace, 1000).distance), ["submitted", "end of latency"])

    def test_what_came_before_io_wq_is_left_out(self) -> None:
        early = [{**io, "submitted_ns": io["submitted_ns"] - 7000, "taken_up_ns": io["submitted_ns"],
                  "latency_ns": io["latency_ns"] + 7000, "stages": [{"name": "io_wq_wait", "ns": 7000}, *io["stages"]]}
                 for io in ios(9)]
        self.assertEqual(list(Pairs([from_worker(io) for io in early], ios(9), 1000).differences(True, 0)), [])
        self.assertNotEqual(list(Pairs(early, ios(9), 1000).differences(True, 0)), [])

    def test_other_ios_are_told(self) -> None:
        self.assertRegex(list(Pairs(ios(100), ios(101)[1:], 1000).differences(True, 0))[0], "has 1 I/Os")

    def test_missed_completions_have_to_be_told(self) -> None:
        other = copy.deepcopy(REPORT)
        other["ios"]["total"], other["contexts"]["kworker"] = 1490, 1391
        self.assertRegex(list(missed(REPORT, other))[0], "1490.*1499")
        other["loss"] = [{"what": "completion-missed", "count": 9, "severity": "loss"}]
        self.assertEqual(list(missed(REPORT, other)), [])
        other["contexts"]["submit_race"] = 100
        self.assertRegex(list(missed(REPORT, other))[0], "submit_race.*100")

    def test_every_case_is_run(self) -> None:
        self.assertEqual(script("randwrite").decode().count("same_run"), len(CASES))


if __name__ == "__main__":
    unittest.main()
