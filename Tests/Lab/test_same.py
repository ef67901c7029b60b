"""The comparison of two reports of one run."""

import copy
import unittest
from typing import Any

from lab.same import differences, script, told

REPORT: dict[str, Any] = {
    "ios": {"total": 1499, "read": 0, "write": 1499, "bytes": 1, "errors": 0},
    "contexts": {"kworker": 1400, "submit_race": 99}, "latency": {"mean_ns": 500000.0},
    "stages": [{"name": "submit", "ios": 1499, "mean_ns": 20000.0}, {"name": "device", "ios": 1499, "mean_ns": 480000.0}],
    "reasons": [{"reason": "issuer-no-caller-comp", "ios": 1400}], "loss": []}


class SameRun(unittest.TestCase):
    def changed(self, change: Any) -> list[str]:
        other = copy.deepcopy(REPORT)
        change(other)
        return list(differences(REPORT, other))

    def test_equal_reports_agree(self) -> None:
        self.assertEqual(self.changed(lambda other: None), [])
        self.assertIn("+0.00%", told(REPORT, REPORT))

    def test_one_io_more_is_told(self) -> None:
        self.assertRegex(self.changed(lambda other: other["ios"].update(total=1500))[0], "1500.*1499")

    def test_another_context_is_told(self) -> None:
        self.assertTrue(self.changed(lambda other: other["contexts"].update(kworker=1399)))

    def test_a_longer_stage_is_told(self) -> None:
        self.assertRegex(self.changed(lambda other: other["stages"][0].update(mean_ns=39000.0))[0], "submit")

    def test_loss_is_told(self) -> None:
        loss = {"what": "begin-missed", "count": 1, "severity": "loss"}
        self.assertRegex(self.changed(lambda other: other["loss"].append(loss))[0], "begin-missed")

    def test_both_engines_are_run(self) -> None:
        self.assertEqual(script("randwrite").decode().count("same_run"), 2)


if __name__ == "__main__":
    unittest.main()
