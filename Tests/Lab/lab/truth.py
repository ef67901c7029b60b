"""The truth about one scenario: what ftrace recorded, read from its text form."""

import re
from bisect import insort
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from .blocks import Blocks
from .events import Event, parse_line, work_of
from .moments import Moments
from .occupants import BEGIN, WORK, Occupants, Timeline, Wait
from .reaps import Reaps

RANGE = re.compile(r"\boffset[ =](0x[0-9a-f]+) length[ =](0x[0-9a-f]+)")

# A block device's own direct I/O has one function for both.
BLOCK_DEVICE = {"blkdev_bio_end_io", "blkdev_bio_end_io_async"}
COMPLETE = {"iomap_dio_complete", "iomap_dio_simple_complete", "dio_complete"} | BLOCK_DEVICE
END_IO = {"iomap_dio_bio_end_io", "iomap_dio_simple_end_io", "dio_bio_end_aio", "dio_bio_end_io"} | BLOCK_DEVICE
# A bio that its task sleeps for: a block device's, a small read's of 7.3, but also a flush.
AWAITED = {"submit_bio_wait_endio", "bio_wait_end_io", "blkdev_bio_end_io_simple"}
WITHOUT_END = "iomap_dio_simple_complete"
SECOND_HOP = "io_req_rw_complete"


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
    came_to_nothing: int = 0  # without a bio: btrfs goes on through the page cache where a buffer is not in memory
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
    waits: list[Wait] = field(default_factory=list)  # who held the CPUs; empty where the row did not ask
    reaps: Reaps | None = None
    blocks: Blocks = field(default_factory=Blocks)
    moments: Moments = field(default_factory=Moments)
    timelines: dict[int, Timeline] = field(default_factory=dict)  # by CPU
    ends: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))  # end_io, ns by CPU
    submitters: set[int] = field(default_factory=set)
    waiting: dict[int, int] = field(default_factory=dict)  # when a thread began an I/O that it may sleep for, by pid
    awaited: Event | None = None  # the last end of a bio that a task slept for
    running: dict[int, str] = field(default_factory=dict)  # the function of the work that a kworker began last, by pid
    threads: Counter[str] = field(default_factory=Counter)  # completions by a layer's own thread, by its name
    lost: dict[str, int] = field(default_factory=dict)
    unread_lines: list[str] = field(default_factory=list)

    @property
    def mean_latency_ns(self) -> float | None:
        """Up to the end of iomap_dio_complete, which may flush or convert before; elsewhere that time is unknown."""
        returned = [event.ns for event in self.returns]
        return _mean_gap(self.begin_ns, returned if len(returned) == len(self.complete_ns) else self.complete_ns)

    @property
    def mean_queue_wait_ns(self) -> float | None:
        return _mean_gap(self.queued_ns, self.started_ns)


def _mean_gap(starts: list[int], ends: list[int]) -> float | None:
    """With equal counts the mean of the gaps needs no pairing: it is the difference of the sums."""
    if not starts or len(starts) != len(ends):
        return None
    return (sum(ends) - sum(starts)) / len(starts)


def read_truth(trace: str, stats: str, only: str = "") -> Truth:
    """Build the truth from /trace and from the per_cpu/*/stats files, each line led by its CPU.

    `only`: where a layer makes direct I/Os of its own, what is in the names of the functions that are the user's.
    """
    truth = Truth(lost=read_losses(stats))
    occupants = Occupants()
    reaps = Reaps()
    for line in trace.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        event = parse_line(line)
        if event is None:
            truth.unread_lines.append(line)
        else:
            _take(truth, event, only)
            occupants.take(event)
            reaps.take(event)
            truth.blocks.take(event)
            truth.moments.take(event)
    truth.timelines = occupants.timelines
    if occupants.switches:
        truth.waits = occupants.waits
        truth.reaps = reaps
    return truth


def _take(truth: Truth, event: Event, only: str) -> None:
    name, _, rest = event.what.partition(" ")
    if rest.startswith("<-"):
        if only in name or name in AWAITED:
            _take_hit(truth, event, name)
    elif name in BEGIN:
        if only not in name:
            return
        found = RANGE.search(rest)
        if found is None:
            truth.unread_lines.append(event.what)
            return
        begin = Begin(event, (int(found[1], 16), int(found[2], 16)))
        truth.begins.append(begin)
        truth.submitters |= event.pids_of_submitter
        truth.waiting[event.pid] = event.ns
        truth.ranges[begin.range] += 1
        truth.begin_ns.append(event.ns)
        truth.begin_cpus[event.cpu] += 1
    elif name == "blkdev_returned:" and event.pid in truth.waiting:
        _take_end(truth, event)
        _take_completion(truth, event, "task")
    elif name == "iomap_dio_complete:" and only in name:
        truth.returns.append(event)
        truth.came_to_nothing += rest.endswith(" ret 0")
    elif name == "workqueue_queue_work:":
        if _is_users_work(rest, only):
            truth.queued_ns.append(event.ns)
    elif name == "workqueue_execute_start:":
        truth.running[event.pid] = work_of(rest)[1]
        if _is_users_work(rest, only):
            truth.started_ns.append(event.ns)
            truth.start_cpus[event.cpu] += 1


def _is_users_work(rest: str, only: str) -> bool:
    function = work_of(rest)[1]
    return function in WORK and only in function


# A report has end_io in three contexts.
AS_REPORTED = {"kworker": "task", "irq_thread": "task", "ksoftirqd": "softirq"}


def _context(truth: Truth, event: Event) -> str:
    """A kworker may run a work of a driver or of a layer, or submit by itself; a thread that submits nothing is one of
    theirs."""
    if event.context == "kworker" and event.pid in truth.submitters:
        return "task"
    if event.context == "kworker":
        return "kworker" if truth.running.get(event.pid) in WORK | {None} else "driver_worker"
    submits = event.context != "task" or event.pid in truth.submitters
    return event.context if submits else "driver_worker"


def _take_completion(truth: Truth, event: Event, context: str) -> None:
    truth.contexts[context] += 1
    truth.completions.append(event)
    truth.complete_ns.append(event.ns)
    truth.complete_cpus[event.cpu] += 1


def _note_end(truth: Truth, event: Event) -> None:
    context = event.context
    truth.end_io_contexts[AS_REPORTED.get(context, context)] += 1
    truth.end_cpus[event.cpu] += 1
    insort(truth.ends[event.cpu], event.ns)


def _take_end(truth: Truth, event: Event) -> None:
    """Its submitter has slept for it: the last end of such a bio was its own, if it had begun then."""
    begun = truth.waiting.pop(event.pid, None)
    if begun is not None and truth.awaited is not None and truth.awaited.ns >= begun:
        _note_end(truth, truth.awaited)


def _take_hit(truth: Truth, event: Event, function: str) -> None:
    if function in AWAITED:
        truth.awaited = event
    if function in COMPLETE:
        context = _context(truth, event)
        _take_completion(truth, event, context)
        truth.threads[event.comm] += context == "driver_worker" and event.context == "task"
    if function == WITHOUT_END and event.context == "task":
        _take_end(truth, event)
    if function in END_IO:
        _note_end(truth, event)
    truth.work_hits += function in WORK and event.context == "kworker"  # inline it may be a call of its own
    truth.second_hops += function == SECOND_HOP


def read_losses(stats: str) -> dict[str, int]:
    """Everything the ring buffer says it dropped or overwrote; the truth is void unless all of it is 0."""
    lost: dict[str, int] = {}
    for line in stats.splitlines():
        cpu, _, rest = line.partition(" ")
        name, _, value = rest.partition(":")
        if name in ("overrun", "commit overrun", "dropped events") and int(value):
            lost[f"{cpu} {name}"] = int(value)
    return lost
