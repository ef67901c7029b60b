#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs the executable as a user would: exit codes, messages, reports of captures.

usage: commands.py DIOSCOPE
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path

DIOSCOPE = ""
IOS = 1499


def dioscope(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs dioscope to its end, both outputs as text."""
    return subprocess.run([DIOSCOPE, *words], capture_output=True, text=True, timeout=60, check=False, **options)


def can_record() -> bool:
    return dioscope("check").returncode == 0


def fio_command(directory: Path, *more: str) -> list[str]:
    return ["fio", "--name=job", f"--filename={directory}/file", "--size=16M", "--direct=1", "--ioengine=libaio",
            "--rw=randwrite", "--bs=4k", "--iodepth=16", f"--number_ios={IOS}", "--fallocate=none",
            "--output-format=json", *more]


class Bed(unittest.TestCase):
    """A test with a directory of its own, on a file system that takes direct I/O."""

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="dioscope-test-", dir=os.environ.get("DIOSCOPE_TEST_DIR", "/var/tmp")))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def file(self, name: str) -> str:
        return str(self.directory / name)

    def expect(self, done: subprocess.CompletedProcess[str], status: int, message: str) -> None:
        """One clear line on standard error, and the documented exit code."""
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertRegex(done.stderr, message)
        self.assertNotIn("Fatal error", done.stderr)


class UsageTests(Bed):
    def test_unknown_option(self) -> None:
        self.expect(dioscope("record", "--bogus"), 64, "--bogus")

    def test_unknown_verb(self) -> None:
        self.expect(dioscope("frobnicate"), 64, "frobnicate")

    def test_unknown_pid(self) -> None:
        self.expect(dioscope("record", "--pid", "4194303", "--duration", "1s"), 64, "no such process")

    def test_unknown_device(self) -> None:
        self.expect(dioscope("record", "--device", "nosuchdevice", "--duration", "1s"), 64, "nosuchdevice")

    def test_device_that_is_none(self) -> None:
        self.expect(dioscope("record", "--device", "/dev/null", "--duration", "1s"), 64, "not a block device")

    def test_unknown_file(self) -> None:
        self.expect(dioscope("record", "--file", self.file("none"), "--duration", "1s"), 64, "No such file")

    def test_bad_duration(self) -> None:
        for word in ("0", "-1", "abc", "10x", "nan", "1e99"):
            self.expect(dioscope("record", f"--duration={word}"), 64, "duration")

    def test_bad_sample(self) -> None:
        for word in ("5", "1/0", "2/5", "1/x", "1/-5"):
            self.expect(dioscope("record", f"--sample={word}", "--duration", "1s"), 64, "sample")

    def test_long_comm(self) -> None:
        self.expect(dioscope("record", "--comm", "a" * 16, "--duration", "1s"), 64, "keeps the first 15 bytes")
        self.expect(dioscope("record", "--comm", "", "--duration", "1s"), 64, "1 to 15 bytes")

    def test_help_has_examples(self) -> None:
        for verb in ("check", "record", "report", "list"):
            done = dioscope(verb, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn("EXAMPLES", done.stdout)

    def test_version(self) -> None:
        self.assertRegex(dioscope("--version").stdout, r"^\d+\.\d+\.\d+( \(commit [0-9a-f]+(-dirty)?\))?\n$")


class BadInputTests(Bed):
    """Files that are no captures, or no longer."""

    captures = sorted((Path(__file__).resolve().parents[2] / "captures").glob("*.dioscope"))

    def capture(self) -> bytes:
        if not self.captures:
            self.fail("captures/ holds no capture")
        return self.captures[0].read_bytes()

    def write(self, name: str, content: bytes) -> str:
        (self.directory / name).write_bytes(content)
        return self.file(name)

    def test_missing(self) -> None:
        self.expect(dioscope("report", self.file("none")), 66, "No such file")

    def test_directory(self) -> None:
        self.expect(dioscope("report", str(self.directory)), 66, "directory")

    def test_empty(self) -> None:
        self.expect(dioscope("report", self.write("empty", b"")), 65, "is empty")

    def test_no_capture(self) -> None:
        self.expect(dioscope("report", self.write("text", b"hello, world\n" * 99)), 65, "not a capture")

    def test_future_version(self) -> None:
        content = bytearray(self.capture())
        content[8:10] = (99).to_bytes(2, "little")
        self.expect(dioscope("report", self.write("future", bytes(content))), 65, "newer dioscope")

    def test_cut(self) -> None:
        content = self.capture()
        done = dioscope("report", self.write("cut", content[:len(content) * 2 // 3]))
        self.expect(done, 2, "cut|end mark")
        self.assertIn("incomplete", done.stdout + done.stderr)

    def test_flipped(self) -> None:
        content = bytearray(self.capture())
        content[len(content) // 2] ^= 0xFF
        self.expect(dioscope("report", self.write("flipped", bytes(content))), 2, "damaged|checksum")

    def test_hostile_names_do_not_reach_the_terminal(self) -> None:
        done = dioscope("report", "/nonexistent/\x1b[31mred")
        self.assertEqual(done.returncode, 66)
        self.assertNotIn("\x1b", done.stderr)

    def test_reader_that_goes_away(self) -> None:
        shell = f"'{DIOSCOPE}' list --json '{self.captures[0]}' | head -n 1; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=60, check=True)
        self.assertEqual(done.stdout.splitlines()[-1], "0")
        self.assertEqual(done.stderr, "")

    def test_full_disk_on_output(self) -> None:
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([DIOSCOPE, "report", str(self.captures[0])], stdout=full, stderr=subprocess.PIPE,
                                  text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 74)
        self.assertIn("No space left", done.stderr)


class ReportTests(Bed):
    """What report and list make of a committed capture."""

    capture = str(BadInputTests.captures[0]) if BadInputTests.captures else "captures/none"

    def json(self, *words: str) -> dict:
        done = dioscope("report", "--json", *words, self.capture)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_groups_add_up(self) -> None:
        whole = self.json()["ios"]["total"]
        for word in ("device", "file", "op", "size", "cpu", "issuer", "context", "thread"):
            report = self.json("--by", word)
            self.assertEqual(sum(group["ios"]["total"] for group in report["groups"]), whole, word)
            self.assertEqual({group["by"] for group in report["groups"]}, {word})
            self.assertEqual(report["other_groups"], {"groups": 0, "ios": 0})
        report = self.json("--by", "context", "--top", "1")
        self.assertEqual(report["groups"][0]["ios"]["total"] + report["other_groups"]["ios"], whole)

    def test_placement(self) -> None:
        placement = self.json()["placement"]
        self.assertEqual(sum(row["ios"] for row in placement["rows"]), self.json()["latency"]["ios"])
        self.assertEqual(sum(kind["total_ns"] for kind in placement["kinds"]), self.json()["latency"]["total_ns"])
        for words, shown in ((["--where=context=kworker"], False), (["--where=context=kworker", "--cpus"], True)):
            self.assertEqual("\n CPUs  " in dioscope("report", *words, self.capture).stdout, shown)

    def test_causes_add_up(self) -> None:
        """In total and in each I/O of every committed capture that has causes."""
        seen = 0
        for capture in BadInputTests.captures:
            wait = json.loads(dioscope("report", "--json", str(capture)).stdout)["queue_wait"]
            if wait and wait["causes"]:
                self.assertEqual(sum(cause["total_ns"] for cause in wait["causes"]), wait["total_ns"])
                for cause in wait["causes"]:
                    self.assertIn(sum(name["total_ns"] for name in cause["names"]), (0, cause["total_ns"]))
            listed: Counter[str] = Counter()
            for line in dioscope("list", "--json", str(capture)).stdout.splitlines():
                io = json.loads(line)
                stage = [stage["ns"] for stage in io["stages"] if stage["name"] == "queue_wait"]
                self.assertEqual("queue_wait_causes" in io, bool(stage and wait["causes"]))
                if "queue_wait_causes" in io:
                    self.assertEqual([sum(cause["ns"] for cause in io["queue_wait_causes"])], stage)
                    for cause in io["queue_wait_causes"]:
                        listed[cause["cause"]] += cause["ns"]
                    seen += 1
            self.assertEqual(listed, {cause["cause"]: cause["total_ns"] for cause in (wait or {}).get("causes", [])})
        self.assertGreater(seen, 100)

    def test_percentiles(self) -> None:
        latency = self.json("--percentile", "99,50", "--percentile=100")["latency"]
        self.assertEqual([p["percentile"] for p in latency["percentiles"]], [99, 50, 100])
        self.assertEqual([p["ns"] for p in latency["percentiles"]],
                         [latency["p99_ns"], latency["p50_ns"], latency["max_ns"]])

    def test_selection(self) -> None:
        listed = [json.loads(line) for line in dioscope("list", "--json", self.capture).stdout.splitlines()]
        slow = [io for io in listed if io["latency_ns"] > 1_000_000 and io["context"] == "kworker"]
        condition = "latency>1ms and context=kworker"
        report = self.json("--where", condition)
        self.assertEqual(report["ios"]["total"], len(slow))
        self.assertEqual(report["selection"], {"where": condition, "of_ios": len(listed)})
        self.assertEqual(report["latency"]["total_ns"], sum(io["latency_ns"] for io in slow))
        chosen = dioscope("list", "--json", "--where", condition, self.capture).stdout.splitlines()
        self.assertEqual([json.loads(line) for line in chosen], slow)
        comm = listed[0]["comm"]
        self.assertEqual(self.json("--where", f"comm='{comm}'")["ios"]["total"],
                         sum(io["comm"] == comm for io in listed))
        grouped = self.json("--where", condition, "--by", "thread")
        self.assertEqual(sum(group["ios"]["total"] for group in grouped["groups"]), len(slow))
        self.assertIn("only where", dioscope("report", "--where", condition, self.capture).stdout)

    def test_selection_that_finds_nothing(self) -> None:
        done = dioscope("report", "--where", "latency>1000s", self.capture)
        self.assertEqual(done.returncode, 0)
        self.assertIn("no I/Os", done.stdout)
        done = dioscope("list", "--where", "latency>1000s", self.capture)
        self.assertRegex(done.stdout, r"\n0 of \d+ I/Os are where latency>1000s\n$")

    def test_order_and_limit(self) -> None:
        def latencies(*words: str) -> list[int]:
            done = dioscope("list", "--json", *words, self.capture)
            self.assertEqual(done.returncode, 0, done.stderr)
            return [json.loads(line)["latency_ns"] for line in done.stdout.splitlines()]

        every = latencies()
        self.assertEqual(latencies("--slowest", "5"), sorted(every, reverse=True)[:5])
        self.assertEqual(latencies("--sort", "latency", "--limit=5"), sorted(every, reverse=True)[:5])
        self.assertEqual(latencies("--sort", "-latency", "--limit=100"), sorted(every)[:100])
        self.assertEqual(len(latencies("--sort", "length")), 10)
        self.assertEqual(latencies("--limit", "7"), every[:7])
        table = dioscope("list", "--limit", "3", self.capture).stdout.splitlines()
        self.assertEqual(len(table), 4)
        waterfall = dioscope("list", "--waterfall", "--limit", "2", self.capture).stdout
        self.assertEqual(waterfall.count("completed in"), 2)
        self.assertTrue(all(len(line) <= 80 for line in waterfall.splitlines()))
        for width in (40, 60, 80):
            table = dioscope("list", "--width", str(width), "--limit", "3", self.capture).stdout.splitlines()
            self.assertTrue(all(len(line) <= width for line in table), table)

    def test_bad_selections(self) -> None:
        for text, column in ((" ", 2), ("latancy>1ms", 1), ("latency>1", 9), ("op=write and", 13), ("(" * 5000, 4097),
                             ("(" * 100 + "op=write", 65), ("comm='fio", 6), ("op=\x1b[31m", 4)):
            for verb in ("report", "list"):
                done = dioscope(verb, f"--where={text}", self.capture)
                self.expect(done, 64, f"^dioscope: --where, column {column}: [^\n]*\n$")
                self.assertNotIn("\x1b", done.stderr)
        self.expect(dioscope("list", "--sort", "-speed", self.capture), 64, "--sort, column 2: unknown field")
        for words in (["--slowest=3", "--limit=3"], ["--slowest=0"], ["--limit=-1"], ["--json", "--waterfall"]):
            self.expect(dioscope("list", *words, self.capture), 64, "--")

    def test_bad_wishes(self) -> None:
        for words in (["--by", "colour"], ["--top=0", "--by=op"], ["--percentile=-1"], ["--percentile=101"],
                      ["--percentile=nan"], ["--percentile=50,"], ["--percentile=1,2,3,4,5,6,7,8,9"]):
            self.expect(dioscope("report", *words, self.capture), 64, words[0].split("=", maxsplit=1)[0])


@unittest.skipUnless(os.geteuid() == 0, "not root: privileges cannot be dropped")
class PrivilegeTests(Bed):
    def test_record_without_privileges(self) -> None:
        self.directory.chmod(0o777)
        program = shutil.copy(DIOSCOPE, self.file("dioscope"))
        Path(program).chmod(0o755)
        done = subprocess.run([program, "record", "--", "true"], capture_output=True, text=True, timeout=60,
                              check=False, user=65534, cwd=self.directory)
        self.expect(done, 77, "not permitted to load BPF programs\n.*run as root")
        done = subprocess.run([program, "check"], capture_output=True, text=True, timeout=60, check=False, user=65534)
        self.assertEqual(done.returncode, 77)
        self.assertIn("run as root", done.stdout)


class RecordingBed(Bed):
    """A test that records on this machine's own kernel, which may take only some of the probes."""

    def setUp(self) -> None:
        super().setUp()
        if not can_record():
            self.skipTest("this kernel does not take the probes: see dioscope check")

    def record(self, *words: str) -> subprocess.CompletedProcess[str]:
        return dioscope("record", "-o", self.file("capture"), *words)

    def report(self) -> dict:
        done = dioscope("report", "--json", self.file("capture"))
        report = json.loads(done.stdout)
        # 4: there is no direct I/O in it.
        self.assertEqual(done.returncode, 0 if report["ios"]["total"] else 4, done.stderr)
        return report

    def running(self, *words: str) -> subprocess.Popen[str]:
        # Whoever runs the tests may have had SIGHUP ignored; that is inherited.
        process = subprocess.Popen([DIOSCOPE, "record", "-o", self.file("capture"), *words],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
        if "--" in words:
            self.await_command(process)
        else:
            # What there is to say of the filters comes first.
            lines = []
            while not lines or lines[-1] and "recording into" not in lines[-1]:
                lines.append(process.stderr.readline())
            self.assertIn("recording into", lines[-1], lines)
        return process

    def await_command(self, recorder: subprocess.Popen[str]) -> None:
        """Until it runs: before, a signal ends the loading of the probes."""
        children = Path(f"/proc/{recorder.pid}/task/{recorder.pid}/children")
        end = time.monotonic() + 60
        while time.monotonic() < end:
            names = [Path(f"/proc/{child}/comm").read_text().strip() for child in children.read_text().split()]
            if any(name != "dioscope" for name in names):
                time.sleep(0.2)
                return
            time.sleep(0.05)
        self.fail("the command does not run")


if __name__ == "__main__":
    DIOSCOPE = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
