"""The plan of what-if's guests, and what is made of the figures that they bring out."""

import unittest
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.gain import Rate
from lab.problem import Problem
from lab.whatif import APART, BEGIN, END, ONE, Case, Outcome, boots, cases, command, script, write

CASE = Case("6.12", "7.2", "libaio", "ext4", ONE, 16)


def iops(value: float) -> Rate:
    return Rate(value, value, value)


def outcome(least: float, most: float, inline: float = 150) -> Outcome:
    return Outcome(CASE, iops(100), iops(inline), {"least_gain": least, "most_gain": most, "limit": "cpu"})


class WhatIf(unittest.TestCase):
    def test_a_gain_lies_inside_or_outside(self) -> None:
        self.assertEqual(outcome(0.4, 0.6).off, 0)
        self.assertAlmostEqual(outcome(0.1, 0.4).off, 0.1)
        self.assertAlmostEqual(outcome(0.6, 0.7).off, 0.1)

    def test_the_allowance_is_of_the_gain(self) -> None:
        self.assertTrue(outcome(0.1, 0.43).holds)
        self.assertFalse(outcome(0.1, 0.42).holds)
        self.assertFalse(Outcome(CASE, iops(100), iops(150), None).holds)
        self.assertTrue(Outcome(replace(CASE, placement=APART), iops(100), iops(150), None).holds)

    def test_cells(self) -> None:
        self.assertEqual(outcome(0.1, 0.6).cells, (
            "6.12, 7.2", "ext4 libaio", "1", "16", "100", "150", "50.0%", "10.0% to 60.0%", "cpu", "-15.0%", "inside"))

    def test_a_direction_alone(self) -> None:
        wide = {"limit": "cpu", "why_no_interval": "too_wide"}
        self.assertTrue(Outcome(CASE, iops(100), iops(150), wide).holds)
        self.assertFalse(Outcome(CASE, iops(100), iops(90), wide).holds)
        self.assertEqual(Outcome(CASE, iops(100), iops(150), wide).cells[-4:], ("more", "cpu", "-", "-"))
        paced = {"why_no_interval": "paced"}
        self.assertFalse(Outcome(CASE, iops(100), iops(150), paced).holds)
        self.assertEqual(Outcome(CASE, iops(100), iops(150), paced).cells[-4:], ("none", "-", "-", "-"))

    def test_each_guest_runs_its_cases(self) -> None:
        planned = boots(cases())
        self.assertEqual(planned["6.12", ONE, "ext4"][0], Case("6.12", "7.2", "libaio", "ext4", ONE, 1))
        text = script(("6.12", ONE, "ext4"), [CASE]).decode()
        self.assertIn("whatif_run libaio-16 1 --name=w", text)
        self.assertIn("whatif_run libaio-16 0 --name=w", script(("7.2", ONE, "ext4"), [CASE]).decode())
        self.assertIn("mq-deadline", script(("7.2", APART, "ext4"), [CASE]).decode())

    def test_a_case_that_there_is_not(self) -> None:
        with self.assertRaises(Problem):
            command("btrfs", None, False, None)
        with self.assertRaises(Problem):
            command("", None, True, None)

    def test_the_table_replaces_the_one_before(self) -> None:
        with TemporaryDirectory() as directory:
            page = Path(directory) / "page.md"
            page.write_text(f"a\n{BEGIN}\nold\n{END}\nb\n")
            write(page, [outcome(0.1, 0.6)])
            write(page, [outcome(0.1, 0.6)])
            text = page.read_text()
            self.assertTrue(text.startswith(f"a\n{BEGIN}\n| kernels |") and text.endswith(f"|\n{END}\nb\n"), text)
            self.assertEqual((text.count("ext4 libaio"), text.count("old")), (1, 0))
            page.write_text("no table")
            with self.assertRaises(Problem):
                write(page, [])


if __name__ == "__main__":
    unittest.main()
