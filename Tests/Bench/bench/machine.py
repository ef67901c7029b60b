"""`machine`: IOPS kept on this machine and its disk, by rounds in which everybody has a turn."""

import json
import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.problem import UNAVAILABLE, Problem, tool

from .subjects import QUEUE_WAIT

Start = Callable[[Path], list[str]]
SETTLE_SECONDS = 30.0


@dataclass
class Turn:
    """One run of fio in one round."""

    subject: str
    round: int
    iops: float
    recorder_seconds: float  # of CPU, from its start to its end


@dataclass
class Ratio:
    """A subject's IOPS as parts of those of the untraced turns before and after it."""

    subject: str
    median: float
    lower: float  # quartiles
    upper: float
    rounds: int


def _dioscope(executable: Path) -> Start:
    return lambda scratch: [str(executable), "record", "-q", "-o", str(scratch / "out")]


def _bpftrace(scratch: Path) -> list[str]:
    script = scratch / "queue-wait.bt"
    script.write_text(QUEUE_WAIT)
    return [tool("bpftrace"), str(script)]


def _perf(executable: Path) -> Start:
    """dioscope's own recipe without its kprobes, which a kernel that is locked down refuses."""
    def command(scratch: Path) -> list[str]:
        recipe = subprocess.run([str(executable), "record", "--how", "perf"], capture_output=True, text=True).stdout
        line = next((line for line in recipe.splitlines() if line.startswith("perf record")), None)
        if line is None:
            raise Problem("dioscope has no recipe for perf on this kernel")
        words = line.partition(" -- ")[0].replace("perf.data", str(scratch / "out")).replace("'", "").split()
        kept: list[str] = []
        for word in words[1:]:
            if word.startswith("dioscope:"):
                kept.pop()
            else:
                kept.append(word)
        return [tool("perf"), *kept]
    return command


def subjects(executable: Path) -> dict[str, Start | None]:
    return {"untraced": None, "dioscope": _dioscope(executable), "bpftrace": _bpftrace, "perf": _perf(executable)}


def measure(executable: Path, directory: Path, rounds: int, seconds: int, depth: int) -> list[Turn]:
    """In every round each subject has a turn between two untraced ones; who begins changes."""
    if os.geteuid():
        raise Problem("recording needs root", 77)
    starts = subjects(executable)
    traced = [name for name in starts if name != "untraced"]
    turns: list[Turn] = []
    with tempfile.TemporaryDirectory(prefix="dioscope-bench-", dir=directory) as name:
        file = Path(name) / "file"
        _fio(file, "--rw=write", "--bs=1M")
        for number in range(rounds):
            order = traced[number % len(traced):] + traced[:number % len(traced)]
            for subject in ("untraced", *(each for name in order for each in (name, "untraced"))):
                turns.append(_turn(subject, starts[subject], number, file, seconds, depth))
    return turns


def _turn(subject: str, start: Start | None, number: int, file: Path, seconds: int, depth: int) -> Turn:
    arguments = ("--rw=randwrite", "--bs=4k", f"--iodepth={depth}", f"--runtime={seconds}", "--time_based",
                 "--norandommap")
    if start is None:
        return Turn(subject, number, _fio(file, *arguments), 0)
    with tempfile.TemporaryDirectory(prefix="dioscope-bench-", dir="/dev/shm") as scratch, \
            _recorder(start(Path(scratch))) as process:
        began = _cpu_seconds(process.pid)
        iops = _fio(file, *arguments)
        return Turn(subject, number, iops, _cpu_seconds(process.pid) - began)


def _fio(file: Path, *arguments: str) -> float:
    done = subprocess.run(
        [tool("fio"), "--output-format=json", "--name=bench", f"--filename={file}", "--size=256M", "--direct=1",
         "--ioengine=libaio", "--fallocate=none", *arguments], capture_output=True, text=True)
    try:
        return float(json.loads(done.stdout)["jobs"][0]["write"]["iops"])
    except (ValueError, KeyError, IndexError):
        raise Problem(f"fio failed: {done.stderr.strip() or done.stdout.strip()[:200]}") from None


@contextmanager
def _recorder(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Runs until the block ends. It records when it has come to rest."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               text=True)
    try:
        deadline = time.monotonic() + SETTLE_SECONDS
        before = -1.0
        while (now := _cpu_seconds(process.pid)) - before > 0.02 or now == 0:
            before = now
            time.sleep(0.5)
            if process.poll() is not None:
                said = process.stderr.read() if process.stderr else ""
                raise Problem(f"{command[0]} ended: {said.strip()}", UNAVAILABLE)
            if time.monotonic() > deadline:
                break
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate()


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ratios(turns: list[Turn]) -> list[Ratio]:
    """Each turn against the mean of the untraced ones on both sides of it."""
    by_subject: dict[str, list[float]] = {}
    for before, turn, after in zip(turns, turns[1:], turns[2:], strict=False):
        if turn.subject != "untraced":
            by_subject.setdefault(turn.subject, []).append(2 * turn.iops / (before.iops + after.iops))
    # Against itself: what the machine makes of no difference.
    alone = [turn.iops for turn in turns if turn.subject == "untraced"]
    by_subject["untraced"] = [2 * middle / (before + after)
                              for before, middle, after in zip(alone, alone[1:], alone[2:], strict=False)]
    return [Ratio(name, statistics.median(found), *_quartiles(found), len(found)) for name, found in by_subject.items()]


def _quartiles(values: list[float]) -> tuple[float, float]:
    if len(values) < 2:
        return values[0], values[0]
    lower, _, upper = statistics.quantiles(values, n=4, method="inclusive")
    return lower, upper
