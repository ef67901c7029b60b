"""`rate`: as many I/Os per second as an emulated guest makes, and whether every one is recorded or counted as lost."""

import json
from dataclasses import dataclass
from pathlib import Path

from lab import guest
from lab.kernels import Kernel
from lab.problem import FAILED, Problem

from .places import GUEST_FILES

# How the null_blk completes: inline in the submitter, by a softirq of the same CPU, by a timer's interrupt.
IRQ_MODES = {0: "inline", 1: "softirq", 2: "timer"}
JOBS = (1, 2)
# Ways of recording; a sampled one and one that keeps only sums belong here as soon as `record` has them.
WAYS = {"whole": "", "small buffer": "--buffer 1M"}
SECONDS = 3600


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
    lost: int

    @property
    def missing(self) -> int:
        return self.ios - self.recorded - self.lost


def measure(kernel: Kernel, dioscope: Path, seconds: int, cpus: int = 2) -> list[Rate]:
    """One boot for each way that null_blk completes: a device of its own."""
    found: list[Rate] = []
    for mode in IRQ_MODES:
        steps = ["set -u", ". /lab/rate.sh", f"prepare {mode} || exit 1"]
        for jobs in JOBS:
            for index, options in enumerate(WAYS.values()):
                steps.append(f"rate {jobs}-{index} {jobs} {seconds} {options} || exit 1")
        overlay: dict[str, bytes | Path] = {
            "lab/main": "".join(f"{step}\n" for step in steps).encode(), "lab/rate.sh": GUEST_FILES / "rate.sh",
            "bin/dioscope": dioscope}
        with guest.run(guest.Boot(kernel, "none", overlay, SECONDS, cpus=cpus, memory="3G")) as outcome:
            if not outcome.finished or outcome.exit_code:
                raise Problem(f"the guest with {kernel.name} failed; it ends:\n{outcome.tail()}", FAILED)
            for jobs in JOBS:
                for index, way in enumerate(WAYS):
                    found.append(_rate(outcome.results, f"{jobs}-{index}", kernel, IRQ_MODES[mode], jobs, way))
    return found


def _rate(results: Path, label: str, kernel: Kernel, completion: str, jobs: int, way: str) -> Rate:
    alone, traced = (json.loads((results / f"{label}.{which}.json").read_text())["jobs"][0]["write"]
                     for which in ("untraced", "traced"))
    report = json.loads((results / f"{label}.report.json").read_text())
    lost = sum(entry["count"] for entry in report["loss"] if entry["severity"] == "loss")
    return Rate(kernel.name, completion, jobs, way, alone["iops"], traced["iops"], traced["total_ios"],
                report["ios"]["total"], lost)
