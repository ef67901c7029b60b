#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs `dioscope whatif` as a user would: refused, and on a kernel that completes overwrites inline, both ways.

usage: measuring.py DIOSCOPE
"""

import json
import mmap
import os
import subprocess
import sys
import unittest
from pathlib import Path

import commands
from commands import Bed, can_record

LOAD = ("--name=w", "--rw=randwrite", "--bs=4k", "--size=8m", "--direct=1", "--ioengine=libaio", "--iodepth=4",
        "--number_ios=2000", "--thread", "--overwrite=1", "--norandommap")


def dioscope(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([commands.DIOSCOPE, "whatif", *words], capture_output=True, text=True, timeout=240, check=False)


def completes_inline() -> bool:
    told = subprocess.run([commands.DIOSCOPE, "check"], capture_output=True, text=True, check=False)
    return "reads and overwrites inline" in told.stdout


class Usage(Bed):
    def test_what_it_cannot_do_is_said_at_once(self) -> None:
        for words, said in (((), "what load"), (("--", "dd"), "must be fio"), (("--", "fio", "--output=x"), "--output=x"),
                            (("--repeat", "0", "--", "fio", "x"), "1 to 1000")):
            done = dioscope(*words)
            self.assertEqual(done.returncode, 64, words)
            self.assertIn(said, done.stderr)
            self.assertEqual(done.stdout, "")

    def test_the_schema_has_all_that_it_names(self) -> None:
        text = dioscope("--schema").stdout
        names = set(json.loads(text)["$defs"])
        used = {part.split('"')[0] for part in text.split("#/$defs/")[1:]}
        self.assertEqual(used - names, set())

    def test_an_earlier_kernel_has_no_answer_and_no_proxy(self) -> None:
        if os.geteuid() or not can_record() or completes_inline():
            self.skipTest("a kernel that completes inline, or no right to record")
        done = dioscope("--", "fio", f"--filename={self.file('data')}", *LOAD)
        self.assertEqual(done.returncode, 69)
        self.assertIn("6.19", done.stderr)
        self.assertIn("no answer", done.stderr)
        self.assertFalse(Path(self.file("data")).exists())


class Measured(Bed):
    def setUp(self) -> None:
        super().setUp()
        if os.geteuid() or not can_record() or not completes_inline():
            self.skipTest("needs a kernel from 6.19 on, and the right to record")
        self.data = Path(self.file("data"))
        self.data.write_bytes(bytes(8 << 20))
        subprocess.run(["sync"], check=True)

    def cached(self) -> list[int]:
        with self.data.open("rb") as file:
            told = subprocess.run(["fincore", "--bytes", "--noheadings", "--output", "PAGES", self.data],
                                  capture_output=True, text=True, check=True)
            self.assertTrue(file)
        return [int(word) for word in told.stdout.split()]

    def test_both_ways_are_run_and_the_cache_is_as_it_was(self) -> None:
        with self.data.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
            os.pread(file.fileno(), 1, 40960)
        before = self.cached()
        done = dioscope("--json", "--repeat", "3", "--", "fio", f"--filename={self.data}", *LOAD)
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout)
        self.assertTrue(told["as_meant"])
        self.assertEqual(told["files"][0]["path"], str(self.data.resolve()))
        self.assertIsNotNone(told["iops"]["relative_low"])
        self.assertEqual(self.cached(), before)

    def test_a_file_in_use_is_refused(self) -> None:
        with self.data.open("rb") as file:
            done = dioscope("--", "fio", f"--filename={self.data}", *LOAD)
            self.assertEqual(done.returncode, 73)
            self.assertIn(f"({os.getpid()})", done.stderr)
            mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        self.addCleanup(mapped.close)
        self.assertEqual(dioscope("--", "fio", f"--filename={self.data}", *LOAD).returncode, 73)


if __name__ == "__main__":
    commands.DIOSCOPE = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
