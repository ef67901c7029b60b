"""`same`: one run of fio recorded by dioscope's probes and by trace-cmd at once; the two reports have to agree.

Two probes of one moment cannot run at once: the second one reads the clock when the first is through. For each point of
an I/O's life that distance is the same every time, unless an interrupt comes between. So it is measured here, I/O by
I/O: the median of a point is its distance, and an I/O of which any point is further off was parted by an interrupt.
"""

import json
import shlex
import shutil
import statistics
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import guest
from .checks import STALL_NS
from .compare import close, equal
from .kernels import Kernel
from .problem import FAILED
from .scenarios import IOS

# File systems by their names in guest/device.sh; none is the block device itself.
CASES = tuple((filesystem, engine) for filesystem in ("ext4", "vfat", "none")
              for engine in ("libaio", "io_uring", "psync"))
SHARE = 0.02
# With --icount guest time counts instructions and nothing else runs: further from the median is an interrupt.
PARTED_NS = {True: 1000, False: 20_000}
# Distances of the two probes: trace-cmd's come first, and the one of end_io fetches a dozen arguments.
FURTHEST_NS = {True: 6000, False: 60_000}
# I/Os that an interrupt parted are left out of the stages; more than these are too many.
LARGEST_PARTED = 0.35
# Before 6.5 there are only kprobes, which an interrupt has none of while it interrupts one: I/Os that no tracepoint shows
# may lack their completion. Those of ext4's writes are works, which have tracepoints.
KPROBES_ALONE = ("5.10", "6.1")
LARGEST_MISSED = 0.3
BEFORE_IO_WQ = {"attempt", "io_wq_wait"}


def script(operation: str, icount: bool = False) -> bytes:
    common = ("--direct=1", "--bs=4k", "--size=16M", "--thread", "--fallocate=none", "--allow_mounted_write=1",
              f"--number_ios={251 if icount else IOS}", f"--cpus_allowed={0 if icount else 1}", "--name=same", "--iodepth=8",
              f"--rw={operation}")
    lines = [". /lab/device.sh", ". /lab/same.sh", f"make_device {device(icount)} || exit 71", "cd /root"]
    lines += [shlex.join(("same_run", filesystem, engine, *common, f"--ioengine={engine}"))
              for filesystem, engine in CASES]
    return "\n".join(lines + ["exit 0", ""]).encode()


def device(icount: bool) -> str:
    return "null_blk" if icount else "nvme"


def run(kernel: Kernel, dioscope: Path, operation: str, keep: Path | None, icount: bool = False) -> int:
    """Prints a line for each case; 0 when all agree."""
    overlay: dict[str, bytes | Path] = {"lab/main": script(operation, icount), "bin/dioscope": dioscope}
    failed = 0
    boot = guest.Boot(kernel, device(icount), overlay, 1800 if icount else 900, with_tools=True, icount=icount)
    with guest.run(boot) as outcome:
        if not outcome.finished:
            print(f"the guest did not get through; its console ends:\n{outcome.tail()}")
            return FAILED
        if keep is not None:
            shutil.copytree(outcome.results, keep, dirs_exist_ok=True)
        for filesystem, engine in CASES:
            may_miss = kernel.name in KPROBES_ALONE and (filesystem, operation) != ("ext4", "randwrite")
            failures, figures = _compared(outcome.results, f"{filesystem}-{engine}", icount, may_miss)
            print(f"{'not ok' if failures else 'ok'} - {kernel.name} {filesystem}, {engine}, {operation}: {figures}")
            for failure in failures:
                print(f"    {failure}")
            failed += bool(failures)
    return FAILED if failed else 0


def _compared(directory: Path, name: str, icount: bool, may_miss: bool) -> tuple[list[str], str]:
    try:
        live, trace = (json.loads((directory / f"{name}.{kind}.json").read_text()) for kind in ("live", "trace"))
        pairs = Pairs(*([from_worker(json.loads(line)) for line in (directory / f"{name}.{kind}.ios").read_text().splitlines()]
                        for kind in ("live", "trace")), parted_ns=PARTED_NS[icount])
    except (OSError, json.JSONDecodeError) as error:
        log = directory / f"{name}.log"
        return [str(error), *(log.read_text(errors="replace").splitlines()[-8:] if log.is_file() else [])], "no reports"
    stall_ns = 0 if icount else STALL_NS
    failures = [*(missed if may_miss else counts)(live, trace), *scheduling(live["scheduling"], trace["scheduling"], icount),
                *pairs.differences(icount, stall_ns)]
    return failures, figures(trace, pairs)


class Pairs:
    """The same I/Os as the two recorders saw them: the n-th of each offset."""

    def __init__(self, live: list[dict[str, Any]], trace: list[dict[str, Any]], parted_ns: float) -> None:
        self.total = len(trace)
        numbered_live, numbered_trace = numbered(live), numbered(trace)
        self.unknown = [key for key in numbered_trace if key not in numbered_live]
        both = [(numbered_live[key], io) for key, io in numbered_trace.items() if key in numbered_live]
        pairs = [comparable(*pair) for pair in both]
        self.latency = [statistics.fmean(io["latency_ns"] for io in column) for column in zip(*both, strict=True)] or [0, 0]
        self.latency_moved = statistics.median([two["latency_ns"] - one["latency_ns"] for one, two in both] or [0])
        found: defaultdict[str, list[float]] = defaultdict(list)
        for pair in pairs:
            for point, apart in apart_of(*pair):
                found[point].append(apart)
        self.distance = {point: statistics.median(values) for point, values in found.items()}
        self.whole = [pair for pair in pairs
                      if all(abs(apart - self.distance[point]) <= parted_ns for point, apart in apart_of(*pair))]

    def differences(self, icount: bool, stall_ns: float) -> Iterator[str]:
        if self.unknown:
            yield f"the trace has {len(self.unknown)} I/Os that the live recording has not"
        live, trace = self.latency
        yield from close("mean latency in the trace, less the probes' distance", trace - self.latency_moved, "live", live,
                         SHARE, stall_ns / max(self.total, 1))
        for point, distance in self.distance.items():
            if abs(distance) > FURTHEST_NS[icount]:
                yield f"the probes of {point} are {distance:.0f} ns apart"
        if len(self.whole) < self.total * (1 - LARGEST_PARTED):
            yield f"only {len(self.whole)} of {self.total} I/Os were seen alike"
        for stage, ios, live, trace, moved in self.means():
            yield from close(f"mean {stage} in the trace, less the probes' distances", trace - moved, "live", live, SHARE,
                             PARTED_NS[icount] / 10 + stall_ns / ios)

    def means(self) -> Iterator[tuple[str, int, float, float, float]]:
        """For each stage: I/Os, its mean live and in the trace, and by how much the distances of its borders lengthen it."""
        stages: defaultdict[str, list[tuple[float, float, float]]] = defaultdict(list)
        for live, trace in self.whole:
            before = "submitted"
            for one, other in zip(live["stages"], trace["stages"], strict=True):
                moved = self.distance[f"end of {one['name']}"] - self.distance[before]
                before = f"end of {one['name']}"
                stages[one["name"]].append((one["ns"], other["ns"], moved))
        for stage, values in stages.items():
            live, trace, moved = (statistics.fmean(column) for column in zip(*values, strict=True))
            yield stage, len(values), live, trace, moved


def numbered(ios: list[dict[str, Any]]) -> dict[tuple[int, int], dict[str, Any]]:
    """By offset, and by how many I/Os of that offset were submitted before."""
    seen: defaultdict[int, int] = defaultdict(int)
    found = {}
    for io in sorted(ios, key=lambda io: io["submitted_ns"]):
        found[io["offset"], seen[io["offset"]]] = io
        seen[io["offset"]] += 1
    return found


def from_worker(io: dict[str, Any]) -> dict[str, Any]:
    """Without what came before io-wq took it up: a trace does not tell whose attempt or handing over that was."""
    if "taken_up_ns" not in io:
        return io
    before = io["taken_up_ns"] - io["submitted_ns"]
    return io | {"submitted_ns": io["taken_up_ns"], "latency_ns": io["latency_ns"] - before,
                 "stages": [stage for stage in io["stages"] if stage["name"] not in BEFORE_IO_WQ]}


def comparable(live: dict[str, Any], trace: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Where one saw a border that the other one cannot see (who issued a synchronous I/O of a block device), the whole."""
    if [stage["name"] for stage in live["stages"]] == [stage["name"] for stage in trace["stages"]]:
        return live, trace
    live, trace = ({**io, "stages": [{"name": "latency", "ns": io["latency_ns"]}]} for io in (live, trace))
    return live, trace


def apart_of(live: dict[str, Any], trace: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """How much later the trace has each point."""
    apart = trace["submitted_ns"] - live["submitted_ns"]
    yield "submitted", apart
    for one, other in zip(live["stages"], trace["stages"], strict=True):
        apart += other["ns"] - one["ns"]
        yield f"end of {one['name']}", apart


def missed(live: dict[str, Any], trace: dict[str, Any]) -> Iterator[str]:
    """The trace may lack completions, if it says so."""
    losses = {loss["what"]: loss["count"] for loss in trace["loss"]}
    left_out = losses.get("completion-missed", 0) + losses.get("in-flight-at-end", 0)
    yield from equal("I/Os in the trace and missed ones", trace["ios"]["total"] + left_out, "live", live["ios"]["total"])
    if left_out > LARGEST_MISSED * live["ios"]["total"]:
        yield f"the trace lacks {left_out} of {live['ios']['total']} I/Os"
    for member in compared_counts(trace):
        for name, count in trace[member].items():
            there = live[member][name]
            if (count or 0) > (there or 0) or (count is None) != (there is None):
                yield from equal(f"{name} of {member} in the trace", count, "live", there)


def compared_counts(trace: dict[str, Any]) -> Iterator[str]:
    """No recipe has the functions that end a synchronous I/O of a block device."""
    for member in ("contexts", "end_io_contexts", "issuers"):
        if member != "end_io_contexts" or any(count is not None for count in trace[member].values()):
            yield member


def counts(live: dict[str, Any], trace: dict[str, Any]) -> Iterator[str]:
    """Everything that is counted in the report of a trace, and is not what it is in that of the live recording."""
    yield from equal("I/Os in the trace", trace["ios"], "live", live["ios"])
    for member in compared_counts(trace):
        yield from equal(f"{member} in the trace", trace[member], "live", live[member])
    known = [reason for reason in trace["reasons"] if reason["reason"] != "unknown"]
    if known:
        yield from equal("first reason in the trace", known[0]["reason"], "live",
                         live["reasons"][0]["reason"] if live["reasons"] else None)
    for loss in trace["loss"]:
        if loss["severity"] == "loss" and loss["count"]:
            yield f"the trace lost {loss['count']}: {loss['what']}"


def scheduling(live: dict[str, Any] | None, trace: dict[str, Any] | None, icount: bool) -> Iterator[str]:
    """What the CPUs did: switches are counted alike, times differ by the probes' distances at each switch. Where the host
    has stalled the guest between two probes, its stalls are in the times: these are compared with --icount alone."""
    if live is None or trace is None:
        yield from equal("scheduling in the trace", trace, "live", live)
        return
    for member in ("works", "worker_runs"):
        yield from equal(f"{member} in the trace", trace[member], "live", live[member])
    # The last switches to a submitter may be before one recorder's end, and behind the other one's.
    if abs(trace["submitter_runs"] - live["submitter_runs"]) > 2:
        yield from equal("submitter_runs in the trace", trace["submitter_runs"], "live", live["submitter_runs"])
    if not icount:
        return
    yield from close("submitter_displaced_ns in the trace", trace["submitter_displaced_ns"], "live", live["submitter_displaced_ns"],
                     SHARE, 2000 * live["worker_runs"])
    for occupant in ("submitter", "completion_work"):
        yield from close(f"{occupant} occupied the CPUs in the trace", occupied(trace, occupant), "live", occupied(live, occupant), SHARE,
                         2000 * (live["works"] + live["submitter_runs"]))


def occupied(report: dict[str, Any], occupant: str) -> int:
    return sum(one["ns"] for cpu in report["cpus"] for one in cpu["occupants"] if one["occupant"] == occupant)


def figures(trace: dict[str, Any], pairs: Pairs) -> str:
    live_mean, trace_mean = pairs.latency
    mean = f"{trace_mean / live_mean - 1:+.2%}" if live_mean else "-"
    distances = ", ".join(f"{point} {distance:+.0f}" for point, distance in pairs.distance.items())
    stages = ", ".join(f"{stage} {(trace - moved) / live - 1 if live else 0:+.2%}"
                       for stage, _, live, trace, moved in pairs.means())
    return (f"{trace['ios']['total']} I/Os, mean latency {mean}; {len(pairs.whole)} seen alike, less the distances:"
            f" {stages or '-'}; distances in ns: {distances or '-'}")
