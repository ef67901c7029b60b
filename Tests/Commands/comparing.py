#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs `dioscope compare` as a user would.

usage: comparing.py DIOSCOPE
"""

import json
import sys
import unittest
from pathlib import Path

import commands
from commands import Bed, dioscope


class CompareTests(Bed):
    """With the committed captures: a kernel that defers to kworkers, and one that completes in the interrupt."""

    def setUp(self) -> None:
        super().setUp()
        captures = Path(__file__).resolve().parents[2] / "captures"
        self.deferring = str(captures / "nvme-ext4-libaio-overwrite-6.12.dioscope")
        self.inline = str(captures / "nvme-ext4-libaio-overwrite-7.2.dioscope")

    def compare(self, *words: str) -> dict:
        done = dioscope("compare", "--json", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["comparisons"][0]

    def test_help(self) -> None:
        self.assertIn("EXAMPLES", dioscope("compare", "--help").stdout)

    def test_few_blocks_make_no_claim(self) -> None:
        done = dioscope("compare", self.deferring, self.inline)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("too few", done.stdout)
        self.assertIn("no verdict", done.stdout)
        self.assertIn("kernel: 6.12", done.stdout)
        self.assertTrue(all(len(line) <= 80 for line in done.stdout.splitlines()))

    def test_short_blocks_find_the_contexts(self) -> None:
        found = self.compare("--block", "2ms", self.deferring, self.inline)
        contexts = {row["name"]: row for row in found["contexts"]}
        self.assertTrue(contexts["hardirq"]["significant"])
        self.assertLess(contexts["kworker"]["delta_high"], -0.9)
        mean = next(row for row in found["metrics"] if row["name"] == "mean")
        for side in ("base", "new"):
            self.assertAlmostEqual(sum(row[side] for row in found["stages"]), mean[side], delta=1e-3)

    def test_means_are_those_of_the_reports(self) -> None:
        found = self.compare(self.deferring, self.inline)
        for side, capture in (("base", self.deferring), ("new", self.inline)):
            report = json.loads(dioscope("report", "--json", capture).stdout)
            metrics = {row["name"]: row[side] for row in found["metrics"]}
            self.assertAlmostEqual(metrics["mean"], report["latency"]["mean_ns"], delta=1)
            for name, key in (("p50", "p50_ns"), ("p99", "p99_ns")):
                self.assertAlmostEqual(metrics[name] / report["latency"][key], 1, delta=0.01)

    def test_saved_reports(self) -> None:
        for name, capture in (("base.json", self.deferring), ("new.json", self.inline)):
            Path(self.file(name)).write_text(dioscope("report", "--json", capture).stdout)
        found = self.compare(self.file("base.json"), self.file("new.json"))
        captures = self.compare(self.deferring, self.inline)
        for saved, live in zip(found["metrics"], captures["metrics"]):
            self.assertAlmostEqual(saved["base"] / live["base"], 1, delta=0.01)
            self.assertIsNone(saved["significant"])
        self.assertIn("saved report", " ".join(found["remarks"]))
        self.expect(dioscope("compare", "--folded", self.file("base.json"), self.inline), 65, "needs captures")

    def test_several_runs_a_side(self) -> None:
        found = self.compare("--base", *[self.deferring] * 3, "--new", *[self.inline] * 3)
        self.assertEqual(found["base"]["unit"], "run")
        self.assertEqual(found["base"]["units"], 3)
        queue_wait = next(row for row in found["stages"] if row["name"] == "queue_wait")
        self.assertTrue(queue_wait["significant"])

    def test_each_new_against_base(self) -> None:
        done = dioscope("compare", "--json", self.deferring, self.inline, self.deferring)
        self.assertEqual(len(json.loads(done.stdout)["comparisons"]), 2)

    def test_folded(self) -> None:
        done = dioscope("compare", "--folded", self.deferring, self.inline)
        lines = [line.rsplit(" ", 2) for line in done.stdout.splitlines()]
        self.assertIn("kworker", {stack.split(";")[0] for stack, _, _ in lines})
        self.assertGreater(sum(int(base) for _, base, _ in lines), 0)
        self.assertTrue(all(int(base) >= 0 and int(new) >= 0 for _, base, new in lines))

    def test_fail_if(self) -> None:
        sides = ("--base", *[self.deferring] * 3, "--new", *[self.inline] * 3)
        self.expect(dioscope("compare", "--fail-if", "mean > +5%", *sides), 3, "failed: mean > \\+5%")
        self.assertEqual(dioscope("compare", "--fail-if", "mean > +60%", *sides).returncode, 0)
        self.expect(dioscope("compare", "--fail-if", "p40 < -90%", *sides), 0, "^$")
        found = dioscope("compare", "--fail-if", "p98 > +1%", "--fail-if", "p75.5 < 1%", *sides)
        self.assertIn(found.returncode, (0, 3), found.stderr)
        self.expect(dioscope("compare", "--fail-if", "p100 > 1%", *sides), 64, "p98")
        done = dioscope("compare", "--fail-if", "mean > +5%", self.deferring, self.inline)
        self.expect(done, 5, "cannot be decided: it is so, but there are too few I/Os")
        done = dioscope("compare", "--any", "--fail-if", "mean > +5%", self.deferring, self.inline)
        self.expect(done, 3, "failed")

    def test_rules_that_cannot_be_decided(self) -> None:
        """A script that sees 0 takes it that nothing became worse."""
        sides = ("--base", *[self.deferring] * 3, "--new", *[self.inline] * 3)
        self.expect(dioscope("compare", "--fail-if", "hop_wait > 1us", *sides), 5, "neither side has I/Os with hop_wait")
        self.expect(dioscope("compare", "--fail-if", "hop_wait > 1us", "--fail-if", "mean > 5%", *sides), 3, "failed: mean")
        self.expect(dioscope("compare", "--fail-if", "mean > +60%", "--fail-if", "p40 < -90%", *sides), 0, "^$")

    def test_selection(self) -> None:
        found = self.compare("--where", "context=hardirq", self.inline, self.inline)
        self.assertEqual([row["name"] for row in found["contexts"]], ["hardirq"])
        self.assertEqual(found["base"]["selection"], "context=hardirq")
        self.expect(dioscope("compare", "--where", "nonsense", self.inline, self.inline), 64, "--where")

    def test_usage(self) -> None:
        for words in (
            [self.inline], ["--base", self.inline], ["--new", self.inline], [self.inline, "--base", self.inline],
            [self.inline, self.inline, "--fail-if", "q98 > 5%"], [self.inline, self.inline, "--block", "1ns"],
            [self.inline, self.inline, "--any"], [self.inline, self.inline, "--folded", "--json"],
        ):
            with self.subTest(" ".join(words)):
                self.expect(dioscope("compare", *words), 64, "^dioscope: ")

    def test_not_comparable(self) -> None:
        report = json.loads(dioscope("report", "--json", self.deferring).stdout)
        report["headline"].update(op="read", length=16384, fs="xfs")
        other = self.file("other.json")
        Path(other).write_text(json.dumps(report))
        self.expect(dioscope("compare", self.deferring, other), 65, "op: write => read; block size.*\n.*--force")
        done = dioscope("compare", "--force", self.deferring, other)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("not alike", done.stdout)

    def test_bad_inputs(self) -> None:
        Path(self.file("bad.json")).write_text('{"schema": "something/1"}')
        Path(self.file("text")).write_text("hello, world\n" * 99)
        content = Path(self.deferring).read_bytes()
        Path(self.file("cut")).write_bytes(content[:len(content) * 2 // 3])
        self.expect(dioscope("compare", self.deferring, self.file("none")), 66, "No such file")
        self.expect(dioscope("compare", self.deferring, str(self.directory)), 66, "directory")
        self.expect(dioscope("compare", self.deferring, self.file("bad.json")), 65, "no report")
        self.expect(dioscope("compare", self.deferring, self.file("text")), 65, "not a capture")
        self.expect(dioscope("compare", self.deferring, self.file("cut")), 2, "incomplete")


if __name__ == "__main__":
    commands.DIOSCOPE = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
