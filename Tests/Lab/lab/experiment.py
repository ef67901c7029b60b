"""`what-if --measured`: does `dioscope whatif` measure what two kernels, and a shell, say that inline completion is worth?

On a kernel that completes overwrites inline, guests run it over workloads of `what-if --held-out`. Beside it stands what fio
reaches in the same guest when a shell caches four pages of the file, and when it drops them; and the gain to that kernel from
one that defers, by fio alone: the same source but for one line (build.py), or 6.12.
"""

import json
import shlex
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import guest, heldout, marks, program
from .gain import Rate, rate, rate_of
from .heldout import Case
from .kernels import kernel_named
from .problem import FAILED, USAGE, Problem

# What completes inline, and what it is compared with.
BASES = {"7.2-plain": "7.2-defers", "7.3-plain": "7.3-defers", "6.19": "6.12", "7.2": "6.12", "7.3": "6.12"}
# Debian keeps no modules of these, so no null_blk: they have the emulated NVMe, which takes as long as this machine does, and
# 6.12 is run on it too. Its guests poll when idle: time would jump to the next timer, past an interrupt of the machine's.
ON_NVME = ("6.19",)
NVME_ARGUMENTS = ("idle=poll",)
IOS = 16384  # of a run: at 70,000 IOPS fio's millisecond is less than half a percent of it
PLAIN = 5  # runs by fio alone: a device's limit lets in more or less by where its clock stands when a run begins
CASES = 10
REPEATS = 3
TOGETHER = 5
SECONDS = 1800
# The error of the gain's ratio that whatif itself adds. Its intervals are over repeats, which hardly differ where time is instructions.
ALLOWED = 0.02
INSIDE, OVERLAPS, OUTSIDE = "inside", "overlaps", "**outside**"


def chosen(seed: int, pairs: int) -> list[Case]:
    """The first ten whose writes are deferred at all: not those of synchronous calls."""
    return [case for case in heldout.cases(seed, pairs) if case.engine != "psync"][:CASES]


def placed(kernel: str, case: Case) -> Case:
    """The workload on a disk that the kernel has, for long enough."""
    case = replace(case, ios=IOS)
    return replace(case, filesystem="ext4", latency=0, limit=0) if kernel in ON_NVME else case


def groups(cases: list[Case]) -> list[list[Case]]:
    """What shares a guest: as many CPUs, and five at most."""
    made: list[list[Case]] = []
    for cpus in sorted({case.cpus for case in cases}):
        some = [case for case in cases if case.cpus == cpus]
        made += [some[start:start + TOGETHER] for start in range(0, len(some), TOGETHER)]
    return made


def script(cases: list[Case], plain: int = PLAIN, measured: bool = True) -> bytes:
    """Fio alone `plain` times, and whatif and the shell's comparison if `measured`."""
    lines = [". /lab/device.sh", ". /lab/whatif.sh", f"queues={cases[0].cpus}", "ln -sf fio /bin/hog"]
    for device in dict.fromkeys((case.device, case.latency, case.limit, case.filesystem) for case in cases):
        lines.append(shlex.join(["whatif_disk", *map(str, device)]) + " || exit 71")
    lines.append("cd /root")
    for case in cases:
        words = ["whatif_measured", case.name, case.device, case.fio_cpus, str(case.hog), str(plain),
                 str(REPEATS if measured else 0), *case.fio]
        lines.append(shlex.join(words) + f" 2>/out/{case.name}.log")
    return "\n".join(lines + ["exit 0", ""]).encode()


@dataclass(frozen=True)
class Outcome:
    """What whatif says of a workload, and the two gains that it is compared with: the shell's has what cached pages cost by
    themselves in it, as whatif's has; that from kernel to kernel has not."""

    kernel: str
    case: Case
    change: dict[str, Any]
    alone: tuple[float, float]
    as_meant: bool
    shell: Rate
    kernels: Rate | None  # from the kernel's base

    @property
    def gain(self) -> float:
        return float(self.change["relative"])

    @property
    def interval(self) -> tuple[float, float]:
        return self.change["relative_low"], self.change["relative_high"]

    @property
    def shell_mark(self) -> str:
        return mark(self.shell, self.interval)

    @property
    def kernels_mark(self) -> str:
        return "-" if self.kernels is None else mark(self.kernels, self.alone)

    @property
    def cells(self) -> tuple[str, ...]:
        return (self.kernel, str(self.case.number), self.case.load, self.case.where, f"{self.gain:+.1%}", cell(self.interval),
                self.shell.cell, self.shell_mark, cell(self.alone), BASES[self.kernel],
                "-" if self.kernels is None else self.kernels.cell, self.kernels_mark)


def cell(interval: tuple[float, float]) -> str:
    return f"{interval[0]:+.1%} to {interval[1]:+.1%}"


def mark(gain: Rate, interval: tuple[float, float]) -> str:
    """Whether the mean gain is in the interval, or at least some of what it can have been."""
    allowed = ALLOWED * (1 + gain.mean)
    low, high = interval[0] - allowed, interval[1] + allowed
    if low <= gain.mean <= high:
        return INSIDE
    return OVERLAPS if low <= gain.high and gain.low <= high else OUTSIDE


HEAD = ("kernel", "case", "load", "device, CPUs", "whatif", "95%", "shell", "", "alone", "from", "gain", "")
BEGIN = "<!-- table of Scripts/lab what-if --measured: begin -->"
END = "<!-- table of Scripts/lab what-if --measured: end -->"


def command(seed: int, pairs: int, named: str, keep: Path | None, again: bool, page: Path | None) -> int:
    """The verb: `named` is in the lines of the guests that are run, as `7.2 guest 1`."""
    plan = [(kernel, number, some) for kernel in BASES for number, some in enumerate(groups(chosen(seed, pairs)), 1)
            if named in f"{kernel} guest {number} "]
    if not plan:
        raise Problem(f"no guest has {named!r} in its line, as '{next(iter(BASES))} guest 1'", USAGE)
    if again and keep is None:
        raise Problem("--again reads what --keep DIR has: name it", USAGE)
    with tempfile.TemporaryDirectory(prefix="dioscope-lab-") as scratch:
        place = keep or Path(scratch)
        bases: set[tuple[Path, int]] = set()
        for kernel, number, some in plan if not again else []:
            if (base := (_base(kernel, place), number)) not in bases:
                bases.add(base)
                if not all((base[0] / f"{case.name}.plain-{PLAIN}.json").is_file() for case in some):
                    _guest(BASES[kernel], kernel, number, some, base[0], measured=False)
            _guest(kernel, kernel, number, some, _place(kernel, place))
        return _told([(kernel, case) for kernel, _, some in plan for case in some], place, page)


def _guest(kernel: str, compared: str, number: int, cases: list[Case], place: Path, measured: bool = True) -> None:
    """The kernel on a disk that the compared one has: fio alone, and all else if `measured`."""
    device, arguments = ("nvme", NVME_ARGUMENTS) if compared in ON_NVME else ("null_blk", ())
    chosen = [placed(compared, case) for case in cases]
    main = script(chosen, measured=measured)
    overlay: dict[str, bytes | Path] = {"lab/main": main, "bin/dioscope": program.dioscope()}
    boot = guest.Boot(kernel_named(kernel), device, overlay, SECONDS, icount=True, cpus=cases[0].cpus,
                      kernel_arguments=arguments)
    guest.bring_out(boot, f"{kernel}, {device}, guest {number}", place)


def _place(kernel: str, keep: Path) -> Path:
    return keep / f"measured-{kernel}"


def _base(kernel: str, keep: Path) -> Path:
    """What a kernel that defers reaches on the same disk."""
    return keep / f"measured-{BASES[kernel]}{'-nvme' if kernel in ON_NVME else ''}"


def read(kernel: str, case: Case, keep: Path) -> Outcome | None:
    """None when something is missing."""
    place, case = _place(kernel, keep), placed(kernel, case)
    try:
        told = json.loads((place / f"{case.name}.whatif.json").read_text())
        shell = rate_of(place / f"{case.name}.dropped.json").over(rate_of(place / f"{case.name}.cached.json"))
        change = told["iops"]
        if change["relative_low"] is None:
            return None
        low_high = told.get("inline_alone") or change
        alone = (low_high["relative_low"], low_high["relative_high"])
        return Outcome(kernel, case, change, alone, told["as_meant"], shell, _from_kernel(case, _base(kernel, keep), place))
    except (OSError, json.JSONDecodeError, KeyError, ZeroDivisionError):
        return None


def _from_kernel(case: Case, base: Path, place: Path) -> Rate | None:
    """The gain by fio alone, None when nobody ran it."""
    try:
        return rate(place, case.name).over(rate(base, case.name))
    except (OSError, ZeroDivisionError):
        return None


def _told(cases: list[tuple[str, Case]], keep: Path, page: Path | None) -> int:
    """A line for each; 0 when nine of ten agree with the shell, and all were measured."""
    outcomes = [(kernel, case, read(kernel, case, keep)) for kernel, case in cases]
    measured = [outcome for _, _, outcome in outcomes if outcome is not None]
    for kernel, case, outcome in outcomes:
        if outcome is None:
            print(f"not ok - {kernel} {case.line}: not measured")
        else:
            print(f"{'ok' if outcome.shell_mark == INSIDE else 'not ok'} - {', '.join(outcome.cells)}")
    for line in summary(measured):
        print(f"# {line}")
    if page is not None:
        write(page, measured)
    agree = sum(outcome.shell_mark == INSIDE for outcome in measured)
    return 0 if len(measured) == len(cases) and agree >= 0.9 * len(measured) else FAILED


def summary(outcomes: list[Outcome]) -> Iterator[str]:
    for name, found in (("the shell's gain", [outcome.shell_mark for outcome in outcomes]),
                        ("the gain from kernel to kernel", [outcome.kernels_mark for outcome in outcomes])):
        judged = [mark for mark in found if mark != "-"]
        more = f", and may for {judged.count(OVERLAPS)} more" if OVERLAPS in judged else ""
        yield f"{name} lies within whatif's interval for {judged.count(INSIDE)} of {len(judged)}{more}"


def write(page: Path, outcomes: list[Outcome]) -> None:
    """Put the table between its marks."""
    lines = [f"* {line}" for line in summary(outcomes)]
    lines += ["", f"| {' | '.join(HEAD)} |", "|---|---:|---|---|---:|---|---:|---|---|---|---:|---|"]
    lines += [f"| {' | '.join(outcome.cells)} |" for outcome in outcomes]
    marks.replace(page, BEGIN, END, ("", *lines, ""))
