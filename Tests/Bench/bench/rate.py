"""`rate`: as many I/Os per second as a guest makes, and whether every one is recorded or counted as lost.

The guest's time is the number of instructions executed: what disturbs the machine does not slow it down, and a recorder
that falls behind does so every time.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from lab import guest
from lab.kernels import Kernel
from lab.problem import FAILED, Problem

from .growth import DEEP
from .places import GUEST_FILES

# How the null_blk completes: inline in the submitter, by a softirq of the same CPU, by a timer's interrupt.
IRQ_MODES = {0: "inline", 1: "softirq", 2: "timer"}
# Ways of recording. 512 KiB is what a CPU gets of the buffer on a box of 64.
WAYS = {"whole": "--full", "512 KiB of ring": "--full --buffer 512K", "sampled 1/8": "--sample 1/8"}


@dataclass(frozen=True)
class Run:
    """How the null_blk completes, and what fio does."""

    mode: int
    jobs: int
    way: str
    depth: int = 32  # of each job
    ios: int = 32_768


ONE_CPU = (Run(0, 1, "whole"), Run(1, 1, "whole"), Run(2, 8, "whole"), Run(2, 8, "512 KiB of ring"),
           Run(2, 8, "sampled 1/8"))
# As fast as eight CPUs are, and 65,536 in flight, twice over.
EIGHT_CPUS = (Run(0, 8, "whole", ios=131_072), Run(2, 8, "whole", depth=8192, ios=131_072))
SECONDS = 5400


@dataclass
class Rate:
    """One recording at full speed. What fio did is recorded, or lost and counted: nothing may be missing."""

    kernel: str
    completion: str
    jobs: int
    way: str
    iops_untraced: float
    iops: float
    ios: int
    recorded: int
    sampled_out: int
    lost: int

    @property
    def missing(self) -> int:
        return self.ios - self.recorded - self.sampled_out - self.lost


def measure(kernel: Kernel, dioscope: Path) -> list[Rate]:
    """Two boots, with a device for each way that null_blk completes."""
    return _boot(kernel, dioscope, ONE_CPU, 1, "") + _boot(kernel, dioscope, EIGHT_CPUS, 8, f"{DEEP} submit_queues=8")


def _boot(kernel: Kernel, dioscope: Path, runs: tuple[Run, ...], cpus: int, settings: str) -> list[Rate]:
    modes = sorted({run.mode for run in runs})
    steps = ["set -u", ". /lab/rate.sh", *(f"prepare {mode} {settings} || exit 1" for mode in modes)]
    steps += [f"rate {number} {run.mode} {run.ios} {run.jobs} {run.depth} {WAYS[run.way]} || exit 1"
              for number, run in enumerate(runs)]
    overlay: dict[str, bytes | Path] = {
        "lab/main": "".join(f"{step}\n" for step in steps).encode(), "lab/rate.sh": GUEST_FILES / "rate.sh",
        "bin/dioscope": dioscope}
    with guest.run(guest.Boot(kernel, "none", overlay, SECONDS, icount=True, memory="3G", cpus=cpus)) as outcome:
        if not outcome.finished or outcome.exit_code:
            raise Problem(f"the guest with {kernel.name} failed; it ends:\n{outcome.tail()}", FAILED)
        return [_rate(outcome.results, str(number), kernel, run, cpus) for number, run in enumerate(runs)]


def _rate(results: Path, label: str, kernel: Kernel, run: Run, cpus: int) -> Rate:
    alone, traced = (json.loads((results / f"{label}.{which}.json").read_text())["jobs"][0]["write"]
                     for which in ("untraced", "traced"))
    report = json.loads((results / f"{label}.report.json").read_text())
    lost = sum(entry["count"] for entry in report["loss"] if entry["severity"] == "loss")
    sampled_out = sum(entry["count"] for entry in report["loss"] if entry["what"] == "sampled-out")
    completion = IRQ_MODES[run.mode] + (f", {cpus} CPUs" if cpus > 1 else "")
    flight = f", {run.depth * run.jobs:,} in flight" if run.depth > 32 else ""
    return Rate(kernel.name, completion + flight, run.jobs, run.way, alone["iops"], traced["iops"], traced["total_ios"],
                report["ios"]["total"], sampled_out, lost)
