"""`growth`: what becomes of the cost, and of the memory, with more CPUs, more I/Os in flight, and more files."""

import json
from dataclasses import dataclass
from pathlib import Path

from lab import guest, initramfs
from lab.kernels import Kernel
from lab.problem import FAILED, Problem

from . import cost
from .load import Load

CPUS = (1, 2, 4, 8)
DEPTHS = (16, 1024, 8192)
FILES = (16, 1024)
POSSIBLE_CPUS = (1, 16, 256)
# As many requests for a CPU's queue as null_blk can be given, so that the I/Os are in flight and not at its door.
DEEP = "hw_queue_depth=10240"


@dataclass
class Memory:
    """What the probes allocate on a box that may have so many CPUs."""

    possible_cpus: int
    rings: int
    bytes_of_rings: int
    bytes_of_maps: int


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


MEMORY_SCRIPT = """\
dioscope record -q -o /dev/shm/out &
recorder=$!
sleep 10
bpftool map show -j >/out/maps
kill -INT $recorder
wait $recorder
"""


def memory(kernel: Kernel, dioscope: Path) -> list[Memory]:
    """One CPU that says that there may be more of them: all maps are made for those that may be."""
    found: list[Memory] = []
    for possible in POSSIBLE_CPUS:
        overlay: dict[str, bytes | Path] = {
            "lab/main": MEMORY_SCRIPT.encode(), "bin/dioscope": dioscope, **initramfs.program("bpftool")}
        boot = guest.Boot(kernel, "none", overlay, 300, icount=True, memory="3G",
                          kernel_arguments=(f"possible_cpus={possible}",))
        with guest.run(boot) as outcome:
            if not outcome.finished or outcome.exit_code:
                raise Problem(f"the guest with {kernel.name} failed; it ends:\n{outcome.tail()}", FAILED)
            maps = json.loads((outcome.results / "maps").read_text())
        rings = [entry["bytes_memlock"] for entry in maps if entry["type"] == "ringbuf"]
        found.append(Memory(possible, len(rings), sum(rings),
                            sum(entry["bytes_memlock"] for entry in maps) - sum(rings)))
    return found


PARTS = {"cpus": by_cpus, "depth": by_depth, "files": by_files, "memory": memory}
