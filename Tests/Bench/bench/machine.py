"""`machine`: IOPS kept on this machine and its disk, by rounds in which everybody has a turn."""

import json
import os
import resource
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
    recorder_ns: float = 0  # of CPU per I/O, by the recorder's own threads
    program_ns: float | None = None  # per I/O in BPF programs; only in turns in which the kernel counts it


@dataclass
class Ratio:
    """A subject's IOPS as parts of those of the untraced turns before and after it."""

    subject: str
    median: float
    lower: float  # quartiles
    upper: float
    rounds: int
    recorder_ns: float
    program_ns: float | None


def _dioscope(executable: Path, *options: str) -> Start:
    return lambda scratch: [str(executable), "record", "-q", *options, "-o", str(scratch / "out")]


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
    return {"untraced": None, "dioscope": _dioscope(executable, "--full"), "dioscope-limited": _dioscope(executable),
            "bpftrace": _bpftrace, "perf": _perf(executable)}


def measure(executable: Path, directory: Path, rounds: int, seconds: int, depth: int) -> list[Turn]:
    """In every round each subject has a turn between two untraced ones; who begins changes.

    At the end there is one turn more of each in which the kernel counts the time of BPF programs.
    """
    if os.geteuid():
        raise Problem("recording needs root", 77)
    starts = subjects(executable)
    traced = [name for name in starts if name != "untraced"]
    turns: list[Turn] = []
    with tempfile.TemporaryDirectory(prefix="dioscope-bench-", dir=directory) as name:
        file = Path(name) / "file"
        _fio(file, "--rw=write", "--bs=1M")

        def turn(subject: str, number: int) -> Turn:
            return _turn(subject, starts[subject], number, file, seconds, depth)

        for number in range(rounds):
            order = traced[number % len(traced):] + traced[:number % len(traced)]
            for subject in ("untraced", *(each for name in order for each in (name, "untraced"))):
                turns.append(turn(subject, number))
        with _statistics():
            turns += [turn(subject, rounds) for subject in traced]
    return turns


def _turn(subject: str, start: Start | None, number: int, file: Path, seconds: int, depth: int) -> Turn:
    arguments = ("--rw=randwrite", "--bs=4k", f"--iodepth={depth}", f"--runtime={seconds}", "--time_based",
                 "--norandommap")
    if start is None:
        return Turn(subject, number, _fio(file, *arguments)[0])
    with tempfile.TemporaryDirectory(prefix="dioscope-bench-", dir="/dev/shm") as scratch:
        with _recorder(start(Path(scratch))) as process:
            began, programs = _cpu_seconds(process.pid), _program_ns()
            iops, ios = _fio(file, *arguments)
            counted = (_program_ns() - programs) / ios if STATISTICS.read_text().strip() == "1" else None
            others = _children_seconds()
        # It may take what is left in its buffers when it ends.
        return Turn(subject, number, iops, (_children_seconds() - others - began) * 1e9 / ios, counted)


STATISTICS = Path("/proc/sys/kernel/bpf_stats_enabled")


@contextmanager
def _statistics() -> Iterator[None]:
    """The kernel counts the run times of BPF programs, which costs time itself."""
    before = STATISTICS.read_text()
    STATISTICS.write_text("1")
    try:
        yield
    finally:
        STATISTICS.write_text(before)


def _program_ns() -> int:
    """The sum over all BPF programs."""
    done = subprocess.run([tool("bpftool"), "prog", "show", "-j"], capture_output=True, text=True)
    return sum(entry.get("run_time_ns", 0) for entry in json.loads(done.stdout or "[]"))


def _fio(file: Path, *arguments: str) -> tuple[float, int]:
    """IOPS and I/Os."""
    done = subprocess.run(
        [tool("fio"), "--output-format=json", "--name=bench", f"--filename={file}", "--size=256M", "--direct=1",
         "--ioengine=libaio", "--fallocate=none", *arguments], capture_output=True, text=True)
    try:
        written = json.loads(done.stdout)["jobs"][0]["write"]
        return float(written["iops"]), int(written["total_ios"])
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


def _children_seconds() -> float:
    """CPU time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ratios(turns: list[Turn]) -> list[Ratio]:
    """Each turn against the mean of the untraced ones on both sides of it."""
    counted = {turn.subject: turn.program_ns for turn in turns if turn.program_ns is not None}
    plain = [turn for turn in turns if turn.program_ns is None]
    found: dict[str, list[float]] = {}
    for before, turn, after in zip(plain, plain[1:], plain[2:], strict=False):
        if turn.subject != "untraced":
            found.setdefault(turn.subject, []).append(2 * turn.iops / (before.iops + after.iops))
    # Against itself: what the machine makes of no difference.
    alone = [turn.iops for turn in plain if turn.subject == "untraced"]
    found["untraced"] = [2 * middle / (before + after)
                         for before, middle, after in zip(alone, alone[1:], alone[2:], strict=False)]
    return [Ratio(name, statistics.median(values), *_quartiles(values), len(values),
                  statistics.median(turn.recorder_ns for turn in plain if turn.subject == name), counted.get(name))
            for name, values in found.items() if values]


def _quartiles(values: list[float]) -> tuple[float, float]:
    if len(values) < 2:
        return values[0], values[0]
    lower, _, upper = statistics.quantiles(values, n=4, method="inclusive")
    return lower, upper
