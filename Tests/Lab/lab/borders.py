"""The checks of borders: when each I/O passed a point, and how long devices and works took, against ftrace's events.

A border may be 2% or 2 us off. Both sides leave out the hundredth of I/Os that are furthest apart at either end: a busy host
may part two observers of the same moment by milliseconds.
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from .blocks import Blocks, BYTES_OF_SECTOR
from .compare import close, equal
from .evidence import Evidence
from .events import Event
from .scenarios import Scenario

SHARE, SLACK_NS = 0.02, 2_000
CUT = 100  # one in so many at either end is left out


def middle_mean(values: list[int]) -> float | None:
    """The mean without the hundredth at either end."""
    cut = len(values) // CUT
    kept = sorted(values)[cut:len(values) - cut]
    return sum(kept) / len(kept) if kept else None


def alike(what: str, ours: list[int], theirs: list[int]) -> Iterator[str]:
    """As many, and in the mean as long."""
    yield from equal(f"{what}, number", len(ours), "ftrace", len(theirs))
    if theirs:
        yield from close(what, middle_mean(ours), "ftrace", middle_mean(theirs), SHARE, SLACK_NS)


def check_borders(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    report, ios = evidence.report or {}, evidence.ios or []
    for stage, function in scenario.works.items():
        yield from alike(f"list {stage} of {function}", _of_stage(stage, ios), evidence.truth.blocks.work_waits[function])
    if scenario.bottom:
        yield from _check_bottom(scenario, evidence.truth.blocks, ios)
    for point in scenario.borders:
        yield from _check_point(point, evidence.truth.blocks, ios)
    if scenario.largest is not None:
        totals = {stage["name"]: stage["total_ns"] for stage in report.get("stages") or []}
        yield from equal("the largest stage of the report", max(totals, key=lambda name: totals[name], default=None),
                         "the row is made for", scenario.largest)


def _of_stage(name: str, ios: list[dict[str, Any]]) -> list[int]:
    """Nanoseconds of a stage, or of a phase of a layer, in each I/O that has it."""
    spans = [span for io in ios for span in io.get("stages", []) if span["name"] == name]
    phases = [part for io in ios for part in io.get("layers", []) if f"layer {part['phase']}" == name]
    return [span["ns"] for span in (*spans, *phases)]


def _check_bottom(scenario: Scenario, blocks: Blocks, ios: list[dict[str, Any]]) -> Iterator[str]:
    """The device under all layers, from issue to completion, one request for each I/O. The layers' way back
    begins at the interrupt, and where a work delivers what the disk is done with, at its queueing."""
    parts = [[part for part in io.get("layers", []) if part["phase"] == "device"] for io in ios]
    devices = {part["device"] for found in parts for part in found[-1:]}
    if not devices:
        yield f"no device below the layers in the list of {len(ios)} I/Os"
    for device in sorted(devices):
        ours = [found[-1]["ns"] for found in parts if found and found[-1]["device"] == device]
        sectors = {io["length"] // BYTES_OF_SECTOR for io in ios}
        theirs = blocks.device_times(device, not scenario.reads, sectors.pop() if len(sectors) == 1 else None,
                                     to_interrupt="delivery_wait" not in scenario.works)
        yield from alike(f"list: time in {device}", ours, theirs)


def _check_point(point: str, blocks: Blocks, ios: list[dict[str, Any]]) -> Iterator[str]:
    """From the submission on; ftrace's side is found by the I/O's own bytes of the raw device."""
    ours: list[int] = []
    theirs: list[int] = []
    for io in ios:
        seen = _seen(point, blocks, io)
        told = io.get(f"{point}_ns")
        if told is not None:
            ours.append(told - io["submitted_ns"])
        if seen is not None:
            theirs.append(seen - io["submitted_ns"])
    yield from alike(f"list: submitted to {point}", ours, theirs)
    yield from equal(f"I/Os with {point}_ns", len(ours), "in all", len(ios))


def _seen(point: str, blocks: Blocks, io: dict[str, Any]) -> int | None:
    """The moment by ftrace: the first request was made or issued; who delivers was woken, raised or interrupted last."""
    event = {"requested": "block_getrq", "issued": "block_rq_issue"}.get(point, "block_rq_complete")
    times = [part.ns for part in blocks.within(event, io["dev"], io["offset"], io["length"])]
    if not times:
        return None
    if event != "block_rq_complete":
        return min(times)
    before = {"woken": blocks.wakings, "raised": blocks.wakings or blocks.raises,
              "interrupted": blocks.interrupts}[point]
    return _last_before(before, max(times))


def _last_before(events: list[Event], ns: int) -> int | None:
    place = bisect_left(events, ns, key=lambda event: event.ns)
    return events[place - 1].ns if place else None
