"""What a row of the matrix is: an I/O on a device and file system, and what each kernel may make of it.

The rows themselves are in rows.py. Under emulation the set of contexts has a meaning, their shares have none.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

IOS = 1499  # a prime, so that no batch size, queue depth or CPU count divides it

# fio's engines by the name that dioscope has for an issuer.
ISSUERS = {"libaio": "libaio", "io_uring": "io_uring", "psync": "sync"}


@dataclass(frozen=True)
class Expectation:
    """What one kernel shows. Contexts that must appear and that may; any other one is a failure.

    `reasons` are all that a deferral may be given; `end_io` all contexts that end_io may run in (empty: any);
    `stages` those that the report must have (None: those that follow from `must` and the issuer).
    """

    must: frozenset[str]
    may: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    end_io: frozenset[str] = frozenset()
    stages: frozenset[str] | None = None

    @property
    def queue_wait(self) -> bool:
        return "kworker" in self.must


STAGE_OF = {"kworker": "queue_wait", "hardirq": "inline_completion", "softirq": "inline_completion",
            "poll": "inline_completion", "sync_wait": "submitter_wakeup"}


@dataclass(frozen=True)
class Forced:
    """What a row makes its I/Os wait for: these causes together are the largest, and the largest name of the first."""

    causes: tuple[str, ...]
    name: str | None = None


@dataclass(frozen=True)
class Scenario:
    """One row. `preparation` is of guest/scenario.sh; `fio` is what this row adds to the arguments common to all.

    A `--name` in `fio` begins a second job that runs at the same time, on a CPU of its own.
    """

    name: str
    device: str
    filesystem: str
    preparation: str
    fio: tuple[str, ...]
    expect: Mapping[str, Expectation]
    ios: int = IOS
    jobs: int = 1
    kernel_arguments: tuple[str, ...] = ()
    job_megabytes: int = 16
    short: bool = False  # one of the set that every test run does
    failing: bool = False  # every I/O ends with an error
    multi_bio: bool = False  # an I/O has several bios, of which only the last one's end_io counts
    causes: bool = False  # ftrace also records who held the CPUs
    disturbance: str = "none"  # of guest/disturb.sh
    forced: Forced | None = None
    summary: bool = False  # dioscope records a summary, and has no list
    blocks: bool = False  # ftrace also records bios and requests, and where completions are delivered
    borders: tuple[str, ...] = ()  # points that are compared with ftrace by I/O: of a raw device without layers
    works: Mapping[str, str] = field(default_factory=dict)  # stage, or "layer PHASE": the function of the work it waits for
    bottom: bool = False  # each I/O is one request of the device below all layers, and its time there ftrace's
    mirrors: bool = False  # each I/O goes to several disks
    composed: frozenset[str] = frozenset()  # layers in which some of its I/Os, or all, are one span
    largest: str | None = None  # the stage that the row is made for
    largest_causes: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)  # wait in the report: cause, first name
    split: tuple[str, ...] = ()  # waits whose causes are compared with ftrace's split of the same time
    apart: tuple[str, ...] = ()  # causes of io_uring's wait that are no wait for a CPU, compared with ftrace
    asleep: bool = False  # submitters sleep before the block layer has a bio: for how long is compared with ftrace, I/O by I/O
    throttled_below: bool = False  # a limit of the disk below a layer holds bios back: compared with ftrace
    handed_over: bool = False  # io_uring's workers begin all I/Os: the wait for them is compared
    at_limit: bool = False  # works wait because the workqueue runs as many as it may: compared with ftrace's count
    through_loop: bool = False  # the I/Os are those that a loop device makes of buffered ones
    whole_system: bool = False  # recorded until it is stopped, and not with a command
    issuer: str | None = None  # of all I/Os, where it is not fio's engine
    blind: bool = False  # direct I/O that no probe of dioscope's can see: it has to say so
    misread: bool = False  # the probes are made to misread contexts: the recording has to say so, and give no verdict
    only: str = ""  # truth: of functions, works and begins with this in their names
    limit: str = "none"  # of guest/limits.sh
    filter: str = "none"  # options of record, of guest/scenario.sh
    cpus: int | None = None  # of the guest, 2 if nothing is said
    skip: Mapping[str, str] = field(default_factory=dict)  # kernel: why it cannot have this row

    @property
    def megabytes(self) -> int:
        return self.job_megabytes * self.jobs

    @property
    def reads(self) -> bool:
        return any(word in ("--rw=read", "--rw=randread") for word in self.fio)

    @property
    def mixed(self) -> bool:
        return "--rw=randrw" in self.fio

    @property
    def polled(self) -> bool:
        return "--hipri" in self.fio

    @property
    def needs_stacks(self) -> bool:
        """Modules and tools beyond those of bare devices and their file systems."""
        return "+" in self.device or self.device.startswith("virtio") or self.filesystem.startswith(
            ("btrfs", "f2fs", "overlay", "fuse", "nfs")) or self.preparation == "reflinked"

    @property
    def needs_modules(self) -> bool:
        return (self.needs_stacks and not self.device.startswith("virtio") or self.device.startswith("null_blk")
                or not set(self.filesystem.split("+")) <= {"ext4", "ext4-journal", "pieces", "none", "tmpfs"})

    @property
    def issuers(self) -> dict[str, int]:
        """I/Os by issuer; several kinds share them evenly."""
        if self.issuer is not None:
            return {self.issuer: self.ios}
        engines = [word.partition("=")[2] for word in self.fio if word.startswith("--ioengine=")]
        counts: Counter[str] = Counter()
        for engine in engines:
            counts[ISSUERS[engine]] += self.ios // len(engines)
        return dict(counts)

    @property
    def fio_arguments(self) -> tuple[str, ...]:
        """One job stays on CPU 1; several get a part of the file and a CPU each."""
        common = ("--direct=1", "--bs=4k", f"--size={self.job_megabytes}M", "--thread", "--fallocate=none",
                  "--allow_mounted_write=1", f"--number_ios={self.ios // self.jobs}")
        placed: tuple[str, ...] = ("--cpus_allowed=1",)
        if self.jobs > 1:
            placed = ("--cpus_allowed=0-1", "--cpus_allowed_policy=split")
            if not any(word.startswith("--name=") for word in self.fio):
                placed += (f"--numjobs={self.jobs}", f"--offset_increment={self.job_megabytes}M")
        return (*common, *placed, "--name=lab", *self.fio)

    def expectation(self, kernel: str) -> Expectation | None:
        return self.expect.get(kernel)

    def stages(self, expectation: Expectation) -> frozenset[str]:
        """Stages that the report must have. io_uring hops once more, except when it polls."""
        if expectation.stages is not None:
            return expectation.stages
        stages = {STAGE_OF[context] for context in expectation.must if context in STAGE_OF}
        if "io_uring" in self.issuers and not self.polled and expectation.must:
            stages.add("task_work_wait")
        return frozenset(stages)


def file_name(scenario: Scenario) -> str:
    """What its files in /out begin with: rows with layers share a boot."""
    return full_name(scenario).replace("/", "-") if "+" in scenario.device else scenario.name


def full_name(scenario: Scenario) -> str:
    """Device and name; together they are unique."""
    return f"{scenario.device}/{scenario.name}"
