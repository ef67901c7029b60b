"""The memory that the probes allocate, calculated from the layout of what they share with user space."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab.places import TREE
from lab.problem import Problem, tool

HEADER = TREE / "Sources" / "CProbeRecords" / "include"
CPUS = (1, 2, 4, 8, 64, 256)
# Defaults of `record`, and what Sources/Probes (ProbeRings, LiveProbes) makes of them.
BUFFER, SLOTS = 32 << 20, 65_536
MOST_RINGS, SMALLEST_RING = 64, 64 << 10
HIGHEST_THREAD = 4 << 20
PROGRAM = """\
#include <stdio.h>
#include "probe_records.h"
int main(void)
{
	printf("%zu %zu %zu\\n", sizeof(struct probe_layered), sizeof(struct probe_bucket), sizeof(struct probe_cpu));
	printf("%d %d\\n", PROBE_BUCKET_SLOTS, PROBE_MAX_CPUS);
}
"""


@dataclass
class Memory:
    """Bytes on a box of so many CPUs."""

    cpus: int
    rings: int
    bytes_of_rings: int
    bytes_of_slots: int
    bytes_of_threads: int
    bytes_of_cpus: int

    @property
    def total(self) -> int:
        return self.bytes_of_rings + self.bytes_of_slots + self.bytes_of_threads + self.bytes_of_cpus


def memory() -> list[Memory]:
    slot, bucket, cpu, ways, most = _sizes()
    found: list[Memory] = []
    for cpus in CPUS:
        rings, size = 1, SMALLEST_RING
        while rings < min(cpus, MOST_RINGS):
            rings *= 2
        while size * 2 * rings <= BUFFER:
            size *= 2
        found.append(Memory(cpus, rings, rings * size, SLOTS * slot + SLOTS // ways * bucket, HIGHEST_THREAD,
                            most * cpu))
    return found


def _sizes() -> list[int]:
    with tempfile.TemporaryDirectory() as scratch:
        source, program = Path(scratch) / "sizes.c", Path(scratch) / "sizes"
        source.write_text(PROGRAM)
        done = subprocess.run([tool("gcc"), f"-I{HEADER}", "-o", str(program), str(source)], capture_output=True,
                              text=True)
        if done.returncode:
            raise Problem(f"gcc cannot read {HEADER.name}: {done.stderr.strip()}")
        return [int(word) for word in subprocess.run([str(program)], capture_output=True, text=True).stdout.split()]
