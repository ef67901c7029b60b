"""Bios, requests and works of one run, from ftrace's events alone: how long each device and each work took."""

import re
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field, replace

from .events import Event, work_of

# block_rq_*: the bytes are only in those before the device has it, the priority only in newer kernels.
REQUEST = re.compile(r"^(\d+),(\d+) (\S+) (?:\d+ )?\([^)]*\) (\d+) \+ (\d+)")
BIO = re.compile(r"^(\d+),(\d+) (\S+) (\d+) \+ (\d+)")
REQUEST_EVENTS = {"block_getrq:": BIO, "block_bio_queue:": BIO, "block_rq_issue:": REQUEST, "block_rq_insert:": REQUEST,
                  "block_rq_requeue:": REQUEST, "block_rq_complete:": REQUEST, "block_bio_remap:": BIO}
BYTES_OF_SECTOR = 512


@dataclass(frozen=True)
class Part:
    """A bio or a request where an event shows it. Sectors of 512 bytes."""

    device: str
    kind: str
    sector: int
    sectors: int
    ns: int
    cpu: int
    pid: int = 0
    context: str = ""
    interrupted: int = 0  # ns: the handler in which it happened was entered, or before a softirq the last one was

    def pieces(self, sectors: int | None) -> list["Part"]:
        """Of that size, if it is made of such, or as it is."""
        if not sectors or self.sectors % sectors:
            return [self]
        return [replace(self, sector=self.sector + at, sectors=sectors) for at in range(0, self.sectors, sectors)]

    @property
    def is_data(self) -> bool:
        """No metadata, no flush alone."""
        return self.sectors > 0 and "M" not in self.kind


@dataclass(frozen=True, order=True)
class Request:
    """Of one device, ns. `found` is the entry of the interrupt that found it done, if there was one."""

    issued: int
    found: int
    completed: int


@dataclass
class Blocks:
    """Takes the events of all CPUs in the order of their times."""

    parts: dict[str, list[Part]] = field(default_factory=lambda: defaultdict(list))  # by event, without its colon
    work_waits: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))  # ns, by the work's function
    work_queueings: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))  # when, by that
    _entries: dict[int, int] = field(default_factory=lambda: defaultdict(int))  # ns, by CPU: of a handler that runs
    _last_entries: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    _queued: dict[str, tuple[str, int]] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        name, _, rest = event.what.partition(" ")
        if name in REQUEST_EVENTS:
            found = REQUEST_EVENTS[name].match(rest)
            if found is not None:
                entry = self._entries[event.cpu] if event.context == "hardirq" else self._last_entries[event.cpu]
                self.parts[name[:-1]].append(Part(f"{found[1]}:{found[2]}", found[3], int(found[4]), int(found[5]),
                                                  event.ns, event.cpu, event.pid, event.context, entry))
        elif name == "workqueue_queue_work:":
            work, function = work_of(rest)
            self._queued[work] = (function, event.ns)
            self.work_queueings[function].append(event.ns)
        elif name == "workqueue_execute_start:":
            work, function = work_of(rest)
            queued = self._queued.pop(work, None)
            if queued is not None:
                self.work_waits[function].append(event.ns - queued[1])
        elif name == "irq_handler_entry:":
            self._entries[event.cpu] = self._last_entries[event.cpu] = event.ns
        elif name == "irq_handler_exit:":
            self._entries[event.cpu] = 0

    def device_times(self, device: str, write: bool, sectors: int | None, to_interrupt: bool = False) -> list[int]:
        """From issue to completion of each request of data on a device, and where a size is given, of each piece of that
        size that was merged into it; or to the entry of the interrupt that brought it, where there was one."""
        def pieces(part: Part) -> int:
            if part.device != device or not part.is_data or not part.kind.startswith("W" if write else "R"):
                return 0
            return 1 if sectors is None else part.sectors // sectors * (part.sectors % sectors == 0)

        open_at: dict[int, int] = {}
        times: list[int] = []
        ends = iter(sorted((part for name in ("block_rq_issue", "block_rq_complete") for part in self.parts[name]
                            if pieces(part)), key=lambda part: part.ns))
        issued = {id(part) for part in self.parts["block_rq_issue"]}
        for part in ends:
            if id(part) in issued:
                open_at[part.sector] = part.ns
            elif part.sector in open_at:
                issue = open_at.pop(part.sector)
                entry = part.interrupted if to_interrupt else 0
                times += [(entry if entry >= issue else part.ns) - issue] * pieces(part)
        return times

    def held_back(self, device: str) -> list[int]:
        """From where a layer gave a bio to a device to where the device took it, of those that another task brought there."""
        given: dict[int, Part] = {}
        times: list[int] = []
        for _, name, part in sorted(((part.ns, name, part) for name in ("block_bio_remap", "block_bio_queue")
                                     for part in self.parts[name] if part.device == device), key=lambda one: one[:2]):
            if name == "block_bio_remap":
                given[part.sector] = part
            elif part.sector in given:
                before = given.pop(part.sector)
                times += [part.ns - before.ns] * (before.pid != part.pid)
        return times

    def requests(self) -> dict[str, list[Request]]:
        """All that were issued and completed, by device, in the order of issue."""
        parts = sorted(((part.ns, name, part) for name in ("block_rq_issue", "block_rq_complete") for part in self.parts[name]),
                       key=lambda one: one[0])
        open_at: dict[tuple[str, int], int] = {}
        found: dict[str, list[Request]] = defaultdict(list)
        for ns, name, part in parts:
            place = (part.device, part.sector)
            if name == "block_rq_issue":
                open_at[place] = ns
            elif place in open_at:
                issued = open_at.pop(place)
                found[part.device].append(Request(issued, part.interrupted if part.interrupted >= issued else ns, ns))
        return {device: sorted(requests) for device, requests in found.items()}

    def mirrored_times(self, write: bool, sectors: int | None, to_interrupt: bool = False) -> list[int]:
        """The same of what is given to two disks at once, at the same sector of each: what the slower one takes. One disk's
        requests may be merged, and another's not, or be done before the other's begin."""
        kind = "W" if write else "R"
        disks = {part.device for part in self.parts["block_rq_issue"]}
        by_place: dict[str, dict[int, dict[str, list[Part]]]] = {}
        for name in ("block_rq_issue", "block_rq_complete"):
            places = by_place[name] = defaultdict(lambda: defaultdict(list))
            for part in self.parts[name]:
                if part.device in disks and part.is_data and part.kind.startswith(kind):
                    for piece in part.pieces(sectors):
                        places[piece.sector][piece.device].append(piece)
        times: list[int] = []
        # A stripe of mirrors has several pairs, which may be written at the same sector.
        pairs = [one for one in {frozenset(issued) for issued in by_place["block_rq_issue"].values()} if len(one) == 2]
        for sector, places in by_place["block_rq_issue"].items():
            for pair in (one for one in pairs if one <= places.keys()):
                issued = {device: places[device] for device in pair}
                completed = {device: by_place["block_rq_complete"][sector][device] for device in pair}
                # The first time that it is written, the second ...
                for turn in range(min(map(len, (*issued.values(), *completed.values())))):
                    (before, _), (end, last) = sorted((completed[device][turn].ns, device) for device in pair)
                    start = issued[last][turn].ns
                    entry = completed[last][turn].interrupted if to_interrupt else 0
                    times.append((entry if entry >= max(start, before) else end) - start)
        return times

    def within(self, event: str, device: str, io: tuple[int, int], times: tuple[int, int]) -> list[Part]:
        """What an event showed of any of these bytes (offset, length) of a device in that time, both bounds in it. A bio may
        have been merged into the request of another one that lies before it."""
        first, end = io[0] // BYTES_OF_SECTOR, (io[0] + io[1]) // BYTES_OF_SECTOR
        parts = self.parts[event]
        found: list[Part] = []
        for place in range(bisect_left(parts, times[0], key=lambda part: part.ns), len(parts)):
            part = parts[place]
            if part.ns > times[1]:
                break
            if part.device == device and part.sector < end and first < part.sector + part.sectors:
                found.append(part)
        return found
