"""`what-if`: does the report's estimate of inline completion hold? IOPS of a kernel that defers and of one that does not.

In a guest whose time is instructions: what disturbs the machine does not disturb these figures, and they repeat. Its
CPUs take turns, so that two that are busy have half the speed each, like threads of one core.
"""

import json
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

DEPTHS = (1, 4, 16, 64)
IOS = 16384
ALLOWED = 0.15  # of the measured gain, outside of the estimate
SECONDS = 900  # for a guest with all of its cases


@dataclass(frozen=True)
class Placement:
    """CPUs of the guest, and which of them fio's thread may have."""

    name: str
    cpus: int
    fio: str
    queues: int = 0  # null_blk's, through an I/O scheduler; 0: as many as CPUs, without one
    kernel_arguments: tuple[str, ...] = ()
    estimated: bool = True  # else the report is to refuse


ONE = Placement("1", 1, "0")
# All that is not fio's is on CPU 0.
PINNED = Placement("2, fio on one", 2, "1")
FREE = Placement("2", 2, "0-1")
# With fewer queues than CPUs, an isolated CPU's I/Os are given to the device by a worker of another CPU, where the timer
# that answers then comes, and so the kworker.
APART = Placement("3, fio apart", 3, "1", 2, ("isolcpus=1",), estimated=False)


# Appended to a kernel's name: a few pages of the file are cached, for which every kernel defers.
CACHED = " cached"


@dataclass(frozen=True)
class Case:
    """A workload on a kernel that defers its writes, and on one that does not."""

    deferring: str
    inline: str
    engine: str
    filesystem: str
    placement: Placement
    depth: int

    @property
    def name(self) -> str:
        return f"{self.engine}-{self.depth}"

    @property
    def line(self) -> str:
        return (f"{self.deferring} {self.inline} {self.filesystem} {self.engine} CPUs {self.placement.name} "
                f"QD {self.depth}")

    @property
    def fio(self) -> tuple[str, ...]:
        return ("--name=w", "--rw=randwrite", "--bs=4k", "--offset=1m", "--size=63m", "--invalidate=0", "--direct=1", f"--ioengine={self.engine}",
                f"--iodepth={self.depth}", f"--number_ios={IOS}", "--overwrite=1", "--norandommap", "--randrepeat=1",
                "--thread", f"--cpus_allowed={self.placement.fio}", "--allow_mounted_write=1")


def cases() -> list[Case]:
    made = [("6.12", "7.2", "libaio", "ext4", placement) for placement in (ONE, PINNED, FREE, APART)]
    made += [("6.12", "caller-comp", "io_uring", "ext4", placement) for placement in (ONE, PINNED)]
    made += [("6.12", "7.2", "libaio", "xfs", ONE)]
    # One kernel: nothing differs but that it defers.
    made += [("7.2" + CACHED, "7.2", "libaio", "ext4", placement) for placement in (APART,)]
    return [Case(*what, depth) for what in made for depth in DEPTHS]


Boot = tuple[str, Placement, str]


def boots(chosen: list[Case]) -> dict[Boot, list[Case]]:
    """What runs in which guest: kernel, CPUs and file system."""
    planned: dict[Boot, list[Case]] = {}
    for case in chosen:
        for kernel in (case.deferring, case.inline):
            planned.setdefault((kernel, case.placement, case.filesystem), []).append(case)
    return planned


def script(boot: Boot, chosen: list[Case]) -> bytes:
    kernel, placement, filesystem = boot
    lines = [". /lab/device.sh", ". /lab/whatif.sh", f"queues={placement.queues or placement.cpus}",
             f"make_device null_blk && make_filesystem {filesystem} || exit 71"]
    if placement.queues:
        lines += ["load_modules mq_deadline", 'echo mq-deadline >"/sys/block/${disk#/dev/}/queue/scheduler" || exit 72',
                  'grep . /sys/block/"${disk#/dev/}"/mq/*/cpu_list >/out/queues']
    lines += ["cd /root", f"whatif_file {int(kernel.endswith(CACHED))} || exit 73"]
    for case in chosen:
        recorded = str(int(kernel == case.deferring))
        lines.append(shlex.join(("whatif_run", case.name, recorded, *case.fio)) + f" 2>/out/{case.name}.log")
    return "\n".join(lines + ["exit 0", ""]).encode()


@dataclass(frozen=True)
class Outcome(Gain):
    """A case of the table, and how far its estimate is off."""

    case: Case

    @property
    def off(self) -> float:
        """How far the gain lies outside of the estimate, 0 within."""
        if self.estimate is None or self.estimate.get("why_no_interval", "too_wide") != "too_wide":
            return 0.0
        if self.interval is None:  # the direction alone
            return max(0.0, -self.gain)
        return max(0.0, self.interval[0] - self.gain, self.gain - self.interval[1])

    @property
    def holds(self) -> bool:
        if self.estimate is None or self.estimate.get("why_no_interval", "too_wide") != "too_wide":
            return not self.case.placement.estimated
        return self.off <= ALLOWED * abs(self.gain)

    @property
    def middle_error(self) -> float | None:
        """The middle of the estimate less the gain."""
        return None if self.interval is None else sum(self.interval) / 2 - self.gain

    @property
    def cells(self) -> tuple[str, ...]:
        case, estimate = self.case, self.estimate
        told = ("none", "-", "-", "-") if estimate is None else (
            "more" if estimate["why_no_interval"] == "too_wide" else "none", estimate.get("limit", "-"), "-",
            f"off by {self.off:.1%}" if self.off else "-") if "least_gain" not in estimate else (
            f"{estimate['least_gain']:.1%} to {estimate['most_gain']:.1%}", estimate["limit"],
            f"{self.middle_error:+.1%}", f"off by {self.off:.1%}" if self.off else "inside")
        return (f"{case.deferring}, {case.inline}", f"{case.filesystem} {case.engine}", case.placement.name,
                str(case.depth), f"{self.deferred.mean:,.0f}", f"{self.inline.mean:,.0f}", f"{self.gain:.1%}", *told)


HEAD = ("kernels", "workload", "CPUs", "queue depth", "IOPS deferred", "IOPS inline", "gain", "estimate", "limit",
        "middle less gain", "interval")
BEGIN = "<!-- table of Scripts/lab what-if: begin -->"
END = "<!-- table of Scripts/lab what-if: end -->"


def command(named: str, keep: Path | None, again: bool, page: Path | None) -> int:
    """The verb: cases whose line has `named` in it."""
    chosen = [case for case in cases() if named in case.line]
    if not chosen:
        raise Problem(f"no case has {named!r} in its line; the first line is {cases()[0].line}", USAGE)
    if again:
        if keep is None:
            raise Problem("--again reads what --keep DIR has: name it", USAGE)
        return _told(chosen, keep, page)
    missing = sorted({kernel for boot in boots(chosen) for kernel in (boot[0].removesuffix(CACHED),)
                      if not kernel_named(kernel).fetched})
    if missing:
        raise Problem(f"kernels are missing: {', '.join(missing)}; see Scripts/lab list")
    with tempfile.TemporaryDirectory(prefix="dioscope-lab-") as scratch:
        place = keep or Path(scratch)
        passed = [_guest(boot, together, program.dioscope(), place) for boot, together in boots(chosen).items()]
        return _told(chosen, place, page) or (0 if all(passed) else FAILED)


def _told(chosen: list[Case], keep: Path, page: Path | None) -> int:
    """A line for each case; 0 when every estimate holds."""
    failed = 0
    outcomes = [outcome for outcome in (read(case, keep) for case in chosen) if outcome is not None]
    for outcome in outcomes:
        print(f"{'ok' if outcome.holds else 'not ok'} - {', '.join(outcome.cells)}")
        failed += not outcome.holds
    print(f"{len(outcomes)} of {len(chosen)} cases measured")
    if page is not None:
        write(page, outcomes)
    return FAILED if failed or len(outcomes) < len(chosen) else 0


def _guest(boot: Boot, together: list[Case], dioscope: Path, keep: Path) -> bool:
    kernel, placement = kernel_named(boot[0].removesuffix(CACHED)), boot[1]
    overlay: dict[str, bytes | Path] = {"lab/main": script(boot, together), "bin/dioscope": dioscope}
    return guest.bring_out(
        guest.Boot(kernel, "null_blk", overlay, SECONDS, icount=True, cpus=placement.cpus,
                   kernel_arguments=placement.kernel_arguments),
        f"{boot[0]}, {placement.cpus} CPUs, {boot[2]}", _place(keep, boot))


def _place(keep: Path, boot: Boot) -> Path:
    kernel, placement, filesystem = boot
    return keep / kernel.replace(" ", "-") / f"{filesystem}-{placement.name.replace(', ', '-').replace(' ', '-')}"


def read(case: Case, keep: Path) -> Outcome | None:
    """What the guests left of a case; None when something is missing."""
    deferring, inline = (_place(keep, (kernel, case.placement, case.filesystem))
                         for kernel in (case.deferring, case.inline))
    try:
        report = subprocess.run([program.dioscope(), "report", "--json", deferring / f"{case.name}.dioscope"],
                                capture_output=True, check=True)
        return Outcome(case, rate(deferring, case.name), rate(inline, case.name),
                       json.loads(report.stdout)["inline_estimate"])
    except (OSError, subprocess.CalledProcessError, json.JSONDecodeError, KeyError, IndexError):
        return None


def table(outcomes: list[Outcome]) -> Iterator[str]:
    yield f"| {' | '.join(HEAD)} |"
    yield "|---|---|---|---:|---:|---:|---:|---|---|---:|---|"
    for outcome in outcomes:
        yield f"| {' | '.join(outcome.cells)} |"


def write(page: Path, outcomes: list[Outcome]) -> None:
    """Put the table between its marks."""
    marks.replace(page, BEGIN, END, table(outcomes))
