#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a recording is worth after something went wrong: the recorder killed or held up, the disk full, the command dead.

usage: surviving.py DIOSCOPE
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

NANOSECONDS = 1_000_000_000

# Writes as often as its argument says, one at a time, and dies of a bad address.
CRASHING = """
import ctypes, mmap, os, resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_DIRECT, 0o600)
page = mmap.mmap(-1, 4096)
for place in range(int(sys.argv[2])):
    os.pwritev(file, [page], 4096 * place)
ctypes.string_at(0)
"""


@unittest.skipUnless(os.geteuid() == 0, "not root: nothing can be recorded")
class SurvivalTests(commands.RecordingBed):
    """Each ends with what the capture says of itself."""

    def load(self, *more: str) -> subprocess.Popen[str]:
        """fio, busy until it is stopped or its time is over."""
        words = [word for word in commands.fio_command(self.directory, *more) if not word.startswith("--number_ios")]
        return subprocess.Popen([*words, "--time_based"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def end(self, process: subprocess.Popen[str]) -> None:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)

    def cut_report(self) -> dict:
        """For a capture whose end is missing."""
        done = commands.dioscope("report", "--json", self.file("capture"))
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("end mark is missing", done.stderr)
        return json.loads(done.stdout)

    def test_killed_recorder(self) -> None:
        """All but the last second can be read, whenever the recorder is killed."""
        subprocess.run(commands.fio_command(self.directory), capture_output=True, check=True)
        with self.load("--runtime=60") as fio:
            for seconds in (2.1, 2.5, 2.9):
                Path(self.file("capture")).unlink(missing_ok=True)
                process = self.running("--full", "--file", self.file("file"))
                time.sleep(seconds)
                killed = time.monotonic_ns()
                process.kill()
                process.communicate(timeout=20)
                self.assertGreater(self.cut_report()["ios"]["total"], 100)
                lines = commands.dioscope("list", "--json", self.file("capture")).stdout.splitlines()
                last = max(json.loads(line)["completed_ns"] for line in lines)
                self.assertLessEqual(killed - last, NANOSECONDS, f"killed after {seconds} s")
            fio.terminate()
            fio.communicate(timeout=30)

    def test_killed_recorder_after_the_load(self) -> None:
        process = self.running()
        subprocess.run(commands.fio_command(self.directory), capture_output=True, check=True)
        time.sleep(1.5)
        process.kill()
        process.communicate(timeout=20)
        self.assertGreaterEqual(self.cut_report()["ios"]["total"], commands.IOS)

    def test_full_disk(self) -> None:
        mount = self.directory / "small"
        mount.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(mount)], check=False)
        done = commands.dioscope("record", "--no-pack", "-o", str(mount / "capture"), "--",
                                 *commands.fio_command(self.directory, "--runtime=4"))
        self.assertEqual(done.returncode, 74, done.stderr)
        self.assertRegex(done.stderr, "no space left")
        self.assertEqual(json.loads(done.stdout)["jobs"][0]["write"]["total_ios"], commands.IOS)
        self.assertEqual(commands.dioscope("report", str(mount / "capture")).returncode, 2)

    def test_command_that_crashes(self) -> None:
        ios = 499
        done = self.record("--", sys.executable, "-c", CRASHING, self.file("file"), str(ios))
        self.assertEqual(done.returncode, 128 + signal.SIGSEGV, done.stderr)
        report = self.report()
        self.assertTrue(report["source"]["complete"])
        self.assertEqual(report["ios"]["total"], ios)

    def test_command_that_crashes_with_ios_in_flight(self) -> None:
        words = [word for word in commands.fio_command(self.directory, "--thread") if not word.startswith("--number")]
        script = 'ulimit -c 0; "$@" >/dev/null 2>&1 & sleep 2; kill -SEGV $!; wait $!; kill -SEGV $$'
        done = self.record("--", "sh", "-c", script, "sh", *words, "--time_based", "--runtime=30")
        self.assertEqual(done.returncode, 128 + signal.SIGSEGV, done.stderr)
        report = self.report()
        self.assertTrue(report["source"]["complete"])
        self.assertGreater(report["ios"]["total"], 100)
        # The kernel ends what a dead process began.
        self.assertEqual({loss["what"]: loss["count"] for loss in report["loss"]}["in-flight-at-end"], 0)
        self.assertEqual(report["quality"]["unfinished_ios"], 0)

    def test_suspended_recorder(self) -> None:
        """Held up for two seconds under load: what its rings could not take is counted, exactly."""
        subprocess.run(commands.fio_command(self.directory), capture_output=True, check=True)
        process = self.running("--full", "--buffer", "64K", "--file", self.file("file"))
        time.sleep(1)
        with self.load("--runtime=5") as fio:
            time.sleep(1.5)
            process.send_signal(signal.SIGSTOP)
            time.sleep(2)
            process.send_signal(signal.SIGCONT)
            done = json.loads(fio.communicate(timeout=30)[0])["jobs"][0]["write"]["total_ios"]
        self.end(process)
        report = self.report()
        lost = {loss["what"]: loss["count"] for loss in report["loss"] if loss["severity"] == "loss"}
        print(f"{done} I/Os, {report['ios']['total']} recorded, {lost['ring-full']} lost", file=sys.stderr)
        self.assertGreater(lost["ring-full"], 0)
        self.assertEqual(report["ios"]["total"] + lost["ring-full"], done)
        self.assertEqual(sum(lost.values()), lost["ring-full"], lost)
        self.assertEqual(report["verdict"]["sentences"], [])
        text = commands.dioscope("report", self.file("capture")).stdout
        self.assertRegex(text, r"!!!\s+ring-full")


if __name__ == "__main__":
    commands.DIOSCOPE = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
