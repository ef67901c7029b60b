#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The time axis of a report, against the single I/Os of the same capture.

usage: timing.py DIOSCOPE
"""

import json
import sys
import unittest
from collections import defaultdict
from pathlib import Path

import commands
from commands import Bed, dioscope

CAPTURES = sorted((Path(__file__).resolve().parents[2] / "captures").glob("nvme-*.dioscope"))
CAPTURE = str(CAPTURES[0])


def report(*words: str) -> dict:
    return json.loads(dioscope("report", "--json", *words).stdout)


def listed(*words: str) -> list[dict]:
    return [json.loads(line) for line in dioscope("list", "--json", *words).stdout.splitlines()]


def done(io: dict) -> int:
    return io["submitted_ns"] + io["latency_ns"]


class AxisTests(Bed):
    def test_intervals_are_those_of_single_ios(self) -> None:
        for capture in map(str, CAPTURES):
            timeline = report("--over-time", "10ms", capture)["timeline"]
            cells = defaultdict(list)
            for io in listed(capture):
                if "completed_ns" in io or "task_work_run_ns" in io:
                    cells[(done(io) - timeline["origin_ns"]) // 10_000_000].append(io)
            self.assertEqual(timeline["interval_ns"], 10_000_000)
            for place, interval in enumerate(timeline["intervals"]):
                ios = cells.pop(place, [])
                self.assertEqual(interval["ios"], len(ios), f"{capture} {place}")
                if not ios:
                    continue
                latencies = sorted(io["latency_ns"] for io in ios)
                self.assertEqual(interval["max_ns"], latencies[-1])
                self.assertAlmostEqual(interval["mean_ns"], sum(latencies) / len(ios), delta=1)
                for name, percent in (("p50_ns", 50), ("p99_ns", 99)):
                    exact = latencies[-(-len(ios) * percent // 100) - 1]
                    self.assertLessEqual(abs(interval[name] / exact - 1), timeline["percentile_error"] + 0.001)
                slowest = [io for io in ios if io["submitted_ns"] == interval["slowest_ns"]]
                self.assertEqual(slowest[0]["latency_ns"], latencies[-1])
            self.assertFalse(cells)

    def test_the_slowest_can_be_listed(self) -> None:
        interval = report(CAPTURE)["timeline"]["intervals"][0]
        found = listed("--where", f"{interval['slowest_point']}={interval['slowest_ns']}", CAPTURE)
        self.assertEqual([io["latency_ns"] for io in found], [interval["max_ns"]])

    def test_a_part_of_the_time(self) -> None:
        timeline = report("--over-time", "10ms", CAPTURE)["timeline"]
        start = timeline["origin_ns"] - timeline["offset_ns"]
        everything = listed(CAPTURE)
        middle = (done(everything[len(everything) // 2]) - start) // 1_000_000
        before = report("--to", f"{middle}ms", CAPTURE)["ios"]["total"]
        after = report("--from", f"{middle}ms", CAPTURE)["ios"]["total"]
        self.assertEqual(before, sum(done(io) - start < middle * 1_000_000 for io in everything))
        self.assertEqual(before + after, len(everything))
        self.assertEqual(len(listed("--from", f"{middle}ms", CAPTURE)), after)
        self.assertTrue(0 < before < len(everything))
        self.assertIn(f"done from {middle}ms", dioscope("report", "--from", f"{middle}ms", CAPTURE).stdout)
        zoomed = report("--over-time", "10ms", "--from", f"{middle}ms", CAPTURE)["timeline"]
        self.assertEqual(zoomed["offset_ns"] % 10_000_000, middle % 10 * 1_000_000)
        self.assertEqual(sum(interval["ios"] for interval in zoomed["intervals"]), after)

    def test_wall_clock(self) -> None:
        started = report(CAPTURE)["source"]["started"]
        day = dioscope("report", "--from", "1970-01-01T00:00:00Z", CAPTURE)
        self.assertIn("100.0% of", day.stdout)
        none = dioscope("report", "--to", "1970-01-01T00:00:00Z", CAPTURE)
        self.assertIn("none of", none.stdout)
        self.assertGreater(started, 0)

    def test_words(self) -> None:
        self.expect(dioscope("report", "--over-time", "nonsense", CAPTURE), 64, "interval is written like 1s")
        self.expect(dioscope("report", "--from", "yesterday", CAPTURE), 64, "from")
        with_file = dioscope("report", "--over-time", CAPTURE)
        self.assertEqual(with_file.returncode, 0, with_file.stderr)
        self.assertIn("largest stage", with_file.stdout)
        self.assertEqual(with_file.stdout, dioscope("report", CAPTURE, "--over-time").stdout)
        self.assertLessEqual(max(map(len, with_file.stdout.splitlines())), 80)


if __name__ == "__main__":
    commands.DIOSCOPE = sys.argv.pop(1)
    unittest.main()
