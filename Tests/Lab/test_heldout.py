"""The workloads of what-if's held-out half, and what is made of their figures."""

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.heldout import BASES, Case, Outcome, cases, cases_for, command, marks_of, script, summary, write
from lab.gain import Rate
from lab.problem import Problem

CASE = Case(1, "libaio", 16, 4, "randrw", 2, 8, 5000, 100, "ext4", 20, 200, "2, fio on one", 30, 2)


def outcome(estimate: dict | None, inline: float = 150) -> Outcome:
    return Outcome(CASE, Rate(100, 100, 100), Rate(inline, inline - 0.1, inline + 0.1), estimate)


class HeldOut(unittest.TestCase):
    def test_a_seed_draws_the_same_ones(self) -> None:
        self.assertEqual(cases(7, 40), cases(7, 40))
        self.assertNotEqual(cases(7, 40), cases(8, 40))
        self.assertEqual(sum(case.held for case in cases(7, 40)), 20)
        self.assertEqual(cases(7, 60)[0].name, "case-0")

    def test_the_grid_is_drawn_from(self) -> None:
        drawn = cases(1, 400)
        for axis, values in (("engine", 3), ("depth", 7), ("op", 3), ("jobs", 3), ("batch", 2), ("rate", 3), ("think", 2),
                             ("filesystem", 2), ("latency", 2), ("limit", 2), ("placement", 3), ("hog", 2)):
            self.assertEqual(len({getattr(case, axis) for case in drawn}), values, axis)
        self.assertTrue(all(case.batch <= case.depth for case in drawn))

    def test_a_guest_has_cases_of_as_many_cpus(self) -> None:
        drawn = cases(1, 40)
        for number in {case.guest for case in drawn}:
            together = [case for case in drawn if case.guest == number]
            self.assertLessEqual(len(together), 5)
            self.assertEqual(len({case.cpus for case in together}), 1)

    def test_only_what_defers_is_recorded(self) -> None:
        first, second = (script(kernel, [CASE]).decode() for kernel in (BASES["7.2"], "7.2"))
        self.assertIn("whatif_case case-1 1 1 30 3 fio --output-format=json --name=w --filename=/mnt/d20x200ext4/file", first)
        self.assertIn("whatif_case case-1 0 1 30 3 fio", second)
        self.assertIn("whatif_disk d20x200ext4 20 200 ext4", first)
        for word in ("--rate_iops=2500", "--thinktime=100", "--iodepth_batch_submit=8", "--rwmixread=30"):
            self.assertIn(word, first)

    def test_a_kernel_whose_issuer_completes_has_io_uring_alone(self) -> None:
        self.assertEqual(cases_for("7.2", 7, 40), cases(7, 40))
        self.assertEqual({case.engine for case in cases_for("caller-comp", 7, 40)}, {"io_uring"})
        self.assertIn("whatif_case case-1 1 ", script(BASES["caller-comp"], [CASE]).decode())

    def test_right_and_wrong(self) -> None:
        self.assertTrue(outcome({"least_gain": 0.4, "most_gain": 0.6}).is_right)
        self.assertFalse(outcome({"least_gain": 0.51, "most_gain": 0.6}).is_right)
        self.assertTrue(outcome({"why_no_interval": "too_wide"}).is_right)
        self.assertFalse(outcome({"why_no_interval": "too_wide"}, 99).is_right)
        self.assertFalse(outcome({"why_no_interval": "paced"}).is_right)
        self.assertTrue(outcome({"why_no_interval": "paced"}, 101).is_right)
        self.assertIsNone(outcome({"why_no_interval": "loop_unknown"}).is_right)
        beside = {"why_no_interval": "other_tasks"}
        self.assertEqual(outcome(beside).promise, "as many or more")
        self.assertTrue(outcome(beside, 99).is_right)
        self.assertFalse(outcome(beside, 98).is_right)
        either = {"why_no_interval": "loop_unknown", "if_closed": {"why_no_interval": "too_wide"}}
        self.assertEqual(outcome(either).promise, "more or none")
        self.assertTrue(outcome(either).is_right)
        self.assertTrue(outcome(either, 99).is_right)
        self.assertFalse(outcome(either, 98).is_right)
        at_most = {"why_no_interval": "loop_unknown", "if_closed": {"least_gain": 0.1, "most_gain": 0.4}}
        self.assertEqual(outcome(at_most).promise, "none to +40.0%")
        self.assertFalse(outcome(at_most).is_right)
        self.assertTrue(outcome(at_most, 140).is_right)
        self.assertIsNone(outcome(None).is_right)

    def test_the_summary_counts_intervals_apart(self) -> None:
        [_, line] = summary([outcome({"least_gain": 0.4, "most_gain": 0.6}), outcome({"least_gain": 0.6, "most_gain": 0.7}),
                             outcome({"why_no_interval": "paced"}), outcome(None)])
        self.assertIn("1 of 2 intervals hold the gain", line)
        self.assertIn("'no more' is right for 0 of 1", line)
        self.assertIn("nothing is said of 1", line)

    def test_a_case_that_was_not_measured_fails(self) -> None:
        with TemporaryDirectory() as directory:
            self.assertEqual(command(1, 2, "", Path(directory), True, None), 1)
        with self.assertRaises(Problem):
            command(1, 2, "btrfs", None, False, None)

    def test_the_tables_replace_those_before(self) -> None:
        with TemporaryDirectory() as directory:
            page = Path(directory) / "page.md"
            begin, end = marks_of("7.2", 1)
            page.write_text(f"a\n{begin}\nearlier table\n{end}\nb\n")
            with self.assertRaises(Problem):
                write(page, 1, [outcome(None)], 2, "caller-comp")
            write(page, 1, [outcome(None)], 2, "7.2")
            text = page.read_text()
        self.assertNotIn("earlier table", text)
        self.assertIn("1 of 2 pairs measured", text)
        self.assertTrue(text.endswith(f"{end}\nb\n"))
