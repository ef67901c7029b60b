#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks when submitters get the CPU back against the kernel's own events of the same run.

usage: reaping.py DIOSCOPE
"""

import json
import os
import re
import sys
import threading
import time
import unittest
from pathlib import Path

import commands
from commands import Bed, can_record, dioscope

TRACING = Path("/sys/kernel/tracing")


class Witness:
    """An ftrace instance with the switches and completions of a run."""

    def __init__(self, name: str) -> None:
        self.directory = TRACING / "instances" / name
        self.directory.mkdir()
        self.write("trace_clock", "mono")
        self.write("buffer_size_kb", "65536")
        for event in ("sched/sched_switch", "iomap/iomap_dio_rw_begin", "iomap/iomap_dio_complete"):
            self.write(f"events/{event}/enable", "1")
        self.write("events/sched/sched_switch/filter", 'prev_comm == "fio" || next_comm == "fio"')
        self.write("tracing_on", "1")

    def write(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text)

    def lines(self) -> list[str]:
        self.write("tracing_on", "0")
        for stats in self.directory.glob("per_cpu/cpu*/stats"):
            if not re.search(r"^overrun: 0$", stats.read_text(), re.MULTILINE):
                raise AssertionError(f"the witness lost events: {stats.read_text()}")
        return (self.directory / "trace").read_text(errors="replace").splitlines()

    def close(self) -> None:
        self.write("tracing_on", "0")
        self.directory.rmdir()


SWITCH = re.compile(r"prev_pid=(\d+) .*next_pid=(\d+) ")


def seen(lines: list[str], inode: int) -> tuple[int, float, int, int, float]:
    """Completions while the one submitter was off the CPU, their mean time to its return in nanoseconds, those while
    it ran, those of which its return was not seen, and their mean time until it began anew: it was back by then."""
    asleep = awake = missed = 0
    total = longest = 0.0
    pending: list[float] = []
    submitter, running = "", True
    for line in lines:
        found = re.search(r"-(\d+)\s.*\s(\d+\.\d+): (\w+): (.*)", line)
        if not found:
            continue
        pid, now, event, rest = found[1], float(found[2]) * 1e9, found[3], found[4]
        if event == "iomap_dio_rw_begin" and f"ino 0x{inode:x} " in rest:
            submitter = pid
            # A switch that the witness has missed, as it happens on some kernels: nobody knows when that was.
            missed += len(pending)
            longest += sum(now - time for time in pending)
            pending, running = [], True
        elif event == "sched_switch":
            left, came = SWITCH.search(rest).groups()
            if came == submitter:
                running = True
                total += sum(now - time for time in pending)
                asleep += len(pending)
                pending = []
            elif left == submitter:
                running = False
        elif event == "iomap_dio_complete" and f"ino 0x{inode:x} " in rest:
            if running:
                awake += 1
            else:
                pending.append(now)
    return asleep, total / max(1, asleep), awake, missed, longest / max(1, missed)


@unittest.skipUnless(os.geteuid() == 0 and (TRACING / "instances").is_dir(), "not root, or no tracefs")
class ReapTests(Bed):
    ended = False

    def measure(self, *options: str, moves: bool = False) -> None:
        if not can_record():
            self.skipTest("nothing can be recorded here")
        target = self.directory / "file"
        target.write_bytes(bytes(16 << 20))
        os.sync()
        witness = Witness(f"dioscope-{os.getpid()}")
        self.addCleanup(witness.close)
        mover = threading.Thread(target=self.move, daemon=True)
        if moves:
            mover.start()
        done = dioscope("record", "-q", "--full", "-o", self.file("capture"), "--", "fio", "--name=reap",
                        f"--filename={target}", "--size=16M", "--direct=1", "--ioengine=libaio", "--rw=randread",
                        "--bs=4k", "--time_based", "--runtime=1", "--output=/dev/null", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.ended = True
        lines = witness.lines()
        report = json.loads(dioscope("report", "--json", self.file("capture")).stdout)
        reported = report["scheduling"]
        asleep, mean, awake, missed, longest = seen(lines, target.stat().st_ino)
        ours = reported["reap_ns"] / max(1, reported["completed_asleep"])
        figures = (f"{reported['completed_asleep']} of {report['ios']['total']} asleep, back after {ours:.0f} ns; "
                   f"the witness has {asleep}, {mean:.0f} ns, {awake} awake, {missed} unseen, {longest:.0f} ns at most")
        # Who moves between CPUs while I/Os are in flight is not followed for those.
        self.assertGreater(reported["completed_asleep"], 0.5 * asleep, figures)
        self.assertLessEqual(reported["completed_asleep"], 1.02 * (asleep + missed) + 10, figures)
        # Some kernels do not put every switch into ftrace's ring, and which are missing is no accident: the mean of
        # those seen is not that of all. The others' waits were at least nothing, and at most until the submitter was
        # seen to run. Where none is missing, both limits are the mean.
        seen_ns, all_of_them = asleep * mean, max(1, asleep + missed)
        self.assertGreaterEqual(ours, 0.9 * seen_ns / all_of_them - 1000, figures)
        self.assertLessEqual(ours, 1.1 * (seen_ns + missed * longest) / all_of_them + 1000, figures)
        print(figures, file=sys.stderr)

    def move(self) -> None:
        """Takes whoever has the file open from CPU to CPU."""
        cpus = sorted(os.sched_getaffinity(0))
        turn = 0
        while not self.ended:
            for directory in Path("/proc").glob("[0-9]*"):
                try:
                    if (directory / "comm").read_text() == "fio\n":
                        os.sched_setaffinity(int(directory.name), {cpus[turn % len(cpus)]})
                except OSError:
                    continue
            turn += 1
            time.sleep(0.001)

    @unittest.skipUnless(len(os.sched_getaffinity(0)) > 1, "one CPU")
    def test_submitter_that_moves(self) -> None:
        self.measure("--iodepth=1", moves=True)

    def test_one_in_flight(self) -> None:
        self.measure("--iodepth=1")

    def test_some_in_flight(self) -> None:
        self.measure("--iodepth=8", "--iodepth_batch_complete_min=4")

    def test_many_in_flight(self) -> None:
        self.measure("--iodepth=64", "--iodepth_batch=16", "--iodepth_batch_complete_min=16")


if __name__ == "__main__":
    commands.DIOSCOPE = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
