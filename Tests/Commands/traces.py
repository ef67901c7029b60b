#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Captures and traces of other tools, as a user gives them: by content, packed, on standard input, cut.

usage: traces.py DIOSCOPE
"""

import json
import re
import subprocess
import sys
import unittest
from pathlib import Path

import commands


def all_captures() -> list[Path]:
    """Captures of our own and traces; each has its report beside it."""
    ours = (Path(__file__).resolve().parents[2] / "captures").iterdir()
    return sorted(path for path in ours if path.suffix not in (".txt", ".md") and path.is_file())


def report_of(capture: Path) -> Path:
    return capture.with_name(re.sub(r"\.(dioscope|dat|text)(\.gz|\.zst)?$", ".txt", capture.name))


class TraceTests(commands.Bed):
    """Traces of other tools, told by their content."""

    def trace(self, start: str) -> Path:
        return next(path for path in all_captures() if path.name.startswith(start))

    def test_standard_input_and_packing(self) -> None:
        trace = self.trace("trace-cmd-nvme-ext4-libaio-overwrite-7.2")
        expected = report_of(trace).read_text()
        for packer in ([], ["gzip", "-c"], ["zstd", "-qc"]):
            with self.subTest(packer):
                content = trace.read_bytes()
                if packer:
                    content = subprocess.run(packer, input=content, capture_output=True, check=True).stdout
                (self.directory / "no.suffix").write_bytes(content)
                self.assertEqual(commands.dioscope("report", self.file("no.suffix")).stdout, expected)
                with open(self.file("no.suffix"), "rb") as piped:
                    done = subprocess.run([commands.DIOSCOPE, "report", "-"], stdin=piped, capture_output=True, text=True,
                                          timeout=60, check=False)
                self.assertEqual((done.returncode, done.stdout), (0, expected))

    def test_text_on_standard_input_is_listed(self) -> None:
        with open(self.trace("ftrace-"), "rb") as piped:
            done = subprocess.run([commands.DIOSCOPE, "list", "--json", "-"], stdin=piped, capture_output=True, text=True,
                                  timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 251)

    def test_cut_anywhere(self) -> None:
        """At every 1/200 of a trace.dat: what is whole, or why nothing is; never a trap."""
        content = self.trace("trace-cmd-nvme-ext4-libaio-overwrite-6.12").read_bytes()
        statuses = set()
        for part in range(1, 200):
            (self.directory / "cut").write_bytes(content[:len(content) * part // 200])
            done = commands.dioscope("report", "--json", self.file("cut"))
            self.assertIn(done.returncode, (2, 65), f"{part}/200: {done.stderr}")
            self.assertRegex(done.stderr, "incomplete|damaged|not a capture")
            statuses.add(done.returncode)
            if done.returncode == 2:
                self.assertFalse(json.loads(done.stdout)["source"]["complete"])
        self.assertEqual(statuses, {2, 65})

    def test_perf_data_is_told_from_its_text(self) -> None:
        (self.directory / "perf.data").write_bytes(b"PERFILE2" + bytes(200))
        self.expect(commands.dioscope("report", self.file("perf.data")), 65, "perf script --ns")

    def test_how_to_record(self) -> None:
        for tool in ("trace-cmd", "perf", "ftrace"):
            done = commands.dioscope("record", "--how", tool, "--kernel", "5.10")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("p:dioscope/iomap_dio_rw iomap_dio_rw iocb=$arg1:x64", done.stdout)
        self.expect(commands.dioscope("record", "--how", "perf", "--kernel", "4.18"), 64, "5.10")

    def test_committed_captures_give_their_reports(self) -> None:
        for capture in all_captures():
            with self.subTest(capture.name):
                done = commands.dioscope("report", str(capture))
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(done.stdout, report_of(capture).read_text())


if __name__ == "__main__":
    commands.DIOSCOPE = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
