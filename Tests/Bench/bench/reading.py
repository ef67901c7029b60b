"""`reading`: how fast large files become reports, in interleaved turns with what else goes through them."""

import hashlib
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.places import TREE
from lab.problem import FAILED, Problem, tool

from . import enlarged
from .places import BENCH, built

ONE_CPU = {min(os.sched_getaffinity(0))}
# In each turn of a small trace: events, lines.
TRACE_DAT_EVENTS, PERF_LINES, FTRACE_LINES = 3_579, 6_905, 8_114
ITERATE = BENCH / "iterate.c"
FIELDS = "{ fields += NF } END { print fields }"


@dataclass(frozen=True)
class Reader:
    """A program that goes through a file, which is its last argument, on one CPU or on all."""

    name: str
    command: list[str]
    on_all: bool = False


@dataclass
class Reading:
    """A reader's turns with one file."""

    part: str
    recorder: str
    units: int
    seconds: list[float]
    cpu_seconds: list[float]
    resident_kib: int

    def row(self) -> dict[str, object]:
        return asdict(self) | {"best": min(self.seconds), "median": statistics.median(self.seconds),
                               "cpu_median": statistics.median(self.cpu_seconds)}


@dataclass(frozen=True)
class Input:
    """A file to be made, of so many units: I/Os, events, lines."""

    name: str
    units: int
    make: Callable[[Path], None]
    readers: list[Reader]


def measure(dioscope: Path, directory: Path, turns: int, ios: int, events: int) -> list[Reading]:
    """One file after the other, each in memory before it is read."""
    found: list[Reading] = []
    with tempfile.TemporaryDirectory(prefix="dioscope-bench-", dir=directory) as name:
        for one in _inputs(dioscope, ios, events):
            path = Path(name) / "input"
            one.make(path)
            found += _turns(one, path, turns)
            path.unlink()
    return found


def _inputs(dioscope: Path, ios: int, events: int) -> list[Input]:
    one = Reader("dioscope, one CPU", [str(dioscope), "report"])
    both = Reader(f"dioscope, {len(os.sched_getaffinity(0))} CPUs", [str(dioscope), "report"], on_all=True)
    awks = [Reader(name, [tool(name), FIELDS]) for name in ("mawk", "gawk")]
    trace = [Reader("libtracecmd, going through them", [str(_iterate())]),
             Reader("trace-cmd report", [tool("trace-cmd"), "report"])]
    again = {size: -(-events // size) for size in (TRACE_DAT_EVENTS, PERF_LINES, FTRACE_LINES)}
    return [
        Input("raw capture, I/Os", ios, lambda path: _synthetic(path, ios, "raw"), [one, both]),
        Input("capture as recorded, I/Os", ios, lambda path: _synthetic(path, ios, "columns"), [one, both]),
        Input("packed capture, I/Os", ios, lambda path: _synthetic(path, ios, "packed"), [one, both]),
        Input("trace.dat, events", again[TRACE_DAT_EVENTS] * TRACE_DAT_EVENTS,
              lambda path: enlarged.trace_dat(path, again[TRACE_DAT_EVENTS]), [one, *trace]),
        Input("perf script, lines", again[PERF_LINES] * PERF_LINES,
              lambda path: enlarged.text(enlarged.PERF, path, again[PERF_LINES]), [one, *awks]),
        Input("ftrace, lines", again[FTRACE_LINES] * FTRACE_LINES,
              lambda path: enlarged.text(enlarged.FTRACE, path, again[FTRACE_LINES]), [one, *awks])]


def _turns(one: Input, path: Path, turns: int) -> list[Reading]:
    found = [Reading(one.name, reader.name, one.units, [], [], 0) for reader in one.readers]
    # What is not in memory yet comes into it here; nobody is to wait for the disk, or for its writing.
    os.sync()
    with path.open("rb") as file:
        while file.read(1 << 24):
            pass
    for number in range(turns):
        order = list(zip(one.readers, found, strict=True))
        for reader, reading in order[number % len(order):] + order[:number % len(order)]:
            seconds, cpu_seconds, resident = _run(reader, path)
            reading.seconds.append(seconds)
            reading.cpu_seconds.append(cpu_seconds)
            reading.resident_kib = max(reading.resident_kib, resident)
    return found


def _run(reader: Reader, path: Path) -> tuple[float, float, int]:
    """Seconds, CPU seconds, and the most KiB that were resident: by time, for a child of this program begins with its own."""
    resident = path.with_name("resident")
    began = time.monotonic()
    process = subprocess.Popen(
        [tool("time"), "-o", str(resident), "-f", "%M", *reader.command, str(path)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "LC_ALL": "C"},
        preexec_fn=None if reader.on_all else lambda: os.sched_setaffinity(0, ONE_CPU))
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Problem(f"{reader.name} failed with {process.returncode}", FAILED)
    return seconds, usage.ru_utime + usage.ru_stime, int(resident.read_text())


def _synthetic(path: Path, ios: int, packing: str) -> None:
    """The program of Tests/SyntheticCapture, built beside the others: its target is not in the package otherwise."""
    scratch = TREE / ".build-synthetic"
    command = [tool("swift"), "build", "-c", "release", "--product", "synthetic-capture", "--scratch-path", str(scratch)]
    built = subprocess.run(command, cwd=TREE, capture_output=True, text=True,
                           env={**os.environ, "DIOSCOPE_SYNTHETIC": "1"})
    if built.returncode:
        raise Problem(f"synthetic-capture cannot be built: {built.stdout.strip()[-500:]}", FAILED)
    made = subprocess.run([str(scratch / "release" / "synthetic-capture"), str(path), str(ios), packing],
                          capture_output=True, text=True)
    if made.returncode:
        raise Problem(f"synthetic-capture failed: {made.stderr.strip()[-500:]}", FAILED)


def _iterate() -> Path:
    """The compiled program; it is made anew when its source changes."""
    path = built() / f"iterate-{hashlib.sha256(ITERATE.read_bytes()).hexdigest()[:12]}"
    if not path.is_file():
        flags = subprocess.run([tool("pkg-config"), "--cflags", "--libs", "libtracecmd"], capture_output=True, text=True)
        done = subprocess.run([tool("gcc"), "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(path), str(ITERATE),
                               *flags.stdout.split()], capture_output=True, text=True)
        if done.returncode:
            raise Problem(f"gcc cannot compile {ITERATE.name}: {done.stderr.strip()}")
    return path
