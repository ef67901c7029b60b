#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Records on this machine's own kernel as a user would, and compares what comes out with fio's own counts.

usage: recording.py DIOSCOPE
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import commands
from commands import IOS, RecordingBed, dioscope, fio_command


@unittest.skipUnless(os.geteuid() == 0, "not root: nothing can be recorded")
class RecordTests(RecordingBed):
    """Recording as it should go; surviving.py has what goes wrong."""

    def test_who_caches_is_told(self) -> None:
        """Somebody has the file open without O_DIRECT, so that some of its pages are cached."""
        target = self.directory / "file"
        target.write_bytes(bytes(16 << 20))
        os.sync()
        with target.open("rb") as buffered:
            buffered.read(4096)
            done = self.record("--", *fio_command(self.directory, "--invalidate=0", "--offset=8M", "--size=8M"))
            self.assertEqual(done.returncode, 0, done.stderr)
        report = self.report()
        if report["reasons"][:1] != [{"reason": "page-cache-present", "ios": report["reasons"][0]["ios"],
                                      "avoidable": False}]:
            self.skipTest("this file system does not defer for cached pages")
        [user] = report["source"]["file_users"]
        self.assertEqual((user["pid"], user["inode"], user["mapped"]), (os.getpid(), target.stat().st_ino, False))
        self.assertIn(f"open without O_DIRECT in {user['name']} ({os.getpid()})", json.dumps(report["verdict"]))

    def test_exit_code_is_the_commands(self) -> None:
        for status in (0, 3, 255):
            done = dioscope("record", "-q", "-o", self.file(f"exit{status}"), "--", "sh", "-c", f"exit {status}")
            # 4: there was no direct I/O, which a command that did well does not say.
            self.assertEqual(done.returncode, status or 4)
        done = dioscope("record", "-q", "-o", self.file("killed"), "--", "sh", "-c", "kill -9 $$")
        self.assertEqual(done.returncode, 137)

    def test_output_is_the_commands(self) -> None:
        done = self.record("--", "echo", "untouched")
        self.assertEqual(done.stdout, "untouched\n")
        self.assertIn("0 I/Os recorded", done.stderr)

    def test_command_not_found(self) -> None:
        self.expect(self.record("--", "no-such-command"), 127, "command not found")
        self.assertFalse(Path(self.file("capture")).exists())

    def test_command_not_executable(self) -> None:
        self.expect(self.record("--", "/etc/passwd"), 126, "Permission denied")

    def test_output_exists(self) -> None:
        Path(self.file("capture")).write_text("precious")
        self.expect(self.record("--", "true"), 73, "exists")
        self.assertEqual(Path(self.file("capture")).read_text(), "precious")

    def test_output_not_writable(self) -> None:
        self.expect(dioscope("record", "-o", "/proc/capture", "--", "true"), 73, "cannot create")

    def test_default_names_differ(self) -> None:
        for _ in range(2):
            self.assertEqual(dioscope("record", "-q", "--", "true", cwd=self.directory).returncode, 4)
        self.assertEqual(len(list(self.directory.glob("dioscope-*.dioscope"))), 2)

    def test_signal_ends_cleanly(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number.name):
                Path(self.file("capture")).unlink(missing_ok=True)
                process = self.running()
                process.send_signal(number)
                output, messages = process.communicate(timeout=20)
                # Nobody did direct I/O meanwhile, or somebody did.
                self.assertIn(process.returncode, (0, 4), messages)
                self.assertIn("I/Os", output)
                self.assertEqual(dioscope("report", self.file("capture")).returncode, process.returncode)

    def test_signal_while_probes_are_loaded(self) -> None:
        """There is nothing to be kept yet, and nobody waits for the verifier."""
        process = subprocess.Popen([commands.DIOSCOPE, "record", "-o", self.file("capture"), "--", "sleep", "60"],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        time.sleep(0.3)
        # Not SIGINT: a shell that runs these tests in the background has it ignored.
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=5)
        self.assertEqual(process.returncode, -signal.SIGTERM, output)
        self.assertFalse(Path(self.file("capture")).exists())

    def test_signal_reaches_the_command(self) -> None:
        process = self.running("--", "sleep", "60")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)

    def test_second_signal_aborts(self) -> None:
        process = self.running("--", "sh", "-c", "trap '' INT; exec sleep 60")
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        self.assertEqual(process.returncode, 128 + signal.SIGINT)

    def test_every_io_of_fio(self) -> None:
        done = self.record("--", *fio_command(self.directory))
        self.assertEqual(done.returncode, 0, done.stderr)
        job = json.loads(done.stdout)["jobs"][0]["write"]
        report = self.report()
        self.assertEqual(job["total_ios"], IOS)
        self.assertEqual(report["ios"]["total"], IOS)
        self.assertEqual(report["ios"]["write"], IOS)
        self.assertEqual([loss for loss in report["loss"] if loss["severity"] == "loss" and loss["count"]], [])
        self.assertEqual(sum(count for count in report["contexts"].values() if count), IOS)
        self.assertLessEqual(report["latency"]["mean_ns"], job["lat_ns"]["mean"])
        lines = [json.loads(line) for line in dioscope("list", "--json", self.file("capture")).stdout.splitlines()]
        self.assertEqual(len(lines), IOS)
        for io in lines:
            self.assertEqual(sum(stage["ns"] for stage in io["stages"]), io["latency_ns"])

    def test_why_there_is_nothing_is_said_without_a_report(self) -> None:
        done = self.record("-q", "--", "dd", "if=/dev/zero", "of=" + self.file("buffered"), "bs=1M", "count=4")
        self.assertRegex(done.stderr, r"\ndioscope: dd wrote 4\S+, none of it by direct I/O.*\n  -> .*oflag=direct")

    def test_buffered_command_is_told_so(self) -> None:
        done = self.record("--", "dd", "if=/dev/zero", "of=" + self.file("buffered"), "bs=1M", "count=4")
        self.assertEqual(done.returncode, 4, done.stderr)
        # What the file system writes for dd is in it too.
        self.assertRegex(" ".join(done.stderr.split()), r"dd wrote 4(M|1\d\dk), none of it by")
        self.expect(dioscope("report", self.file("capture")), 4, "none of it by direct I/O.*\\n.*oflag=direct")
        [unseen] = self.report()["unseen"]
        self.assertEqual((unseen["what"], unseen["op"], unseen["direct_bytes"]), ("command", "write", 0))
        self.assertGreaterEqual(unseen["bytes"], 4 << 20)

    def test_reads_at_the_end_are_not_lost(self) -> None:
        target = self.directory / "whole"
        target.write_bytes(bytes(1 << 20))
        os.sync()
        done = self.record("--", "dd", f"if={target}", "of=/dev/null", "bs=64k", "iflag=direct")
        self.assertIn("16 I/Os recorded, 0 lost", done.stderr)
        [nothing] = [loss for loss in self.report()["loss"] if loss["what"] == "restarted"]
        self.assertGreaterEqual(nothing["count"], 1)

    def test_memory_file_system_is_told_beforehand(self) -> None:
        done = self.record("--", "true", "--filename=/dev/shm/nothing")
        self.assertIn("/dev/shm/nothing is on tmpfs, whose direct I/O is not followed", done.stderr)

    def test_sample(self) -> None:
        done = self.record("--sample", "1/5", "--", *fio_command(self.directory))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("a random", done.stderr)
        report = self.report()
        [left_out] = [loss["count"] for loss in report["loss"] if loss["what"] == "sampled-out"]
        self.assertEqual(report["ios"]["total"] + left_out, IOS)
        self.assertEqual(report["sample"]["of_ios"], IOS)
        # A fifth, by chance: seven standard deviations around it.
        self.assertAlmostEqual(report["ios"]["total"] / IOS, 0.2, delta=7 * (0.16 / IOS) ** 0.5)
        self.assertEqual([loss for loss in report["loss"] if loss["severity"] == "loss" and loss["count"]], [])

    def test_no_holders(self) -> None:
        done = self.record("--no-holders", "--", *fio_command(self.directory))
        self.assertEqual(done.returncode, 0, done.stderr)
        report = self.report()
        missing = {probe["name"]: probe["reason"] for probe in report["source"]["probes"]["missing"]}
        self.assertEqual(missing.get("tp_btf/sched_switch"), "not asked for: --no-occupants")
        self.assertNotIn("tp_btf/workqueue_execute_start", missing)
        self.assertEqual(report["ios"]["total"], IOS)
        self.assertEqual([loss for loss in report["loss"] if loss["severity"] == "loss" and loss["count"]], [])
        self.assertIsNone(report["scheduling"])
        self.assertFalse((report["queue_wait"] or {}).get("causes"))

    def test_filters(self) -> None:
        fio = fio_command(self.directory)
        subprocess.run(fio, capture_output=True, check=True)
        inode = os.stat(self.directory / "file").st_ino
        device = os.stat(self.directory / "file").st_dev
        number = f"{os.major(device)}:{os.minor(device)}"
        other = subprocess.Popen(["sleep", "60"])
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        for words, count in (
            (["--file", self.file("file")], IOS), (["--inode", str(inode)], IOS), (["--inode", str(inode + 1)], 0),
            (["--device", number], IOS), (["--comm", "fio"], IOS), (["--comm", "other"], 0),
            (["--pid", str(other.pid)], 0),
        ):
            with self.subTest(" ".join(words)):
                Path(self.file("capture")).unlink(missing_ok=True)
                process = self.running(*words)
                subprocess.run(fio, capture_output=True, check=True)
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=20)
                total = self.report()["ios"]["total"]
                # Others may do direct I/O to the same device meanwhile.
                (self.assertGreaterEqual if words[0] == "--device" else self.assertEqual)(total, count)

    def test_pid_and_its_children(self) -> None:
        command = ["sh", "-c", 'read line; "$@" >/dev/null; exit 0', "sh", *fio_command(self.directory)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as traced:
            process = self.running("--pid", str(traced.pid))
            traced.communicate("go\n", timeout=30)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        self.assertEqual(self.report()["ios"]["total"], IOS)

    def test_children_of_the_time_that_loading_takes(self) -> None:
        fio = " ".join(fio_command(self.directory))
        loop = f"sleep 0.3; (sleep 12; exec {fio}) >/dev/null & sleep 30"
        with subprocess.Popen(["sh", "-c", loop], start_new_session=True) as parent:
            process = self.running("--pid", str(parent.pid))
            time.sleep(14)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
            os.killpg(parent.pid, signal.SIGKILL)
        self.assertEqual(self.report()["ios"]["total"], IOS)

    def test_what_a_command_left_running(self) -> None:
        """A recording ends with its command, and says whom the command did not wait for."""
        fio = " ".join(fio_command(self.directory))
        done = self.record("--", "sh", "-c", f"{fio} >/dev/null; sleep 2 >/dev/null 2>&1 &\nexit 0")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"the command has ended, and sleep/\d+, which it started, runs on")
        waited = dioscope("record", "-q", "-o", self.file("second"), "--", "sh", "-c", "sleep 0.2 & wait")
        self.assertNotIn("runs on", waited.stderr)

    def test_two_recorders_do_not_disturb_each_other(self) -> None:
        fio = fio_command(self.directory)
        subprocess.run(fio, capture_output=True, check=True)
        process = self.running("--file", self.file("file"))
        done = dioscope("record", "-q", "-o", self.file("second"), "--", *fio)
        self.assertEqual(done.returncode, 0, done.stderr)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        self.assertEqual(self.report()["ios"]["total"], IOS)
        second = json.loads(dioscope("report", "--json", self.file("second")).stdout)
        self.assertEqual(second["ios"]["total"], IOS)

    def test_begun_and_ended_in_the_middle(self) -> None:
        depth = 16
        words = [word for word in fio_command(self.directory) if not word.startswith("--number_ios")]
        subprocess.run(fio_command(self.directory), capture_output=True, check=True)
        with subprocess.Popen([*words, "--time_based", "--runtime=60"], stdout=subprocess.DEVNULL) as fio:
            time.sleep(2)
            done = self.record("--duration", "1s", "-q")
            fio.terminate()
            fio.wait(timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        report = self.report()
        counts = {loss["what"]: loss["count"] for loss in report["loss"]}
        self.assertGreater(report["ios"]["total"], 100)
        # Those on their way at either end are counted, not recorded with invented times.
        self.assertLessEqual(counts["unmatched-completion"], depth)
        self.assertEqual(counts["in-flight-at-end"], 0)
        self.assertEqual(counts["slots-full"] + counts["ring-full"], 0)
        self.assertEqual(report["quality"]["unfinished_ios"], 0)
        self.assertEqual(report["quality"]["disordered_ios"], 0)

    def test_no_btf(self) -> None:
        script = 'mount -t tmpfs none /sys/kernel/btf && exec "$@"'
        done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", commands.DIOSCOPE, "record", "--", "true"],
                              capture_output=True, text=True, timeout=60, check=False, cwd=self.directory)
        self.expect(done, 69, "no BTF")
        self.assertRegex(done.stderr, "CONFIG_DEBUG_INFO_BTF")

    def test_status_line_only_on_a_terminal(self) -> None:
        done = self.record("--", "sleep", "1.5")
        self.assertNotIn("IOPS", done.stderr.split("wrote")[0])
        self.assertIsNone(re.search("\x1b", done.stderr))


if __name__ == "__main__":
    commands.DIOSCOPE = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
