"""`what-if --held-out`: the report's estimate on workloads drawn at random.

A seed draws them from a grid. The model may be fitted on one half of them; the other half says how good it is.
"""

import json
import random
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import guest, marks, program
from .gain import Gain, rate
from .kernels import kernel_named
from .problem import FAILED, USAGE, Problem

# What completes overwrites inline, or by io_uring in the issuer's task; and what defers them. From 6.12 to 7.2 more differs
# than that; the others differ in a line or two.
BASES = {"7.2": "6.12", "6.12-inline": "6.12-plain", "caller-comp": "6.12-plain"}
USUAL = "7.2"
IOS = 4096
PAIRS = 40
TOGETHER = 5  # cases of one guest
PLAIN = 3  # runs by fio alone: of one, nobody sees how much is chance
SECONDS = 1200  # for a guest with all of its cases
NOTHING = 0.015  # a gain that is none, for a load that is said to keep its pace, or to gain nothing or more

ENGINES = ("libaio", "libaio", "io_uring", "io_uring", "psync")
DEPTHS = (1, 2, 4, 8, 16, 32, 64)
SIZES = (4, 4, 4, 8, 16, 64)  # KiB
OPS = ("randwrite", "randwrite", "write", "randrw")
JOBS = (1, 1, 2, 4)
BATCHES = (1, 1, 8)
RATES = (0, 0, 0, 0, 5000, 20000)  # I/Os per second of all jobs
THINK = (0, 0, 0, 0, 0, 100)  # microseconds
FILE_SYSTEMS = ("ext4", "xfs")
LATENCIES = (20, 200)  # microseconds of the device
LIMITS = (0, 0, 0, 200)  # MB/s of the device
PLACEMENTS = ("1", "2, fio on one", "2")  # CPUs
HOGS = (0, 0, 0, 30)  # percent of fio's CPU


@dataclass(frozen=True)
class Case:
    """A workload on both kernels."""

    number: int
    engine: str
    depth: int
    size: int
    op: str
    jobs: int
    batch: int
    rate: int
    think: int
    filesystem: str
    latency: int  # 0: the emulated NVMe
    limit: int
    placement: str
    hog: int
    guest: int = 0
    ios: int = IOS  # of a run by fio

    @property
    def held(self) -> bool:
        """Kept from the fit."""
        return self.number % 2 == 1

    @property
    def name(self) -> str:
        return f"case-{self.number}"

    @property
    def cpus(self) -> int:
        return int(self.placement[0])

    @property
    def fio_cpus(self) -> str:
        return {"1": "0", "2, fio on one": "1", "2": "0-1"}[self.placement]

    @property
    def device(self) -> str:
        """Its null_blk, which has one file system."""
        return f"d{self.latency}x{self.limit}{self.filesystem}"

    @property
    def load(self) -> str:
        parts = [self.filesystem, self.engine, f"QD {self.depth}", f"{self.size}k", self.op]
        parts += [f"{self.jobs} jobs"] * (self.jobs > 1) + [f"batch {self.batch}"] * (self.batch > 1)
        parts += [f"rate {self.rate}"] * (self.rate > 0) + [f"think {self.think} us"] * (self.think > 0)
        return " ".join(parts)

    @property
    def where(self) -> str:
        parts = [f"{self.latency} us" if self.latency else "NVMe"] + [f"{self.limit} MB/s"] * (self.limit > 0) + [f"CPUs {self.placement}"]
        return ", ".join(parts + [f"hog {self.hog}%"] * (self.hog > 0))

    @property
    def line(self) -> str:
        return f"guest {self.guest} {self.name} {self.load} {self.where}"

    @property
    def fio(self) -> tuple[str, ...]:
        words = ["--name=w", f"--filename=/mnt/{self.device}/file", f"--rw={self.op}", f"--bs={self.size}k",
                 "--offset=1m", "--size=31m", "--io_size=4g", "--invalidate=0", "--direct=1", "--overwrite=1",
                 f"--ioengine={self.engine}", f"--iodepth={self.depth}", f"--number_ios={self.ios // self.jobs}",
                 "--norandommap", "--randrepeat=1", "--thread", "--group_reporting", f"--numjobs={self.jobs}",
                 f"--cpus_allowed={self.fio_cpus}", "--allow_mounted_write=1"]
        words += ["--rwmixread=30"] * (self.op == "randrw")
        if self.batch > 1:
            words += [f"--iodepth_batch_submit={self.batch}", f"--iodepth_batch_complete_min={self.batch}"]
        words += [f"--rate_iops={self.rate // self.jobs}"] * (self.rate > 0)
        words += [f"--thinktime={self.think}"] * (self.think > 0)
        return tuple(words)


def cases(seed: int, pairs: int) -> list[Case]:
    """The same ones for the same seed. Five of as many CPUs share a guest."""
    draw = random.Random(seed)
    made: list[Case] = []
    while len(made) < pairs:
        engine = draw.choice(ENGINES)
        case = Case(len(made), engine, draw.choice(DEPTHS) if engine != "psync" else 1, draw.choice(SIZES),
                    draw.choice(OPS), draw.choice(JOBS), draw.choice(BATCHES), draw.choice(RATES), draw.choice(THINK),
                    draw.choice(FILE_SYSTEMS), draw.choice(LATENCIES), draw.choice(LIMITS), draw.choice(PLACEMENTS),
                    draw.choice(HOGS))
        # No batch is larger than what may be in flight.
        if case.batch <= case.depth:
            made.append(case)
    placed: list[Case] = []
    counts = {1: 0, 2: 0}
    for case in made:
        among = counts[case.cpus]
        counts[case.cpus] += 1
        placed.append(Case(**{**case.__dict__, "guest": 2 * (among // TOGETHER) + case.cpus}))
    return placed


def cases_for(kernel: str, seed: int, pairs: int) -> list[Case]:
    """Of the cases of a seed those in which that kernel differs from its base."""
    return [case for case in cases(seed, pairs) if kernel != "caller-comp" or case.engine == "io_uring"]


def script(kernel: str, chosen: list[Case]) -> bytes:
    lines = [". /lab/device.sh", ". /lab/whatif.sh", f"queues={chosen[0].cpus}", "ln -sf fio /bin/hog"]
    for device in dict.fromkeys((case.device, case.latency, case.limit, case.filesystem) for case in chosen):
        lines.append(shlex.join(["whatif_disk", *map(str, device)]) + " || exit 71")
    lines.append("cd /root")
    for case in chosen:
        words = ["whatif_case", case.name, str(int(kernel in BASES.values())), case.fio_cpus, str(case.hog), str(PLAIN), "fio", "--output-format=json", *case.fio]
        lines.append(shlex.join(words) + f" 2>/out/{case.name}.log")
    return "\n".join(lines + ["exit 0", ""]).encode()


@dataclass(frozen=True)
class Outcome(Gain):
    """A drawn case, and whether what the recording promises is right."""

    case: Case

    @property
    def why(self) -> str | None:
        """Why there is no interval; None with one."""
        if self.interval is not None:
            return None
        if self.estimate is None:
            return "nothing to save"
        why = str(self.estimate["why_no_interval"])
        if why == "loop_unknown" and "if_closed" in self.estimate:
            return "if_closed"
        return "more" if why == "too_wide" else why

    @property
    def most_if_closed(self) -> float:
        """More than that a load whose loop is unknown may not gain."""
        return float((self.estimate or {}).get("if_closed", {}).get("most_gain", "inf"))

    @property
    def is_right(self) -> bool | None:
        """Inside, more where more is said, as many where a pace is said, not fewer where it is either; None: nothing was
        said. Of what the gain can have been, some has to be so."""
        if self.interval is not None:
            return self.interval[0] <= self.span.high and self.span.low <= self.interval[1]
        no_fewer = self.gain >= -NOTHING or self.span.high >= 0
        return {"more": self.span.high > 0, "paced": abs(self.gain) <= NOTHING, "other_tasks": no_fewer,
                "if_closed": no_fewer and self.span.low <= self.most_if_closed}.get(self.why or "")

    @property
    def promise(self) -> str:
        if self.interval is not None:
            return f"{self.interval[0]:+.1%} to {self.interval[1]:+.1%}"
        if self.why == "if_closed":
            most = self.most_if_closed
            return "more or none" if most == float("inf") else f"none to {most:+.1%}"
        words = {"more": "more", "paced": "no more", "other_tasks": "as many or more"}
        return words.get(self.why or "", f"none ({self.why})".replace("_", " "))

    @property
    def cells(self) -> tuple[str, ...]:
        mark = {True: "right", False: "**miss**", None: "-"}[self.is_right]
        return (str(self.case.number), self.case.load, self.case.where, f"{self.deferred.mean:,.0f}",
                f"{self.inline.mean:,.0f}", self.span.cell, self.promise, mark)


def command(seed: int, pairs: int, named: str, keep: Path | None, again: bool, page: Path | None,
            kernel: str = USUAL) -> int:
    """The verb: the cases of a seed, or those whose line has `named` in it, on the kernel and its base."""
    chosen = [case for case in cases_for(kernel, seed, pairs) if named in case.line]
    kernels = (BASES[kernel], kernel)
    if not chosen:
        raise Problem(f"no case of seed {seed} has {named!r} in its line", USAGE)
    if again and keep is None:
        raise Problem("--again reads what --keep DIR has: name it", USAGE)
    missing = [name for name in kernels if not kernel_named(name).fetched]
    if missing and not again:
        raise Problem(f"kernels are missing: {', '.join(missing)}; see Scripts/lab list")
    with tempfile.TemporaryDirectory(prefix="dioscope-lab-") as scratch:
        place = keep or Path(scratch)
        if not again:
            for number in dict.fromkeys(case.guest for case in chosen):
                for name in kernels:
                    together = [case for case in chosen if case.guest == number]
                    if name == kernel or not all(_is_there(case, place / name) for case in together):
                        _guest(name, together, place)
        return _told(seed, chosen, kernel, place, page)


def _guest(kernel: str, together: list[Case], keep: Path) -> None:
    overlay: dict[str, bytes | Path] = {"lab/main": script(kernel, together), "bin/dioscope": program.dioscope()}
    boot = guest.Boot(kernel_named(kernel), "null_blk", overlay, SECONDS, icount=True, cpus=together[0].cpus)
    guest.bring_out(boot, f"{kernel}, guest {together[0].guest}", keep / kernel)


def _is_there(case: Case, place: Path) -> bool:
    """Recorded for another kernel with the same base."""
    return all((place / f"{case.name}{what}").is_file() for what in (".dioscope", f".plain-{PLAIN}.json"))


def read(case: Case, kernel: str, keep: Path) -> Outcome | None:
    """What the guests left of a case; None when something is missing."""
    deferring, inline = keep / BASES[kernel], keep / kernel
    try:
        report = subprocess.run([program.dioscope(), "report", "--json", deferring / f"{case.name}.dioscope"],
                                capture_output=True, check=True)
        return Outcome(case, rate(deferring, case.name), rate(inline, case.name),
                       json.loads(report.stdout)["inline_estimate"])
    except (OSError, subprocess.CalledProcessError, json.JSONDecodeError, KeyError, IndexError, ZeroDivisionError):
        return None


def _told(seed: int, chosen: list[Case], kernel: str, keep: Path, page: Path | None) -> int:
    """A line for each case. A case that was not measured has failed, and so has a coverage below 90%."""
    outcomes = [(case, read(case, kernel, keep)) for case in chosen]
    for case, outcome in outcomes:
        if outcome is None:
            print(f"not ok - {case.line}: not measured")
        else:
            half = "held out" if case.held else "fit"
            print(f"{'not ok' if outcome.is_right is False else 'ok'} - {half}, {', '.join(outcome.cells)}")
    measured = [outcome for _, outcome in outcomes if outcome is not None]
    for line in summary(measured):
        print(f"# {line}")
    if page is not None:
        write(page, seed, measured, len(chosen), kernel)
    held = [outcome for outcome in measured if outcome.case.held]
    judged = [outcome for outcome in held if outcome.is_right is not None]
    covered = sum(outcome.is_right is True for outcome in judged) >= 0.9 * len(judged)
    return 0 if covered and len(measured) == len(chosen) else FAILED


def summary(outcomes: list[Outcome]) -> Iterator[str]:
    for held, half in ((False, "fit"), (True, "held out")):
        some = [outcome for outcome in outcomes if outcome.case.held == held]
        intervals = [outcome for outcome in some if outcome.interval is not None]
        inside = sum(outcome.is_right is True for outcome in intervals)
        widths = sorted(most - least for least, most in (outcome.interval for outcome in intervals if outcome.interval))
        words = f"{half}: {len(some)} pairs; {inside} of {len(intervals)} intervals hold the gain"
        if widths:
            words += f", {widths[len(widths) // 2] * 100:.1f} points wide in the middle and {widths[-1] * 100:.1f} at most"
        for why, what in (("more", "'more'"), ("other_tasks", "'as many or more'"), ("paced", "'no more'"),
                          ("if_closed", "'more or none'")):
            said = [outcome for outcome in some if outcome.why == why]
            words += f"; {what} is right for {sum(outcome.is_right is True for outcome in said)} of {len(said)}"
        silent = sum(outcome.is_right is None for outcome in some)
        yield words + f"; nothing is said of {silent}"


HEAD = ("case", "load", "device, CPUs", "IOPS deferred", "IOPS inline", "gain", "estimate", "")


def marks_of(kernel: str, seed: int) -> tuple[str, str]:
    """Between these lines are the tables of a page."""
    what = f"Scripts/lab what-if --held-out --seed {seed}" + (f" --onto {kernel}" if kernel != USUAL else "")
    return f"<!-- tables of {what}: begin -->", f"<!-- tables of {what}: end -->"


def tables(seed: int, outcomes: list[Outcome], pairs: int) -> Iterator[str]:
    yield f"Seed {seed}, {len(outcomes)} of {pairs} pairs measured."
    yield ""
    for line in summary(outcomes):
        yield f"* {line}"
    for held, half in ((True, "Held out"), (False, "Fit")):
        yield from ("", f"{half}:", "", f"| {' | '.join(HEAD)} |", "|---:|---|---|---:|---:|---:|---|---|")
        for outcome in outcomes:
            if outcome.case.held == held:
                yield f"| {' | '.join(outcome.cells)} |"


def write(page: Path, seed: int, outcomes: list[Outcome], pairs: int, kernel: str) -> None:
    """Put the tables between their marks."""
    marks.replace(page, *marks_of(kernel, seed), ("", *tables(seed, outcomes, pairs), ""))
