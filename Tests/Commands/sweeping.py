#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs `dioscope sweep` as a user would: on this machine's ext4, stopped, killed, without fio, without room.

usage: sweeping.py DIOSCOPE
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import commands
from commands import Bed, can_record

STATE = Path("/run/dioscope")
QUICK = ("--size", "8M", "--runtime", "300ms", "--ramp", "100ms")


def dioscope(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    """A sweep loads the probes anew for each traced run: more time than other commands get."""
    return subprocess.run([commands.DIOSCOPE, *words], capture_output=True, text=True, timeout=240, check=False, **options)


class SweepBed(Bed):
    """A directory to sweep, a switch, and a name for the result."""

    def setUp(self) -> None:
        super().setUp()
        self.swept = self.directory / "swept"
        self.swept.mkdir()
        self.result = self.file("result.sweep")
        # A switch of the kernel's is a small file in memory that keeps what is written to it.
        self.switch = Path("/dev/shm") / f"dioscope-test-{os.getpid()}-{id(self)}"
        self.switch.write_text("7\n")
        self.addCleanup(self.switch.unlink, missing_ok=True)

    def sweep(self, *words: str, **options: object) -> subprocess.CompletedProcess[str]:
        quick = [word for pair in zip(QUICK[::2], QUICK[1::2]) if pair[0] not in words for word in pair]
        return dioscope("sweep", "--directory", str(self.swept), "-o", self.result, *quick, *words, **options)

    def table(self, *words: str) -> dict:
        done = dioscope("sweep", "--show", self.result, "--json", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def saved(self) -> list[dict]:
        return [json.loads(line)["run"] for line in Path(self.result).read_text().splitlines()[1:]]

    def fake_fio(self, script: str) -> dict[str, str]:
        """A PATH in which fio is that shell script; $real is the real one."""
        directory = self.directory / "bin"
        directory.mkdir()
        fio = directory / "fio"
        fio.write_text(f"#!/bin/sh\nreal={shutil.which('fio')}\n{script}\n")
        fio.chmod(0o755)
        return {**os.environ, "PATH": f"{directory}:{os.environ['PATH']}"}

    def expect_nothing_left(self) -> None:
        self.assertEqual(self.switch.read_text(), "7\n")
        self.assertEqual(list(self.swept.iterdir()), [])
        self.assertEqual([p for p in self.directory.iterdir() if "capture" in p.name], [])
        self.assertEqual(list(STATE.glob("sweep-*")), [])
        running = subprocess.run(["pgrep", "-f", str(self.swept)], capture_output=True, text=True, check=False)
        self.assertEqual(running.stdout, "")


class UsageTests(SweepBed):
    def test_help_and_schema(self) -> None:
        self.assertIn("EXAMPLES", dioscope("sweep", "--help").stdout)
        self.assertNotIn("guard-sweep", dioscope("--help").stdout)
        self.assertEqual(json.loads(dioscope("sweep", "--schema").stdout)["$id"], "dioscope.sweep/1")
        self.assertEqual(json.loads(dioscope("compare", "--schema").stdout)["$id"], "dioscope.compare/2")

    def test_usage(self) -> None:
        here = ("--directory", str(self.swept))
        for words in (
            [], ["--engine", "libaio"], [*here, "--engine", "libaio,nonsense"], [*here, "--depth", "0"],
            [*here, "--depth", "1,,2"], [*here, "--block-size", "100"], [*here, "--op", "erase"],
            [*here, "--toggle", "/sys/x"], [*here, "--cpus", "a"], [*here, "--ramp", "soon"], [*here, "--repeat", "0"],
            [*here, "--preset", "other"], [*here, "--size", "1K"], [*here, "--resume", "x"], ["--show", "x", "-o", "y"],
            [*here, "--json", "--markdown"], [*here, *here], [*here, "--base", "x", "--versus", "engine"],
        ):
            with self.subTest(" ".join(words)):
                self.expect(dioscope("sweep", *words), 64, "dioscope: |Error")

    def test_targets(self) -> None:
        self.expect(dioscope("sweep", "--directory", self.file("none")), 66, "No such file")
        self.expect(dioscope("sweep", "--directory", "/dev/null"), 66, "not a directory")
        self.expect(dioscope("sweep", "--device", "/dev/null"), 66, "not a block device")

    def test_dry_run_touches_nothing(self) -> None:
        done = self.sweep("--preset", "low-depth", "--dry-run")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 11 * 3 * 2 + 1)
        self.assertFalse(Path(self.result).exists())
        again = self.sweep("--preset", "low-depth", "--dry-run")
        self.assertEqual(done.stdout, again.stdout)
        self.assertNotEqual(done.stdout, self.sweep("--preset", "low-depth", "--dry-run", "--seed", "2").stdout)

    def test_a_device_is_not_written_unasked(self) -> None:
        device = next((p for p in Path("/dev").glob("loop[0-9]*") if p.is_block_device()), None)
        if device is None:
            self.skipTest("no block device to name")
        done = dioscope("sweep", "--device", str(device), "--op", "randwrite", "-o", self.result)
        self.expect(done, 64, "--destroy-data")
        self.assertFalse(Path(self.result).exists())

    def test_a_device_in_use_is_not_written_at_all(self) -> None:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
        device = next((m[0] for m in mounts if m[0].startswith("/dev/") and Path(m[0]).is_block_device()), None)
        if device is None:
            self.skipTest("no mounted block device")
        done = dioscope("sweep", "--device", device, "--op", "write", "--destroy-data", "-o", self.result)
        self.expect(done, 73, "in use|not permitted")

    def test_no_saved_sweep(self) -> None:
        Path(self.result).write_text("hello\n")
        self.expect(dioscope("sweep", "--show", self.file("none")), 66, "No such file")
        self.expect(dioscope("sweep", "--show", str(self.directory)), 66, "is a directory")
        for arguments in (["--show"], ["--resume"], ["--directory", str(self.swept), "--base"]):
            self.expect(dioscope("sweep", *arguments, self.result), 65, "is not a saved sweep")
        Path(self.result).write_text('{"sweep": 1}\n')
        self.expect(dioscope("sweep", "--show", self.result), 65, "line 1")
        self.expect(dioscope("report", self.result), 65, "is a saved sweep.*\n.*sweep --show")
        Path(self.result).write_text('{"schema": "dioscope.report/1"}\n')
        self.expect(dioscope("list", self.result), 65, "is a saved report.*\n.*compare")


class SweepTests(SweepBed):
    @classmethod
    def setUpClass(cls) -> None:
        if not can_record():
            raise unittest.SkipTest("needs root and a kernel that can be traced")

    def test_without_fio(self) -> None:
        done = self.sweep(env={**os.environ, "PATH": str(self.swept)})
        self.expect(done, 69, "fio is not installed.*\n.*apt install fio")

    def test_an_old_fio(self) -> None:
        self.expect(self.sweep(env=self.fake_fio("echo fio-2.19")), 69, "2.19 is too old")
        self.assertFalse(Path(self.result).exists())

    def test_no_fio_at_all_by_that_name(self) -> None:
        self.expect(self.sweep(env=self.fake_fio("echo hello")), 69, "does not say its version")

    def test_a_sweep(self) -> None:
        done = self.sweep("--engine", "libaio,psync", "--depth", "1,4", "--op", "randwrite", "--repeat", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(all(len(line) <= 80 for line in done.stdout.splitlines()), done.stdout)
        self.assertEqual(len(self.saved()), 3 * 2)
        self.assertIn("[6/6]", done.stderr)
        rows = self.table()["rows"]
        self.assertEqual([(r["new"]["engine"], r["new"]["qd"]) for r in rows],
                         [("libaio", 1), ("libaio", 4), ("psync", 1)])
        for row in rows:
            self.assertGreater(row["new"]["iops"]["value"], 0)
            self.assertIsNone(row["new"]["iops"]["low"])
            stages = sum(stage["new"] for stage in row["recorded"]["stages"])
            mean = next(m["new"] for m in row["recorded"]["metrics"] if m["name"] == "mean")
            self.assertAlmostEqual(stages, mean, delta=1)
        self.expect(self.sweep(), 73, "exists")
        self.expect_nothing_left()
        text = dioscope("sweep", "--show", self.result, "--base", self.result, "--markdown").stdout
        self.assertEqual(sum(line.startswith("| ext4") for line in text.splitlines()), 3, text)
        self.assertEqual([r["new"]["engine"] for r in self.table("--versus", "engine")["rows"]], ["psync"])
        self.expect(dioscope("compare", self.result, self.result), 65, "is a saved sweep.*\n.*--base")

    def test_a_failing_cell(self) -> None:
        fio = self.fake_fio("""case "$*" in
            *--iodepth=4*) echo 'fio: pid=1, err=5/file:io_u.c:9, func=io_u, error=Input/output error' >&2; exit 1 ;;
            *--iodepth=2*) echo '{"jobs": [{"error": "none"}]}' ;;
            *) exec "$real" "$@" ;;
            esac""")
        done = self.sweep("--depth", "1,2,4", "--repeat", "1", "--toggle", f"{self.switch}=0,1", env=fio)
        self.expect(done, 2, "failed: fio failed \\(1\\): Input/output error")
        self.assertIn("fio's JSON is not what fio 3 prints", done.stderr)
        for row in self.table()["rows"]:
            good = row["new"]["qd"] == 1
            self.assertEqual(row["new"]["iops"] is not None, good)
            self.assertEqual(row["new"]["failures"] == [], good)
        self.expect_nothing_left()
        # Only what failed is made again.
        done = dioscope("sweep", "--resume", self.result)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("[8/8]", done.stderr)
        self.assertTrue(all(row["new"]["failures"] == [] for row in self.table()["rows"]))

    def test_a_fio_that_hangs_does_not_outlive_the_sweep(self) -> None:
        fio = self.fake_fio("""case "$*" in *--iodepth=1*) exec sleep 1000 ;; *) exec "$real" "$@" ;; esac""")
        process = self.start("--repeat", "1", env=fio)
        time.sleep(3)
        process.kill()
        process.wait()
        self.await_nothing_left()

    def test_a_switch_that_cannot_be_set(self) -> None:
        done = self.sweep("--toggle", "/proc/version=0,1", "--repeat", "1", "--no-control")
        self.expect(done, 2, "cannot write 0 to /proc/version")
        self.expect(self.sweep("--toggle", "/sys/none=0,1"), 66, "cannot be read")

    # MARK: Stopped

    def start(self, *words: str, **options: object) -> subprocess.Popen[str]:
        """In a session of its own, as a terminal has it."""
        command = [commands.DIOSCOPE, "sweep", "--directory", str(self.swept), "-o", self.result, "--size", "8M",
                   "--ramp", "0", "--toggle", f"{self.switch}=0,1", *words]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   start_new_session=True, **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        return process

    def await_run(self, count: int) -> None:
        """Until so many runs are saved, the next one is under way, and the switch is flipped."""
        end = time.monotonic() + 50
        while time.monotonic() < end:
            if Path(self.result).exists() and len(Path(self.result).read_text().splitlines()) > count:
                time.sleep(0.5)
                self.assertIn(self.switch.read_text(), ("0\n", "1\n"))
                return
            time.sleep(0.05)
        self.fail("no run was saved")

    def await_nothing_left(self) -> None:
        for _ in range(100):
            if self.switch.read_text() == "7\n" and not list(self.swept.iterdir()) and not list(STATE.glob("sweep-*")):
                break
            time.sleep(0.1)
        self.expect_nothing_left()

    def test_ctrl_c_in_a_cell(self) -> None:
        process = self.start("--runtime", "2s", "--repeat", "1")
        self.await_run(1)
        os.killpg(process.pid, signal.SIGINT)
        _, messages = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, messages)
        self.assertRegex(messages, "stopped after 1 of 4 runs\n.*--resume")
        self.expect_nothing_left()
        done = dioscope("sweep", "--resume", self.result)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.saved()), 4)
        self.assertEqual(len({json.dumps(run["planned"], sort_keys=True) for run in self.saved()}), 4)
        self.expect_nothing_left()
        self.expect_another_box_is_refused()

    def expect_another_box_is_refused(self) -> None:
        header, rest = Path(self.result).read_text().split("\n", 1)
        content = json.loads(header)
        content["sweep"]["kernel"] = "4.18"
        Path(self.result).write_text(json.dumps(content, separators=(",", ":")) + "\n" + rest)
        self.expect(dioscope("sweep", "--resume", self.result), 65, "kernel was 4.18")

    def test_sigterm(self) -> None:
        process = self.start("--runtime", "10s", "--repeat", "1")
        time.sleep(2)
        process.terminate()
        _, messages = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 143, messages)
        self.expect_nothing_left()

    def test_a_kill(self) -> None:
        process = self.start("--runtime", "1s", "--repeat", "1")
        self.await_run(1)
        process.kill()
        process.wait()
        self.await_nothing_left()

    def test_when_the_guard_is_killed_too(self) -> None:
        process = self.start("--runtime", "1s", "--repeat", "1")
        self.await_run(1)
        guards = subprocess.run(["pgrep", "-P", str(process.pid), "-f", "guard-sweep"], capture_output=True, text=True,
                                check=False).stdout.split()
        self.assertEqual(len(guards), 1)
        os.kill(int(guards[0]), signal.SIGKILL)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.assertNotEqual(self.switch.read_text(), "7\n")
        done = dioscope("sweep", "--resume", self.result)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"restoring {self.switch}", done.stderr)
        self.await_nothing_left()

    # MARK: No room

    def small_disk(self, size: str) -> Path:
        place = self.directory / "small"
        place.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(place)], check=False)
        return place

    def test_no_room_for_the_file(self) -> None:
        done = self.sweep("--directory", str(self.small_disk("12M")), "--size", "16M", "--repeat", "1", "--no-control")
        self.expect(done, 2, "failed: no room: 16777216 bytes are needed")
        good = [row["new"]["iops"] is not None for row in self.table()["rows"]]
        self.assertEqual(good, [True, False])
        self.expect_nothing_left()

    def test_no_room_for_the_result(self) -> None:
        place = self.small_disk("8k")
        (place / "filler").write_bytes(bytes(4096))
        self.result = str(place / "result.sweep")
        done = self.sweep("--repeat", "9", "--no-control", "--toggle", f"{self.switch}=0,1")
        self.expect(done, 74, "cannot write .*result.sweep: No space left")
        self.expect_nothing_left()


if __name__ == "__main__":
    commands.DIOSCOPE = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
