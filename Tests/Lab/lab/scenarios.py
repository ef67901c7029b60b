"""The scenarios: which I/O on which device and file system, and in which contexts it may complete on each kernel.

A new scenario is a new row of the table. Under emulation the set of contexts has a meaning, their shares have none.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from .problem import USAGE, Problem

IOS = 1499  # a prime, so that no batch size, queue depth or CPU count divides it


@dataclass(frozen=True)
class Expectation:
    """Completion contexts that must appear, and those that may; any other one is a failure."""

    must: frozenset[str]
    may: frozenset[str] = frozenset()

    @property
    def queue_wait(self) -> bool:
        return "kworker" in self.must


@dataclass(frozen=True)
class Scenario:
    """One row. `preparation` is of guest/scenario.sh; `fio` is what this row adds to the arguments common to all."""

    name: str
    device: str
    filesystem: str
    preparation: str
    fio: tuple[str, ...]
    expect: Mapping[str, Expectation]
    ios: int = IOS
    jobs: int = 1
    kernel_arguments: tuple[str, ...] = ()

    @property
    def megabytes(self) -> int:
        return 16 * self.jobs

    @property
    def reads(self) -> bool:
        return any(word in ("--rw=read", "--rw=randread") for word in self.fio)

    @property
    def fio_arguments(self) -> tuple[str, ...]:
        """One job stays on CPU 1; several get a part of the file and a CPU each."""
        common = ("--name=lab", "--direct=1", "--bs=4k", "--size=16M", "--thread", "--fallocate=none",
                  "--allow_mounted_write=1", f"--number_ios={self.ios // self.jobs}")
        if self.jobs == 1:
            placed: tuple[str, ...] = ("--cpus_allowed=1",)
        else:
            placed = (f"--numjobs={self.jobs}", "--offset_increment=16M", "--cpus_allowed=0-1",
                      "--cpus_allowed_policy=split")
        return (*common, *placed, *self.fio)

    def expectation(self, kernel: str) -> Expectation | None:
        return self.expect.get(kernel)


DEFERRING = ("5.10", "6.1", "6.12")  # iomap finishes every asynchronous write in a kworker
INLINE = ("7.2", "7.3-rc")  # overwrites of an uncached file are finished in the interrupt


def _same(kernels: tuple[str, ...], must: str, may: str = "") -> dict[str, Expectation]:
    expectation = Expectation(frozenset(must.split()), frozenset(may.split()))
    return {kernel: expectation for kernel in kernels}


# An I/O whose device answers before the submitter let go of it is completed by the submitter, anywhere.
OVERWRITE = _same(DEFERRING, "kworker", "submit_race") | _same(INLINE, "hardirq", "submit_race")
READ = _same(DEFERRING + INLINE, "hardirq", "submit_race")
SYNC = _same(DEFERRING + INLINE, "sync_wait", "submit_race")

_LIBAIO = ("--ioengine=libaio", "--iodepth=8")
_IO_URING = ("--ioengine=io_uring", "--iodepth=8")

SCENARIOS = (
    Scenario("ext4-libaio-overwrite", "null_blk", "ext4", "prewrite", (*_LIBAIO, "--rw=randwrite"), OVERWRITE),
    Scenario("ext4-libaio-read", "null_blk", "ext4", "prewrite", (*_LIBAIO, "--rw=randread"), READ),
    Scenario("ext4-io_uring-overwrite", "null_blk", "ext4", "prewrite", (*_IO_URING, "--rw=randwrite"), OVERWRITE),
    Scenario("ext4-sync-write", "null_blk", "ext4", "prewrite", ("--ioengine=psync", "--rw=randwrite"), SYNC),
    Scenario("ext4-libaio-2jobs-overwrite", "null_blk", "ext4", "prewrite", (*_LIBAIO, "--rw=randwrite"), OVERWRITE,
             ios=2 * IOS, jobs=2),
    Scenario("xfs-libaio-overwrite", "null_blk", "xfs", "prewrite", (*_LIBAIO, "--rw=randwrite"), OVERWRITE),
    Scenario("ext4-libaio-overwrite", "nvme", "ext4", "prewrite", (*_LIBAIO, "--rw=randwrite"), OVERWRITE),
    Scenario("ext4-libaio-read", "nvme", "ext4", "prewrite", (*_LIBAIO, "--rw=randread"), READ),
)


def full_name(scenario: Scenario) -> str:
    """Device and name; together they are unique."""
    return f"{scenario.device}/{scenario.name}"


def scenarios_named(names: list[str]) -> list[Scenario]:
    """Scenarios by `name` (on every device that has it) or by `device/name`."""
    chosen: list[Scenario] = []
    for name in names:
        found = [row for row in SCENARIOS if name in (row.name, full_name(row))]
        if not found:
            known = ", ".join(dict.fromkeys(row.name for row in SCENARIOS))
            raise Problem(f"unknown scenario {name}; there are {known}", USAGE)
        chosen += [row for row in found if row not in chosen]
    return chosen
