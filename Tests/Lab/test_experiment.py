"""The guests of `what-if --measured`, and what is made of the figures that they bring out."""

import json
import unittest
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.experiment import BASES, BEGIN, END, IOS, Outcome, Rate, chosen, groups, mark, placed, read, script, summary, write
from lab.heldout import Case
from lab.kernels import KERNELS, TO_BUILD

CASE = Case(3, "libaio", 16, 4, "randwrite", 1, 1, 0, 0, "xfs", 200, 200, "1", 0, 1)


def change(low: float | None, high: float | None) -> dict:
    return {"relative": 0.1, "relative_low": low, "relative_high": high}


def iops(path: Path, value: float) -> None:
    path.parent.mkdir(exist_ok=True)
    job = {"read": {"iops": 0, "runtime": 0}, "write": {"iops": value, "runtime": 1000}}
    path.write_text(json.dumps({"jobs": [job]}))


def bring_out(keep: Path, kernel: str, low: float | None = 0.08) -> None:
    """fio alone 100 on 6.12 and 110 on the kernel; the shell's gain is 5%."""
    place = keep / f"measured-{kernel}"
    for side, value in (("plain", 110), ("cached", 100), ("dropped", 105)):
        iops(place / f"case-3.{side}.json", value)
    (place / "case-3.whatif.json").write_text(json.dumps({"iops": change(low, 0.12), "as_meant": True}))


class Experiment(unittest.TestCase):
    def test_ten_asynchronous_workloads(self) -> None:
        some = chosen(2, 40)
        self.assertEqual(len(some), 10)
        self.assertNotIn("psync", {case.engine for case in some})
        for together in groups(some):
            self.assertLessEqual(len(together), 5)
            self.assertEqual(len({case.cpus for case in together}), 1)

    def test_a_kernel_without_modules_has_the_nvme(self) -> None:
        case = placed("6.19", CASE)
        self.assertEqual((case.device, case.where), ("d0x0ext4", "NVMe, CPUs 1"))
        self.assertEqual(placed("7.2", CASE), replace(CASE, ios=IOS))
        self.assertIn("whatif_disk d0x0ext4 0 0 ext4", script([case]).decode())
        self.assertIn("whatif_measured case-3 d0x0ext4 0 0 5 0 --name=w", script([case], 5, measured=False).decode())

    def test_the_gain_from_a_kernel_that_defers(self) -> None:
        with TemporaryDirectory() as name:
            keep = Path(name)
            bring_out(keep, "7.3")
            self.assertIsNone(read("7.3", CASE, keep).kernels)
            iops(keep / "measured-6.12" / "case-3.plain.json", 100)
            outcome = read("7.3", CASE, keep)
            self.assertAlmostEqual(outcome.kernels.mean, 0.1)
            self.assertAlmostEqual(outcome.shell.mean, 0.05)
            # A run of a second is known to a thousandth.
            self.assertAlmostEqual(outcome.shell.low, 104.895 / 100.1 - 1)
            self.assertAlmostEqual(outcome.shell.high, 105.105 / 99.9 - 1)

    def test_the_mean_of_runs_that_do_not_repeat(self) -> None:
        with TemporaryDirectory() as name:
            keep = Path(name)
            bring_out(keep, "6.19")
            iops(keep / "measured-6.12-nvme" / "case-3.plain.json", 80)
            iops(keep / "measured-6.12-nvme" / "case-3.plain-2.json", 120)
            gain = read("6.19", CASE, keep).kernels
            self.assertAlmostEqual(gain.mean, 0.1)
            self.assertLess(gain.low, -0.08)
            self.assertGreater(gain.high, 0.37)

    def test_a_kernel_is_compared_with_one_that_differs_in_a_line(self) -> None:
        self.assertLess(set(BASES) | set(BASES.values()), set(KERNELS) | set(TO_BUILD))
        with TemporaryDirectory() as name:
            keep = Path(name)
            bring_out(keep, "7.3-plain")
            iops(keep / "measured-6.12" / "case-3.plain.json", 50)
            self.assertIsNone(read("7.3-plain", CASE, keep).kernels)
            iops(keep / "measured-7.3-defers" / "case-3.plain.json", 100)
            self.assertAlmostEqual(read("7.3-plain", CASE, keep).kernels.mean, 0.1)

    def test_what_is_missing_is_not_measured(self) -> None:
        with TemporaryDirectory() as name:
            self.assertIsNone(read("7.2", CASE, Path(name)))
            bring_out(Path(name), "7.2", low=None)
            self.assertIsNone(read("7.2", CASE, Path(name)))

    def test_inside_and_outside(self) -> None:
        outcome = Outcome("7.2", CASE, change(0.08, 0.12), (0.05, 0.12), True, Rate(0.05, 0.05, 0.05), Rate(0.11, 0.1, 0.12))
        self.assertEqual(outcome.shell_mark, "**outside**")
        self.assertEqual(outcome.kernels_mark, "inside")
        self.assertEqual(mark(Rate(0.14, 0.14, 0.14), (0.08, 0.12)), "inside")
        self.assertEqual(mark(Rate(0.05, 0.03, 0.07), (0.08, 0.12)), "overlaps")
        self.assertEqual(replace(outcome, kernels=None).kernels_mark, "-")
        # What cached pages cost is no gain from kernel to kernel.
        self.assertEqual(replace(outcome, kernels=Rate(0.05, 0.05, 0.05)).kernels_mark, "inside")
        self.assertIn("the gain from kernel to kernel lies within whatif's interval for 1 of 1", list(summary([outcome])))
        self.assertEqual(outcome.cells[-6:],
                         ("+5.0% (+5.0% to +5.0%)", "**outside**", "+5.0% to +12.0%", "6.12", "+11.0% (+10.0% to +12.0%)", "inside"))

    def test_the_table_goes_between_its_marks(self) -> None:
        with TemporaryDirectory() as name:
            page = Path(name) / "page.md"
            page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
            write(page, [Outcome("7.2", CASE, change(0.08, 0.12), (0.05, 0.12), True, Rate(0.05, 0.05, 0.05), None)])
            self.assertIn("| 7.2 | 3 | xfs libaio QD 16 4k randwrite | 200 us, 200 MB/s, CPUs 1 |", page.read_text())
            self.assertNotIn("old", page.read_text())


if __name__ == "__main__":
    unittest.main()
