"""`same`: one run of fio recorded by dioscope's probes and by trace-cmd at once; the two reports have to agree."""

import json
import shlex
import shutil
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
# By so much a stage may be longer for the recorder whose probe comes second; emulated probes take microseconds.
STAGE_SLACK_NS = 8000
LATENCY_SLACK_NS = 5000


def script(operation: str, icount: bool = False) -> bytes:
    common = ("--direct=1", "--bs=4k", "--size=16M", "--thread", "--fallocate=none", "--allow_mounted_write=1",
              f"--number_ios={IOS}", f"--cpus_allowed={0 if icount else 1}", "--name=same", "--iodepth=8",
              f"--rw={operation}")
    lines = [". /lab/device.sh", ". /lab/same.sh", f"make_device {device(icount)} || exit 71", "cd /root"]
    lines += [shlex.join(("same_run", filesystem, engine, *common, f"--ioengine={engine}"))
              for filesystem, engine in CASES]
    return "\n".join(lines + ["exit 0", ""]).encode()


def device(icount: bool) -> str:
    return "null_blk" if icount else "nvme"


def run(kernel: Kernel, dioscope: Path, operation: str, keep: Path | None, icount: bool = False) -> int:
    """Prints a line for each engine; 0 when all agree."""
    overlay: dict[str, bytes | Path] = {"lab/main": script(operation, icount), "bin/dioscope": dioscope}
    failed = 0
    boot = guest.Boot(kernel, device(icount), overlay, 600, with_tools=True, icount=icount)
    with guest.run(boot) as outcome:
        if not outcome.finished:
            print(f"the guest did not get through; its console ends:\n{outcome.tail()}")
            return FAILED
        if keep is not None:
            shutil.copytree(outcome.results, keep, dirs_exist_ok=True)
        for filesystem, engine in CASES:
            failures, told = _compared(outcome.results, f"{filesystem}-{engine}")
            print(f"{'not ok' if failures else 'ok'} - {kernel.name} {filesystem}, {engine}, {operation}: {told}")
            for failure in failures:
                print(f"    {failure}")
            failed += bool(failures)
    return FAILED if failed else 0


def _compared(directory: Path, name: str) -> tuple[list[str], str]:
    try:
        live, trace = (json.loads((directory / f"{name}.{kind}.json").read_text()) for kind in ("live", "trace"))
    except (OSError, json.JSONDecodeError) as error:
        log = directory / f"{name}.log"
        return [str(error), *(log.read_text(errors="replace").splitlines()[-8:] if log.is_file() else [])], "no reports"
    return list(differences(live, trace)), told(live, trace)


def differences(live: dict[str, Any], trace: dict[str, Any]) -> Iterator[str]:
    """Everything in which the report of a trace is not that of the live recording."""
    yield from equal("I/Os in the trace", trace["ios"], "live", live["ios"])
    yield from equal("contexts in the trace", trace["contexts"], "live", live["contexts"])
    yield from close("mean latency in the trace", trace["latency"]["mean_ns"], "live", live["latency"]["mean_ns"],
                     SHARE, LATENCY_SLACK_NS + STALL_NS / max(trace["ios"]["total"], 1))
    before = {stage["name"]: stage for stage in live["stages"]}
    for stage in trace["stages"]:
        # A kprobe that was skipped leaves some I/Os with a coarser stage.
        if stage["name"] in before and stage["ios"] == before[stage["name"]]["ios"]:
            yield from close(f"mean {stage['name']} in the trace", stage["mean_ns"], "live",
                             before[stage["name"]]["mean_ns"], SHARE, STAGE_SLACK_NS + STALL_NS / max(stage["ios"], 1))
    known = [reason for reason in trace["reasons"] if reason["reason"] != "unknown"]
    if known:
        yield from equal("first reason in the trace", known[0]["reason"], "live",
                         live["reasons"][0]["reason"] if live["reasons"] else None)
    for loss in trace["loss"]:
        if loss["severity"] == "loss" and loss["count"]:
            yield f"the trace lost {loss['count']}: {loss['what']}"


def told(live: dict[str, Any], trace: dict[str, Any]) -> str:
    def change(old: float, new: float) -> str:
        return f"{(new / old - 1):+.2%}" if old else "-"

    before = {stage["name"]: stage["mean_ns"] for stage in live["stages"]}
    stages = [f"{stage['name']} {stage['mean_ns'] - before[stage['name']]:+.0f} ns"
              for stage in trace["stages"] if stage["name"] in before]
    mean = change(live["latency"]["mean_ns"], trace["latency"]["mean_ns"])
    return f"{trace['ios']['total']} I/Os, mean latency {mean}; {', '.join(stages)}"
