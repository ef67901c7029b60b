"""`growth`: what becomes of the cost, and of the memory, with more CPUs, more I/Os in flight, and more files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.kernels import Kernel

from . import cost, layout
from .load import Load

CPUS = (1, 2, 4, 8)
DEPTHS = (16, 1024, 8192)
FILES = (16, 1024)
# As many requests for a CPU's queue as null_blk can be given, so that the I/Os are in flight and not at its door.
DEEP = "hw_queue_depth=10240"

Grown = list[tuple[str, list[cost.Cost]]]


def by_cpus(kernel: Kernel, dioscope: Path) -> Grown:
    """A job at queue depth 4 on every CPU, and at last one at 8192: 65,536 in flight. The CPUs take turns, and the
    instructions of all are counted."""
    found: Grown = []
    for cpus in CPUS:
        loads = [Load(4, cpus)] + ([Load(DEPTHS[-1], cpus)] if cpus == CPUS[-1] else [])
        for load, costs in _by_load(cost.Machine(kernel, cpus, DEEP), loads, dioscope):
            found.append((f"{cpus} CPUs, {load.depth * cpus} in flight", costs))
    return found


def by_depth(kernel: Kernel, dioscope: Path) -> Grown:
    """One CPU, more and more in flight."""
    measured = _by_load(cost.Machine(kernel, settings=DEEP), [Load(depth) for depth in DEPTHS], dioscope)
    return [(f"1 CPU, {load.depth} in flight", costs) for load, costs in measured]


def by_files(kernel: Kernel, dioscope: Path) -> Grown:
    """One CPU, queue depth 16, random files."""
    measured = _by_load(cost.Machine(kernel), [Load(16, files=files) for files in FILES], dioscope)
    return [(f"1 CPU, 16 in flight, {load.files} files", costs) for load, costs in measured]


def _by_load(machine: cost.Machine, loads: list[Load], dioscope: Path) -> list[tuple[Load, list[cost.Cost]]]:
    found = cost.measure(machine, loads, ["untraced", "dioscope"], dioscope, None)
    return [(load, [one for one in found if one.load == load]) for load in loads]


PARTS: dict[str, Callable[[Kernel, Path], list[Any]]] = {
    "cpus": by_cpus, "depth": by_depth, "files": by_files, "memory": lambda _kernel, _dioscope: layout.memory()}
