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

from .places import GUEST_FILES

# How the null_blk completes: inline in the submitter, by a softirq of the same CPU, by a timer's interrupt.
IRQ_MODES = {0: "inline", 1: "softirq", 2: "timer"}
# Ways of recording. 512 KiB is what a CPU gets of the buffer on a box of 64.
WAYS = {"whole": "--full", "512 KiB of ring": "--full --buffer 512K", "sampled 1/8": "--sample 1/8"}
# What is run: how it completes, jobs, way.
RUNS = ((0, 1, "whole"), (1, 1, "whole"), (2, 8, "whole"), (2, 8, "512 KiB of ring"), (2, 8, "sampled 1/8"))
IOS = 32_768
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
    """One boot, a device for each way that null_blk completes."""
    steps = ["set -u", ". /lab/rate.sh", *(f"prepare {mode} || exit 1" for mode in IRQ_MODES)]
    steps += [f"rate {number} {mode} {IOS} {jobs} {WAYS[way]} || exit 1"
              for number, (mode, jobs, way) in enumerate(RUNS)]
    overlay: dict[str, bytes | Path] = {
        "lab/main": "".join(f"{step}\n" for step in steps).encode(), "lab/rate.sh": GUEST_FILES / "rate.sh",
        "bin/dioscope": dioscope}
    with guest.run(guest.Boot(kernel, "none", overlay, SECONDS, icount=True, memory="3G")) as outcome:
        if not outcome.finished or outcome.exit_code:
            raise Problem(f"the guest with {kernel.name} failed; it ends:\n{outcome.tail()}", FAILED)
        return [_rate(outcome.results, str(number), kernel, IRQ_MODES[mode], jobs, way)
                for number, (mode, jobs, way) in enumerate(RUNS)]


def _rate(results: Path, label: str, kernel: Kernel, completion: str, jobs: int, way: str) -> Rate:
    alone, traced = (json.loads((results / f"{label}.{which}.json").read_text())["jobs"][0]["write"]
                     for which in ("untraced", "traced"))
    report = json.loads((results / f"{label}.report.json").read_text())
    lost = sum(entry["count"] for entry in report["loss"] if entry["severity"] == "loss")
    sampled_out = sum(entry["count"] for entry in report["loss"] if entry["what"] == "sampled-out")
    return Rate(kernel.name, completion, jobs, way, alone["iops"], traced["iops"], traced["total_ios"],
                report["ios"]["total"], sampled_out, lost)
