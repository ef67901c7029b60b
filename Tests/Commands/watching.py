#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The live view on this machine's kernel: lines against fio's own count, and the screen in tmux.

usage: watching.py DIOSCOPE
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

import commands
from commands import Bed, dioscope


def fio(directory: str, seconds: int, engine: str = "libaio", name: str = "file") -> list[str]:
    return ["fio", "--name=job", f"--filename={directory}/{name}", "--size=16M", "--direct=1", f"--ioengine={engine}",
            "--rw=randwrite", "--bs=4k", f"--iodepth={1 if engine == 'psync' else 4}", "--rate_iops=1000", "--time_based", f"--runtime={seconds}",
            "--output-format=json", "--thread"]


class UsageTests(Bed):
    def test_bad_words(self) -> None:
        self.expect(dioscope("live", "--interval", "10ms"), 64, "whole seconds")
        self.expect(dioscope("live", "--count", "0"), 64, "at least 1")
        self.expect(dioscope("live", "--device", "nonsense"), 64, "nonsense")


@unittest.skipUnless(os.geteuid() == 0, "not root: nothing can be watched")
class LineTests(Bed):
    def lines(self, engine: str, seconds: int) -> tuple[list[dict], dict]:
        """What the view said of fio's file second by second, and what fio says."""
        watch = subprocess.Popen([commands.DIOSCOPE, "live", "--json", "--file", self.touched()], stdout=subprocess.PIPE,
                                 text=True)
        self.addCleanup(watch.stdout.close)
        first = json.loads(watch.stdout.readline())
        self.assertEqual(first["ios"], 0)
        done = subprocess.run(fio(str(self.directory), seconds, engine), capture_output=True, text=True, check=True)
        time.sleep(2.5)
        watch.send_signal(signal.SIGTERM)
        lines = [json.loads(line) for line in watch.stdout]
        self.assertEqual(watch.wait(timeout=10), 0)
        return lines, json.loads(done.stdout)["jobs"][0]["write"]

    def test_lines_count_what_fio_does(self) -> None:
        lines, said = self.lines("libaio", 4)
        self.assertEqual(sum(line["ios"] + line["lost_ios"] for line in lines), said["total_ios"])
        busy = [line for line in lines if line["ios"] > 500]
        self.assertGreaterEqual(len(busy), 3)
        for line in busy:
            self.assertAlmostEqual(sum(stage["share"] for stage in line["stages"]), 1, delta=0.01)
            self.assertEqual(sum(line["contexts"].values()), line["ios"])
            self.assertTrue(line["p50_ns"] <= line["p99_ns"] <= line["p999_ns"] <= line["max_ns"] * 1.02)
            self.assertAlmostEqual(line["iops"], line["ios"] * 1e9 / line["interval_ns"], delta=1)
            self.assertAlmostEqual(line["interval_ns"], 1e9, delta=3e8)
        # Whole seconds in which fio kept its rate.
        middle = busy[1:-1]
        rate = sum(line["ios"] for line in middle) * 1e9 / sum(line["interval_ns"] for line in middle)
        self.assertAlmostEqual(rate / said["iops"], 1, delta=0.02)

    def test_means_are_fios(self) -> None:
        """A synchronous I/O ends for fio when it does for the kernel, but for a system call."""
        lines, said = self.lines("psync", 4)
        counted = [line for line in lines if line["ios"]]
        ios = sum(line["ios"] for line in counted)
        mean = sum(line["ios"] * line["mean_ns"] for line in counted) / ios
        self.assertEqual(ios, said["total_ios"])
        self.assertLess(mean, said["lat_ns"]["mean"])
        self.assertLess(said["lat_ns"]["mean"] - mean, 10_000 + 0.05 * mean)

    def touched(self) -> str:
        path = self.directory / "file"
        path.write_bytes(bytes(16 << 20))
        return str(path)

    def test_once(self) -> None:
        done = dioscope("live", "--once")
        self.assertEqual((done.returncode, len(done.stdout.splitlines())), (0, 1), done.stderr)
        self.assertRegex(done.stdout, r"^\d\d:\d\d:\d\d  [\d,]+ IOPS  ")


@unittest.skipUnless(os.geteuid() == 0, "not root: nothing can be watched")
@unittest.skipUnless(shutil.which("tmux"), "no tmux")
class ScreenTests(Bed):
    """A terminal of 80 columns and 24 rows in tmux, with a shell that the view is started from."""

    def setUp(self) -> None:
        super().setUp()
        self.socket = self.file("tmux")
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "sh")
        self.addCleanup(self.tmux, "kill-server")
        self.keys("PS1='ready> '; clear", "Enter")
        self.wait_for("ready>")

    def tmux(self, *words: str) -> str:
        return subprocess.run(["tmux", "-S", self.socket, *words], capture_output=True, text=True, check=False).stdout

    def keys(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def wait_for(self, text: str, seconds: float = 15) -> str:
        end = time.monotonic() + seconds
        while text not in (screen := self.screen()):
            if time.monotonic() > end:
                self.fail(f"no '{text}' on the screen:\n{screen}")
            time.sleep(0.1)
        return screen

    def start(self, *words: str, environment: str = "") -> None:
        # A debug build would ask on the terminal what is to become of a crash.
        environment = f"SWIFT_BACKTRACE=enable=no {environment}"
        self.keys(f"{environment} {commands.DIOSCOPE} live {' '.join(words)}", "Enter")

    def restored(self) -> None:
        self.wait_for("ready>")
        self.keys("clear; stty -a", "Enter")
        modes = self.wait_for("echoctl")
        self.assertRegex(modes, r"(?<!-)\becho\b")
        self.assertRegex(modes, r"(?<!-)\bicanon\b")

    def load(self, seconds: int) -> None:
        load = subprocess.Popen(fio(str(self.directory), seconds), stdout=subprocess.DEVNULL)
        self.addCleanup(load.wait)

    def test_screen_keys_and_resize(self) -> None:
        self.load(25)
        self.start()
        screen = self.wait_for("by device, most I/Os first", 25)
        lines = screen.splitlines()
        self.assertRegex(lines[0], r"^ dioscope live  all direct I/O  every 1s  dioscope [\d.]+% of a CPU +\d\d:\d\d:\d\d$")
        self.assertRegex(lines[1], r"^ [\d,]+ IOPS  [\d.]+ MB/s  \d+ in flight  mean ")
        self.assertRegex(lines[2], r"^ lost 0  p99.9 .* in ")
        self.assertRegex(screen, r"\n - device +\|")
        self.assertRegex(screen, r"\n latency, \d+ intervals, @ ")
        self.assertLessEqual(max(map(len, lines)), 80)
        self.assertIn(" q quit p pause", lines[23])
        self.keys("p")
        paused = self.wait_for("PAUSED")
        time.sleep(1.5)
        self.assertEqual(self.screen(), paused)
        self.keys("p")
        self.keys("g")
        self.wait_for("by file, most I/Os first (estimated from ")
        self.wait_for(f"{self.directory}/file"[-20:] + "  ~")
        self.keys("g")
        self.wait_for("fio/")
        self.keys("s")
        self.wait_for("by thread, most mean first")
        self.keys("h")
        self.wait_for("the view stands still")
        self.keys("h")
        self.keys("w")
        self.wait_for("no records are kept")
        self.keys("f", "op=read")
        self.wait_for("filter: op=read_")
        self.keys("Enter")
        self.wait_for("all direct I/O, op=read")
        self.wait_for("no I/O was completed in this interval")
        self.keys("f", "C-u", "latency>1ms", "Enter")
        self.wait_for("only with --keep")
        self.keys("f", "C-u", "opp=1", "Enter")
        self.wait_for("unknown field")
        self.keys("f", "C-u", "Enter")
        self.wait_for("- device")
        self.keys("+")
        self.wait_for("every 2s")
        self.keys("r")
        self.wait_for("waiting for the first interval")
        self.tmux("resize-window", "-x", "110", "-y", "30")
        time.sleep(1)
        self.assertIn(" q quit p pause", self.screen().splitlines()[29])
        self.tmux("resize-window", "-x", "40", "-y", "8")
        time.sleep(1)
        self.assertIn(" q quit p pause", self.screen().splitlines()[7])
        self.keys("q")
        self.tmux("resize-window", "-x", "80", "-y", "24")
        self.restored()

    def test_the_last_while_is_saved(self) -> None:
        (self.directory / "file").write_bytes(bytes(16 << 20))
        self.load(15)
        self.keys(f"cd {self.directory}", "Enter")
        self.start("--keep 5s", "--file", f"{self.directory}/file")
        self.wait_for("by device, most I/Os first", 25)
        time.sleep(7)
        self.keys("f", "latency>0", "Enter")
        self.wait_for("latency>0  every")
        self.keys("w")
        message = self.wait_for(" I/Os of the last ").splitlines()[23]
        # Several a second have names of their own.
        self.keys("w", "w", "w")
        time.sleep(2)
        self.assertNotIn("exists", self.screen())
        self.assertEqual(len(list(self.directory.glob("dioscope*.dioscope"))), 4)
        self.keys("q")
        self.restored()
        saved = re.search(r"(\S+\.dioscope): ([\d,]+) I/Os of the last ([\d.]+)s", message)
        self.assertTrue(5 <= float(saved[3]) <= 6.5, message)
        report = json.loads(dioscope("report", "--json", f"{self.directory}/{saved[1]}").stdout)
        self.assertEqual(report["ios"]["total"], int(saved[2].replace(",", "")))
        self.assertAlmostEqual(report["ios"]["total"], 1000 * float(saved[3]), delta=600)
        names = dioscope("report", "--by", "file,comm", f"{self.directory}/{saved[1]}").stdout
        self.assertIn(f"{self.directory}/file fio", names)

    def test_signals_restore_the_terminal(self) -> None:
        # The later process draws, the earlier one waits for it: either may be killed.
        for number, which in (("TERM", max), ("TERM", min), ("INT", min), ("SEGV", max), ("KILL", max), ("KILL", min), ("HUP", max)):
            with self.subTest(signal=number, which=which.__name__):
                self.start()
                self.wait_for("q quit")
                watchers = subprocess.run(["pgrep", "-f", f"^{commands.DIOSCOPE} live"], capture_output=True, text=True,
                                          check=True).stdout.split()
                subprocess.run(["kill", f"-{number}", which(watchers, key=int)], check=True)
                self.restored()

    def test_it_can_be_stopped_and_continued(self) -> None:
        self.start()
        self.wait_for("q quit")
        self.keys("C-z")
        self.restored()
        self.keys("clear; fg", "Enter")
        self.wait_for("q quit")
        self.keys("q")
        self.restored()

    def test_a_dumb_terminal_gets_lines(self) -> None:
        for kind in ("dumb", "nonsense"):
            self.keys("clear", "Enter")
            self.start("--count 2", environment=f"TERM={kind}")
            self.wait_for(" IOPS  ")
            self.wait_for("ready>")
            self.assertNotIn("q quit", self.screen())

    def test_a_machine_without_descriptions_of_terminals(self) -> None:
        hidden = "for place in /etc/terminfo /lib/terminfo /usr/share/terminfo; do mount -t tmpfs none $place; done"
        self.keys(f"unshare -m sh -c '{hidden}; HOME=/ {commands.DIOSCOPE} live' 2>/dev/null", "Enter")
        self.wait_for("q quit")
        self.keys("q")
        self.restored()

    def test_without_colour(self) -> None:
        self.start(environment="NO_COLOR=1")
        self.wait_for("q quit")
        self.assertNotRegex(self.tmux("capture-pane", "-p", "-e"), r"\x1b\[3[0-7]m")
        self.keys("q")
        self.restored()


if __name__ == "__main__":
    commands.DIOSCOPE = os.path.abspath(sys.argv.pop(1))
    unittest.main()
