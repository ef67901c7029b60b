"""Moments of one run from ftrace's events alone: who was woken, switched to and switched from, interrupted and stopped."""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field

from .events import Event

WAKING = re.compile(r"comm=.* pid=(\d+) prio=")
SWITCHED = re.compile(r"prev_comm=.* prev_pid=(\d+) prev_prio=-?\d+ prev_state=(\S+) ==> next_comm=.* next_pid=(\d+) ")
BLOCK_SOFTIRQ = "vec=4 "
SERVED = {"irq_thread_fn", "irq_forced_thread_fn"}
TAKES_UP = "io_wq_submit_work"
STOPPED, GOES_ON = "throttle_cfs_rq", "unthrottle_cfs_rq"


def before(times: list[int], ns: int) -> int | None:
    """The last that is not later."""
    place = bisect_right(times, ns)
    return times[place - 1] if place else None


def after(times: list[int], ns: int) -> int | None:
    """The first that is not earlier."""
    place = bisect_left(times, ns)
    return times[place] if place < len(times) else None


def _lists() -> defaultdict[int, list[int]]:
    return defaultdict(list)


@dataclass
class Moments:
    """Takes the events of all CPUs in the order of their times. All lists are of ns, by pid or by CPU."""

    wakings: dict[int, list[Event]] = field(default_factory=lambda: defaultdict(list))
    runs: dict[int, list[int]] = field(default_factory=_lists)  # when a task got a CPU
    left: dict[int, list[int]] = field(default_factory=_lists)  # when it gave one up or lost it
    sleeps: dict[int, list[int]] = field(default_factory=_lists)  # when it gave one up, and was not runnable
    served: dict[int, list[int]] = field(default_factory=_lists)  # when an interrupt's thread called its handler
    interrupts: dict[int, list[int]] = field(default_factory=_lists)  # by CPU: of disks
    softirqs: dict[int, list[int]] = field(default_factory=_lists)  # by CPU: the block layer's entered
    stops: list[tuple[int, int, int]] = field(default_factory=list)  # by CPU, from, until: a cgroup without quota
    handed_over: list[int] = field(default_factory=list)  # requests of io_uring given to its workers
    taken_up: list[int] = field(default_factory=list)  # and taken up by them
    _stopped: dict[int, int] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        name, _, rest = event.what.partition(" ")
        if rest.startswith("<-"):
            self._hit(event, name, rest.removeprefix("<-"))
        elif name == "sched_waking:":
            found = WAKING.match(rest)
            if found is not None:
                self.wakings[int(found[1])].append(event)
        elif name == "sched_switch:":
            found = SWITCHED.match(rest)
            if found is not None:
                self.runs[int(found[3])].append(event.ns)
                self.left[int(found[1])].append(event.ns)
                if not found[2].startswith("R"):
                    self.sleeps[int(found[1])].append(event.ns)
        elif name == "irq_handler_entry:" and "nvme" in rest:
            self.interrupts[event.cpu].append(event.ns)
        elif name == "softirq_entry:" and BLOCK_SOFTIRQ in f"{rest} ":
            self.softirqs[event.cpu].append(event.ns)
        elif name == "io_uring_queue_async_work:":
            self.handed_over.append(event.ns)

    def _hit(self, event: Event, function: str, caller: str) -> None:
        if function in SERVED and not caller.startswith(tuple(SERVED)):
            self.served[event.pid].append(event.ns)
        elif function == TAKES_UP:
            self.taken_up.append(event.ns)
        elif function == STOPPED:
            self._stopped.setdefault(event.cpu, event.ns)
        elif function == GOES_ON and self._stopped:
            # The kernel lets each CPU go on by itself, or the timer's does it for all.
            cpu = event.cpu if event.cpu in self._stopped else min(self._stopped, key=lambda cpu: self._stopped[cpu])
            self.stops.append((cpu, self._stopped.pop(cpu), event.ns))

    def woke_thread(self, thread: int, cpu: int, issued: int, completed: int) -> int | None:
        """The hard interrupt of a disk that woke an interrupt's thread for what it completed then. Of several it is the first
        one that an earlier run of its handler cannot have served."""
        served = before(self.served[thread], completed)
        if served is None:
            return None
        earlier = before(self.served[thread], served - 1) or 0
        for waking in self.wakings[thread]:
            if max(earlier, issued) <= waking.ns <= completed:
                return before(self.interrupts[waking.cpu], waking.ns)
        return None

    def last_interrupt(self, issued: int, completed: int) -> int | None:
        """The last one of a disk, on any CPU."""
        found = [ns for times in self.interrupts.values() if (ns := before(times, completed)) is not None and ns >= issued]
        return max(found, default=None)

    def slept(self, pid: int, begin: int, end: int) -> bool:
        ns = after(self.sleeps[pid], begin)
        return ns is not None and ns <= end

    def asleep(self, pid: int, begin: int, end: int) -> int:
        """Nanoseconds of the sleeps that a task began in that time."""
        first, last = bisect_left(self.sleeps[pid], begin), bisect_right(self.sleeps[pid], end)
        woken = ((ns, after(self.runs[pid], ns)) for ns in self.sleeps[pid][first:last])
        return sum(ran - ns for ns, ran in woken if ran is not None)

    def parted(self, pid: int, one: int, other: int) -> bool:
        """Whether a task lost the CPU between what two observers saw of the same moment: since 7.x tracepoints, and so the
        programs at one, are preempted."""
        ns = after(self.left[pid], min(one, other))
        return ns is not None and ns <= max(one, other)

    def woken(self, pid: int, ns: int) -> int | None:
        """When a task was woken next."""
        place = bisect_left(self.wakings[pid], ns, key=lambda event: event.ns)
        return self.wakings[pid][place].ns if place < len(self.wakings[pid]) else None

    def stopped(self, cpu: int, pid: int) -> list[tuple[int, int, int]]:
        """When a CPU's cgroup had no quota, from and until, and when a task that did not have the CPU at the end had it last."""
        found = [(start, until, before(self.left[pid], until) or 0, before(self.runs[pid], until) or 0)
                 for where, start, until in self.stops if where == cpu]
        return [(start, until, left) for start, until, left, ran in found if ran <= left]
