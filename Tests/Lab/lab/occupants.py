"""Who held each CPU, from ftrace's events alone, and what every deferred completion waited for.

A clock for each kind of occupant runs on every CPU, one at a time; a wait's causes are the clocks at its end less those
at its begin. It has nothing in common with dioscope but the closed list of causes.
"""

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from .events import Event, work_of

SUBMITTER, COMPLETION_WORK, POOL_WORK, OTHER_TASK = "submitter", "completion_work", "pool_work", "other_task"
HARDIRQ, SOFTIRQ, IDLE, WORKER_SWITCH = "hardirq", "softirq", "idle", "worker_switch"
LIMIT = "workqueue_limit"
CAUSES = (SUBMITTER, COMPLETION_WORK, POOL_WORK, OTHER_TASK, HARDIRQ, SOFTIRQ, IDLE, WORKER_SWITCH)

WORK = {"iomap_dio_complete_work", "iomap_dio_simple_complete_work", "dio_aio_complete_work"}
BEGIN = {"iomap_dio_rw_begin:", "legacy_begin:", "blkdev_begin:"}

# The per-CPU pool at normal priority, in which direct I/Os are completed. Not kworker/1:1H, not kworker/u4:0.
POOL_WORKER = re.compile(r"kworker/\d+:\d+")
SWITCH = re.compile(r"prev_comm=.* prev_pid=\d+ .* ==> next_comm=(.*) next_pid=(\d+) next_prio=")

# A work that its workqueue may run is activated in the call that queues it.
AT_ONCE_NS = 100_000
ACTIVATED = re.compile(r"work struct[= ](\w+)")

HARD_ENTRIES = {"irq_handler_entry:", "local_timer_entry:"}
HARD_EXITS = {"irq_handler_exit:", "local_timer_exit:"}


@dataclass
class Wait:
    """One work from queue_work to execute_start. `ns` is empty when it started on another CPU than it was queued on."""

    cpu: int
    queued_ns: int
    started_cpu: int
    started_ns: int
    ns: Counter[str] = field(default_factory=Counter)
    stretches: Counter[str] = field(default_factory=Counter)  # how many times each occupant had the CPU in between
    activated_ns: int | None = None  # when its workqueue let it be run: at once, unless it had as many as it may
    limit_ns: int = 0  # until then, where that was later

    @property
    def total_ns(self) -> int:
        return self.started_ns - self.queued_ns


@dataclass
class _CPU:
    """The clocks of one CPU. A hard interrupt holds it before a softirq, and that before the task."""

    ns: Counter[str] = field(default_factory=Counter)
    stretches: Counter[str] = field(default_factory=Counter)
    since: int | None = None
    hard: int = 0
    soft: bool = False
    comm: str = ""
    pid: int = 0

    def advance(self, occupant: str, now: int) -> None:
        if self.since is not None:
            self.ns[occupant] += now - self.since
        self.since = now


@dataclass
class Timeline:
    """Who held one CPU: from when on, the kind of occupant, and which task."""

    begins: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def note(self, ns: int, kind: str, name: str) -> None:
        if not self.kinds or (self.kinds[-1], self.names[-1]) != (kind, name):
            self.begins.append(ns)
            self.kinds.append(kind)
            self.names.append(name)

    def split(self, begin: int, end: int) -> tuple[Counter[str], Counter[str], int]:
        """A time by kind of occupant, that of other tasks by their names, and how many stretches it is made of."""
        kinds: Counter[str] = Counter()
        names: Counter[str] = Counter()
        stretches = 0
        for place in range(max(0, bisect_right(self.begins, begin) - 1), len(self.begins)):
            if self.begins[place] >= end:
                break
            until = self.begins[place + 1] if place + 1 < len(self.begins) else end
            ns = max(0, min(end, until) - max(begin, self.begins[place]))
            kinds[self.kinds[place]] += ns
            stretches += 1
            if self.kinds[place] == OTHER_TASK:
                names[self.names[place]] += ns
        return kinds, names, stretches


class Occupants:
    """Takes the events of all CPUs in the order of their times; `waits` are those that have ended."""

    def __init__(self) -> None:
        self.waits: list[Wait] = []
        self.timelines: dict[int, Timeline] = defaultdict(Timeline)
        self.switches = 0
        self._cpus: dict[int, _CPU] = {}
        self._submitters: set[int] = set()
        self._works: dict[int, str] = {}  # by pid of the kworker that is in the midst of it, running or asleep
        self._queued: dict[str, Wait] = {}

    def take(self, event: Event) -> None:
        cpu = self._cpus.get(event.cpu)
        if cpu is None:
            cpu = self._cpus[event.cpu] = _CPU(comm=event.comm, pid=event.pid)
        before = self._occupant(cpu)
        cpu.advance(before, event.ns)
        name, _, rest = event.what.partition(" ")
        if name == "workqueue_queue_work:":
            self._queue(event, rest, cpu)
        elif name == "workqueue_execute_start:":
            self._start(event, rest, cpu)
        else:
            self._change(cpu, event, name, rest)
        after = self._occupant(cpu)
        if after != before:
            cpu.stretches[after] += 1
        self.timelines[event.cpu].note(event.ns, after, cpu.comm)

    def _change(self, cpu: _CPU, event: Event, name: str, rest: str) -> None:
        if name == "sched_switch:":
            self._switch(cpu, rest)
        elif name in HARD_ENTRIES:
            cpu.hard += 1
        elif name in HARD_EXITS:
            cpu.hard = max(0, cpu.hard - 1)
        elif name == "softirq_entry:":
            cpu.soft = True
        elif name == "softirq_exit:":
            cpu.soft = False
        elif name == "workqueue_execute_end:":
            self._works.pop(event.pid, None)
        elif name == "workqueue_activate_work:":
            self._activate(event, rest)
        elif name in BEGIN:
            self._submitters.add(event.pid)

    def _switch(self, cpu: _CPU, rest: str) -> None:
        found = SWITCH.search(rest)
        if found is None:
            return
        self.switches += 1
        cpu.comm, cpu.pid = found[1], int(found[2])
        cpu.hard, cpu.soft = 0, False  # the recording may have begun inside one

    def _occupant(self, cpu: _CPU) -> str:
        if cpu.hard:
            return HARDIRQ
        if cpu.soft:
            return SOFTIRQ
        if cpu.pid == 0:
            return IDLE
        work = self._works.get(cpu.pid)
        if work in WORK:
            return COMPLETION_WORK  # a rescuer's too
        if POOL_WORKER.fullmatch(cpu.comm):
            return POOL_WORK if work else WORKER_SWITCH
        return SUBMITTER if cpu.pid in self._submitters else OTHER_TASK

    def _queue(self, event: Event, rest: str, cpu: _CPU) -> None:
        work, function = work_of(rest)
        if function in WORK:
            self._queued[work] = Wait(event.cpu, event.ns, 0, 0, cpu.ns.copy(), cpu.stretches.copy())

    def _activate(self, event: Event, rest: str) -> None:
        """Later than it was queued if its workqueue ran as many as it may: what it waits for the CPU begins there."""
        found = ACTIVATED.match(rest)
        wait = self._queued.get(found[1]) if found is not None else None
        if wait is None:
            return
        wait.activated_ns = event.ns
        if event.cpu == wait.cpu and event.ns - wait.queued_ns > AT_ONCE_NS:
            wait.limit_ns = event.ns - wait.queued_ns
            wait.ns, wait.stretches = self._cpus[wait.cpu].ns.copy(), self._cpus[wait.cpu].stretches.copy()

    def _start(self, event: Event, rest: str, cpu: _CPU) -> None:
        work, function = work_of(rest)
        self._works[event.pid] = function
        wait = self._queued.pop(work, None)
        if wait is None:
            return
        wait.started_cpu, wait.started_ns = event.cpu, event.ns
        here = wait.cpu == event.cpu
        wait.ns = cpu.ns - wait.ns if here else Counter()
        wait.stretches = cpu.stretches - wait.stretches if here else Counter()
        if here and wait.limit_ns:
            wait.ns[LIMIT] = wait.limit_ns
        self.waits.append(wait)
