"""From a completion until the submitter has a CPU again, from ftrace's events alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .compare import close
from .events import Event
from .occupants import BEGIN, SWITCH


@dataclass
class Reaps:
    """Takes the events of all CPUs in the order of their times. Of one submitter: with more it stays silent."""

    asleep: int = 0
    asleep_ns: int = 0
    awake: int = 0
    submitters: set[int] = field(default_factory=set)
    by_kprobe: bool = False
    _running: dict[int, int] = field(default_factory=dict)
    _complete_ns: list[int] = field(default_factory=list)

    def take(self, event: Event) -> None:
        name, _, rest = event.what.partition(" ")
        if name == "sched_switch:":
            self._switch(event, rest)
        elif name in BEGIN:
            self.submitters.add(event.pid)
            self._running[event.cpu] = event.pid
        elif name == "iomap_dio_complete:" and self.is_certain and not self._is_own(event):
            self.by_kprobe = rest.startswith("(")
            if self.submitters.isdisjoint(self._running.values()):
                self._complete_ns.append(event.ns)
            else:
                self.awake += 1

    @property
    def is_certain(self) -> bool:
        return len(self.submitters) == 1

    def _is_own(self, event: Event) -> bool:
        return event.pid in self.submitters and event.context == "task"

    def _switch(self, event: Event, rest: str) -> None:
        found = SWITCH.search(rest)
        if found is None:
            return
        self._running[event.cpu] = int(found[2])
        if int(found[2]) in self.submitters:
            self.asleep += len(self._complete_ns)
            self.asleep_ns += sum(event.ns - complete for complete in self._complete_ns)
            self._complete_ns = []


# How far apart two may see the same completion. A return probe of ftrace's, where there is no tracepoint, is an
# exception under emulation: it comes after dioscope has looked, by up to 17 us.
SLACK_NS, SLACK_OF_KPROBE_NS = 5_000, 25_000
# If a submitter moves from CPU to CPU, dioscope sees only a part of the reaps.
SEEN_AT_LEAST = 0.9


def parted_ns(complete_ns: list[int], ios: list[dict[str, Any]]) -> int:
    """How far apart ftrace and dioscope saw the completions, in all: where a tracepoint can be preempted, as on 7.x, and
    under a hog, milliseconds may pass between one's look and the other's."""
    ours = sorted(io["completed_ns"] for io in ios if "completed_ns" in io)
    if len(ours) != len(complete_ns):
        return 0
    return sum(abs(truth - own) for truth, own in zip(sorted(complete_ns), ours))


def check_reaps(reaps: Reaps, report: dict[str, Any], parted: int = 0) -> Iterator[str]:
    """Dioscope must not see more than there were, and where it saw nearly all, be right about the time."""
    scheduling = report.get("scheduling") or {}
    asleep, time = scheduling.get("completed_asleep"), scheduling.get("reap_ns")
    if not reaps.is_certain or asleep is None or time is None:
        return
    # An I/O may be awake for one observer and asleep for the other: a switch and a completion at the same moment.
    slack = 5 + reaps.asleep // 50
    if asleep > reaps.asleep + slack:
        yield f"report scheduling.completed_asleep: {asleep}, but ftrace saw {reaps.asleep}"
    if reaps.asleep and asleep >= SEEN_AT_LEAST * reaps.asleep:
        slack = SLACK_OF_KPROBE_NS if reaps.by_kprobe else SLACK_NS
        yield from close("report reap_ns / completed_asleep", time / asleep, "ftrace", reaps.asleep_ns / reaps.asleep,
                         0.05, slack + parted / asleep)
