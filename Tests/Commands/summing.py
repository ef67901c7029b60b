#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Recordings without a record of every I/O: --summary, --burst and --max-overhead.

usage: summing.py DIOSCOPE
"""

import json
import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import commands

# Enough for most of them to be aggregated: at first every kind of I/O is recorded.
IOS = 20_011


def fio_command(directory: Path, ios: int = IOS, *more: str) -> list[str]:
    words = [word for word in commands.fio_command(directory, *more) if not word.startswith("--number_ios")]
    return [*words, f"--number_ios={ios}", "--norandommap", "--io_size=1G"]


def kill_under_load(bed: commands.RecordingBed, seconds: float, *options: str) -> None:
    """A recorder, after so long; fio goes on until then."""
    process = bed.running(*options)
    fio = subprocess.Popen([*fio_command(bed.directory, 10_000_000), "--time_based", "--runtime=30"],
                           stdout=subprocess.DEVNULL)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
    fio.terminate()
    fio.wait(timeout=20)


@unittest.skipUnless(os.geteuid() == 0, "not root: nothing can be recorded")
class SummaryTests(commands.RecordingBed):

    def recorded(self, *words: str) -> tuple[dict, dict]:
        """fio's own account of it, and the report."""
        done = self.record("--summary", *words, "--", *fio_command(self.directory))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("aggregated in the kernel", done.stderr)
        return json.loads(done.stdout)["jobs"][0]["write"], self.report()

    def test_every_io_of_fio(self) -> None:
        fio, report = self.recorded()
        self.assertEqual(fio["total_ios"], IOS)
        self.assertEqual(report["ios"]["total"], IOS)
        self.assertEqual(report["ios"]["bytes"], 4096 * IOS)
        self.assertGreater(report["summed_up"]["ios"], IOS / 2)
        self.assertEqual([loss for loss in report["loss"] if loss["severity"] == "loss" and loss["count"]], [])
        self.assertEqual(sum(count for count in report["contexts"].values() if count), IOS)
        self.assertEqual(sum(stage["total_ns"] for stage in report["stages"]), report["latency"]["total_ns"])
        self.assertLessEqual(report["latency"]["mean_ns"], fio["lat_ns"]["mean"])
        wait = report["queue_wait"]
        if wait is not None:
            self.assertEqual(sum(cause["total_ns"] for cause in wait["causes"]), wait["total_ns"])
            self.assertEqual([name for cause in wait["causes"] for name in cause["names"]], [])

    def test_many_lengths(self) -> None:
        # So few in flight that the device takes them all: what waits in a plug or a scheduler stays a record.
        done = self.record("--summary", "--", *fio_command(
            self.directory, IOS, "--bsrange=4k-256k", "--size=64M", "--iodepth=4"))
        self.assertEqual(done.returncode, 0, done.stderr)
        fio, report = json.loads(done.stdout)["jobs"][0]["write"], self.report()
        self.assertEqual(report["ios"]["total"], fio["total_ios"])
        self.assertEqual(report["ios"]["bytes"], fio["io_bytes"])
        self.assertGreater(report["summed_up"]["ios"], fio["total_ios"] / 4)

    def test_with_a_sample(self) -> None:
        _, report = self.recorded("--sample", "1/3")
        [left_out] = [loss["count"] for loss in report["loss"] if loss["what"] == "sampled-out"]
        self.assertEqual(report["ios"]["total"] + left_out, IOS)

    def test_single_ios_are_not_to_be_had(self) -> None:
        self.recorded()
        capture = self.file("capture")
        for words, what in (
            (["list", capture], "list"), (["export", "--format", "csv", capture], "export --format csv"),
            (["report", "--where", "latency>1ms", capture], "--where"),
            (["report", "--by", "op,file", capture], "--by op,file"),
            (["compare", "--where", "op=read", capture, capture], "--where"),
        ):
            with self.subTest(what):
                self.expect(commands.dioscope(*words), 65, f"has only totals: {what} needs single I/Os\n.*--summary")

    def test_totals_are_to_be_had(self) -> None:
        _, report = self.recorded()
        capture = self.file("capture")
        groups = json.loads(commands.dioscope("report", "--json", "--by", "op,issuer", capture).stdout)["groups"]
        self.assertEqual([(group["key"], group["ios"]["total"]) for group in groups], [("write,libaio", IOS)])
        self.assertEqual(groups[0]["latency"]["total_ns"], report["latency"]["total_ns"])
        metrics = commands.dioscope("export", "--format", "openmetrics", capture)
        self.assertEqual(metrics.returncode, 0, metrics.stderr)
        self.assertIn(f'dioscope_ios{{op="write"}} {IOS}\n', metrics.stdout)
        self.assertIn(f"dioscope_latency_seconds_count {IOS}\n", metrics.stdout)
        log = commands.dioscope("export", "--format", "hlog", capture)
        self.assertEqual((log.returncode, log.stdout.count("\nTag=latency,")), (0, 1), log.stderr)
        compared = json.loads(commands.dioscope("compare", "--json", capture, capture).stdout)
        [iops] = [row for row in compared["comparisons"][0]["metrics"] if row["name"] == "mean"]
        self.assertAlmostEqual(iops["base"], report["latency"]["mean_ns"], delta=1)

    def test_killed_it_keeps_what_was_written(self) -> None:
        """Sums are written every five seconds."""
        kill_under_load(self, 8, "--summary")
        done = commands.dioscope("report", "--json", self.file("capture"))
        self.assertEqual(done.returncode, 2, done.stderr)
        report = json.loads(done.stdout)
        self.assertGreater(report["summed_up"]["ios"], IOS)
        self.assertFalse(report["source"]["complete"])


@unittest.skipUnless(os.geteuid() == 0, "not root: nothing can be recorded")
class OverheadTests(commands.RecordingBed):

    def recorded(self, limit: str, *more: str) -> tuple[int, dict, str]:
        """I/Os that fio did, the report, and what was said meanwhile."""
        fio = [*fio_command(self.directory, 10_000_000), "--time_based", "--runtime=5"]
        done = self.record("--max-overhead", limit, *more, "--", *fio)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["jobs"][0]["write"]["total_ios"], self.report(), done.stderr

    def test_beyond_the_limit_it_records_in_bursts(self) -> None:
        did, report, said = self.recorded("0.1%")
        self.assertRegex(said, r"to record everything takes [\d.]+% of the CPU time: from now on bursts, 1/\d+ of the time")
        self.all_are_counted(did, report)
        steps = report["sample"]["steps"]
        every = [step["every"] for step in steps]
        self.assertEqual((every[0], every), (1, sorted(every)))
        self.assertGreater(len(steps), 2)
        self.assertEqual(sorted(step["from_ns"] for step in steps), [step["from_ns"] for step in steps])
        self.assertGreater(report["cost"]["whole"], report["cost"]["mean"])
        self.even(report, steps)

    def all_are_counted(self, did: int, report: dict) -> None:
        """fio's own number is that of the I/Os that were recorded and those that were counted."""
        [left_out] = [loss["count"] for loss in report["loss"] if loss["what"] == "sampled-out"]
        cut = sum(loss["count"] for loss in report["loss"] if loss["what"] == "in-flight-at-burst-end")
        self.assertEqual(report["ios"]["total"] + left_out + cut, did)
        self.assertEqual(report["sample"]["of_ios"] + cut, did)
        self.assertEqual([loss for loss in report["loss"] if loss["severity"] == "loss" and loss["count"]], [])

    def even(self, report: dict, steps: list[dict]) -> None:
        """The same share of the I/Os of the whole beginning is in the report: as of the time that was seldom recorded."""
        capture = self.file("capture")
        records = [json.loads(line) for line in commands.dioscope("list", "--json", capture).stdout.splitlines()]
        self.assertGreater(len(records), report["ios"]["total"])
        first = sum(1 for io in records if io["submitted_ns"] < steps[1]["from_ns"])
        self.assertGreaterEqual(first, 20_000)
        whole = commands.dioscope("report", "--json", "--where", f"submitted<{steps[1]['from_ns']}", capture)
        kept, share = json.loads(whole.stdout)["ios"]["total"], 1 / max(step["every"] for step in steps)
        self.assertAlmostEqual(kept, first * share, delta=7 * (first * share) ** 0.5 + 7)

    def test_within_the_limit_it_records_all(self) -> None:
        did, report, said = self.recorded("100%")
        self.assertNotIn("bursts", said)
        self.assertEqual(report["ios"]["total"], did)
        self.assertNotIn("sample", report)
        self.assertLess(report["cost"]["mean"], 1)

    def test_bursts(self) -> None:
        """Their rate is fio's, and no I/O of a pause is in them; each is told apart."""
        fio = [*fio_command(self.directory, 10_000_000), "--time_based", "--runtime=5"]
        done = self.record("--burst", "50ms/250ms", "--", *fio)
        self.assertEqual(done.returncode, 0, done.stderr)
        written = json.loads(done.stdout)["jobs"][0]["write"]
        report = self.report()
        self.all_are_counted(written["total_ios"], report)
        bursts = report["sample"]["bursts"]
        self.assertGreater(bursts["count"], 10)
        self.assertLess(bursts["recorded_ns"], 2_000_000_000)
        self.assertAlmostEqual(report["headline"]["iops"] / written["iops"], 1, delta=0.15)
        listed = commands.dioscope("list", "--json", self.file("capture")).stdout.splitlines()
        times = sorted(json.loads(line)["submitted_ns"] for line in listed)
        gaps = sum(1 for one, next_one in zip(times, times[1:]) if next_one - one > 20_000_000)
        self.assertAlmostEqual(gaps, bursts["count"], delta=4)

    def test_all_of_it_is_recorded_when_that_is_asked_for(self) -> None:
        fio = [*fio_command(self.directory, 10_000_000), "--time_based", "--runtime=3"]
        done = self.record("--full", "--", *fio)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.report()["ios"]["total"], json.loads(done.stdout)["jobs"][0]["write"]["total_ios"])

    def test_a_killed_one_says_what_it_left_out(self) -> None:
        kill_under_load(self, 4, "--burst", "50ms/500ms")
        report = json.loads(commands.dioscope("report", "--json", self.file("capture")).stdout)
        self.assertGreater(report["sample"]["of_ios"], 2 * report["ios"]["total"])

    def test_bad_limits(self) -> None:
        for word in ("0%", "2", "101%", "x%", "-1%"):
            with self.subTest(word):
                self.expect(commands.dioscope("record", f"--max-overhead={word}", "--duration", "1s"), 64, "max-overhead")
        for other in ("--summary", "--probe-cost", "--sample=1/2"):
            done = commands.dioscope("record", "--max-overhead", "2%", other, "--duration", "1s")
            self.expect(done, 64, "exclude each other")
        for words in (("--full", "--burst=10ms/1s"), ("--full", "--sample=1/2"), ("--burst=10ms/1s", "--max-overhead=1%")):
            self.expect(commands.dioscope("record", *words, "--duration", "1s"), 64, "exclude")
        for word, why in (("100ms", "like 100ms/1s"), ("1s/100ms", "less than its period"), ("1ms/1s", "10ms or more"),
                          ("x/1s", "like"), ("100ms/", "like"), ("1/10", "unit|like")):
            with self.subTest(word):
                self.expect(commands.dioscope("record", f"--burst={word}", "--duration", "1s"), 64, why)


if __name__ == "__main__":
    commands.DIOSCOPE = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
