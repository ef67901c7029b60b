"""`how`: what `dioscope record --how` prints for each tool is run, and its traces have to give complete lives."""

import json
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import guest
from .compare import equal
from .kernels import Kernel
from .problem import FAILED
from .scenarios import IOS

TOOLS = ("trace-cmd", "perf", "ftrace", "bpftrace")
ENGINES = ("libaio", "io_uring", "psync")
SHARE = 0.99
# perf loses events of full interrupts without a word. Where bpftrace has no kfunc, none of its programs runs in an
# interrupt of another one, which under emulation is every second interrupt of io_uring's.
LOSSY = {("perf", ""): 0.2, ("bpftrace", "5.10"): 0.5}
LOSSES = ("queue-event-missed", "begin-missed", "completion-missed", "in-flight-at-end", "mistaken-identity")


def script(tools: tuple[str, ...]) -> bytes:
    common = ("--direct=1", "--bs=4k", "--size=16M", "--thread", "--fallocate=none", f"--number_ios={IOS}",
              "--cpus_allowed=1", "--name=how", "--rw=randwrite")
    lines = [". /lab/device.sh", ". /lab/how.sh", "make_device nvme || exit 71", "cd /root"]
    # fio would say so before its JSON if a synchronous engine had a depth.
    lines += [shlex.join(("how_run", tool, engine, *common, f"--ioengine={engine}",
                          *(() if engine == "psync" else ("--iodepth=8",))))
              for tool in tools for engine in ENGINES]
    return "\n".join(lines + ["exit 0", ""]).encode()


def run(kernel: Kernel, dioscope: Path, tools: tuple[str, ...], keep: Path | None) -> int:
    """Prints a line for each tool and engine; 0 when all traces are as they should be."""
    overlay: dict[str, bytes | Path] = {"lab/main": script(tools), "bin/dioscope": dioscope}
    failed = 0
    with guest.run(guest.Boot(kernel, "nvme", overlay, 900, with_tools=True)) as outcome:
        if keep is not None:
            shutil.copytree(outcome.results, keep, dirs_exist_ok=True)
        if not outcome.finished:
            print(f"the guest did not get through; its console ends:\n{outcome.tail()}")
            return FAILED
        for tool in tools:
            for engine in ENGINES:
                failures, told = _checked(outcome.results, f"{tool}-{engine}", _lossy(kernel.name, tool))
                print(f"{'not ok' if failures else 'ok'} - {kernel.name} {tool}, {engine}: {told}")
                for failure in failures:
                    print(f"    {failure}")
                failed += bool(failures)
    return FAILED if failed else 0


def _lossy(kernel: str, tool: str) -> float:
    """The share of I/Os that the tool may lose there without saying so."""
    return LOSSY.get((tool, kernel), LOSSY.get((tool, ""), 0))


def _checked(directory: Path, name: str, lossy: float) -> tuple[list[str], str]:
    try:
        report = json.loads((directory / f"{name}.json").read_text())
        fio = json.loads((directory / f"{name}.fio.json").read_text())
    except (OSError, json.JSONDecodeError) as error:
        log = directory / f"{name}.log"
        return [str(error), *(log.read_text(errors="replace").splitlines()[-8:] if log.is_file() else [])], "no report"
    return [*differences(report, fio, lossy), *_issued(report, name)], (
        f"{report['ios']['total']} I/Os, {report['quality']['complete_share'] or 0:.1%} complete, "
        + ", ".join(stage["name"] for stage in report["stages"]))


def _issued(report: dict[str, Any], name: str) -> Iterator[str]:
    """The issuer is what fio was told to use."""
    engine = name.rpartition("-")[2].replace("psync", "sync")
    if report["issuers"][engine] != report["ios"]["total"]:
        yield f"issuers: {report['issuers']}"


def differences(report: dict[str, Any], fio: dict[str, Any], lossy: float) -> Iterator[str]:
    wanted = fio["jobs"][0]["write"]["total_ios"]
    found = report["ios"]["total"]
    if lossy and found < wanted:
        if found < wanted * (1 - lossy):
            yield f"I/Os: {found}, but fio {wanted}"
    else:
        yield from equal("I/Os", found, "fio", wanted)
    yield from equal("writes", report["ios"]["write"], "all", found)
    share = report["quality"]["complete_share"] or 0
    if share < SHARE - lossy:
        yield f"only {share:.1%} of I/Os are complete: {report['quality']['missing']}"
    for loss in report["loss"]:
        if loss["severity"] == "loss" and not (lossy and loss["what"] in LOSSES):
            yield f"{loss['what']}: {loss['count']}"
    stages = {stage["name"] for stage in report["stages"]}
    for stage in ("submit", "device", *(["task_work_wait"] if report["issuers"]["io_uring"] else [])):
        if stage not in stages:
            yield f"no stage {stage}, but {sorted(stages)}"
