"""The truth about one scenario: what ftrace recorded, read from its text form."""

import re
from collections import Counter
from dataclasses import dataclass, field

# A comm may hold spaces, dashes and digits, so the line is read from its right end: greedy comm, then the fixed part.
LINE = re.compile(
    r"^\s*(?P<comm>.+)-(?P<pid>\d+)\s+\[(?P<cpu>\d+)\]\s+(?P<flags>\S{4,6})\s+(?P<seconds>\d+)\.(?P<micros>\d{6}):"
    r"\s(?P<what>.*)$")
RANGE = re.compile(r"\boffset[ =](0x[0-9a-f]+) length[ =](0x[0-9a-f]+)")

# A block device's own direct I/O has one function for both.
BLOCK_DEVICE = {"blkdev_bio_end_io", "blkdev_bio_end_io_async"}
COMPLETE = {"iomap_dio_complete", "iomap_dio_simple_complete", "dio_complete"} | BLOCK_DEVICE
END_IO = {"iomap_dio_bio_end_io", "iomap_dio_simple_end_io", "dio_bio_end_aio", "dio_bio_end_io"} | BLOCK_DEVICE
WORK = {"iomap_dio_complete_work", "iomap_dio_simple_complete_work", "dio_aio_complete_work"}
BEGIN = {"iomap_dio_rw_begin:", "legacy_begin:", "blkdev_begin:"}
SECOND_HOP = "io_req_rw_complete"


# A workqueue's rescuer, which steps in while a pool waits for a new worker, has the workqueue's name; that of the works
# that complete I/Os is dio/DEVICE. Since 6.9 it is kworker/R-dio/DEVICE.
KWORKERS = ("kworker/", "dio/")


@dataclass(frozen=True)
class Event:
    """One line: what happened, when, where."""

    comm: str
    pid: int
    cpu: int
    flags: str
    ns: int
    what: str

    @property
    def context(self) -> str:
        """The third flag tells hard and soft interrupts; the comm in an interrupt is only who was interrupted."""
        mark = self.flags[2]
        if mark in "hHzZ":
            return "hardirq"
        if mark == "s":
            return "softirq"
        return "kworker" if self.comm.startswith(KWORKERS) else "task"


def parse_line(line: str) -> Event | None:
    """An event, or None for headers and blank lines. Times are microseconds in the text."""
    match = LINE.match(line)
    if match is None:
        return None
    ns = (int(match["seconds"]) * 1_000_000 + int(match["micros"])) * 1000
    return Event(match["comm"].strip(), int(match["pid"]), int(match["cpu"]), match["flags"], ns, match["what"])


@dataclass(frozen=True)
class Begin:
    """Where an I/O begins: the event, and (offset, length)."""

    event: Event
    range: tuple[int, int]


@dataclass
class Truth:
    """Counts, times and ranges that dioscope has to agree with."""

    contexts: Counter[str] = field(default_factory=Counter)
    end_io_contexts: Counter[str] = field(default_factory=Counter)
    work_hits: int = 0
    second_hops: int = 0
    begin_cpus: Counter[int] = field(default_factory=Counter)
    end_cpus: Counter[int] = field(default_factory=Counter)
    complete_cpus: Counter[int] = field(default_factory=Counter)
    start_cpus: Counter[int] = field(default_factory=Counter)
    begins: list[Begin] = field(default_factory=list)
    ranges: Counter[tuple[int, int]] = field(default_factory=Counter)
    begin_ns: list[int] = field(default_factory=list)
    complete_ns: list[int] = field(default_factory=list)
    completions: list[Event] = field(default_factory=list)
    returns: list[Event] = field(default_factory=list)
    queued_ns: list[int] = field(default_factory=list)
    started_ns: list[int] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)
    unread_lines: list[str] = field(default_factory=list)

    @property
    def mean_latency_ns(self) -> float | None:
        """Up to the end of iomap_dio_complete, which may flush or convert before; elsewhere that is not to be had."""
        returned = [event.ns for event in self.returns]
        return _mean_gap(self.begin_ns, returned if len(returned) == len(self.complete_ns) else self.complete_ns)

    @property
    def mean_queue_wait_ns(self) -> float | None:
        return _mean_gap(self.queued_ns, self.started_ns)


def _mean_gap(starts: list[int], ends: list[int]) -> float | None:
    """Of equal counts the mean of the gaps needs no pairing: it is the difference of the sums."""
    if not starts or len(starts) != len(ends):
        return None
    return (sum(ends) - sum(starts)) / len(starts)


def read_truth(trace: str, stats: str) -> Truth:
    """Build the truth from /trace and from the per_cpu/*/stats files, each line led by its CPU."""
    truth = Truth(lost=read_losses(stats))
    for line in trace.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        event = parse_line(line)
        if event is None:
            truth.unread_lines.append(line)
        else:
            _take(truth, event)
    return truth


def _take(truth: Truth, event: Event) -> None:
    name, _, rest = event.what.partition(" ")
    if rest.startswith("<-"):
        _take_hit(truth, event, name)
    elif name in BEGIN:
        found = RANGE.search(rest)
        if found is None:
            truth.unread_lines.append(event.what)
            return
        begin = Begin(event, (int(found[1], 16), int(found[2], 16)))
        truth.begins.append(begin)
        truth.ranges[begin.range] += 1
        truth.begin_ns.append(event.ns)
        truth.begin_cpus[event.cpu] += 1
    elif name == "iomap_dio_complete:":
        truth.returns.append(event)
    elif name == "workqueue_queue_work:":
        if _work_function(rest, "function=") in WORK:
            truth.queued_ns.append(event.ns)
    elif name == "workqueue_execute_start:":
        if _work_function(rest, "function ") in WORK:
            truth.started_ns.append(event.ns)
            truth.start_cpus[event.cpu] += 1


def _take_hit(truth: Truth, event: Event, function: str) -> None:
    if function in COMPLETE:
        truth.contexts[event.context] += 1
        truth.completions.append(event)
        truth.complete_ns.append(event.ns)
        truth.complete_cpus[event.cpu] += 1
    if function in END_IO:
        context = event.context
        truth.end_io_contexts["task" if context == "kworker" else context] += 1
        truth.end_cpus[event.cpu] += 1
    truth.work_hits += function in WORK and event.context == "kworker"  # inline it may be a call of its own
    truth.second_hops += function == SECOND_HOP


def _work_function(text: str, before: str) -> str:
    return text.partition(before)[2].partition(" ")[0]


def read_losses(stats: str) -> dict[str, int]:
    """Everything the ring buffer says it dropped or overwrote; the truth is void unless all of it is 0."""
    lost: dict[str, int] = {}
    for line in stats.splitlines():
        cpu, _, rest = line.partition(" ")
        name, _, value = rest.partition(":")
        if name in ("overrun", "commit overrun", "dropped events") and int(value):
            lost[f"{cpu} {name}"] = int(value)
    return lost
