"""What a report says of layers that are not followed: each by its name, one span an I/O, and no verdict without a word of it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from .compare import equal
from .evidence import probes_missed
from .scenarios import Scenario


def check_followed(scenario: Scenario, report: dict[str, Any], ios: list[dict[str, Any]]) -> Iterator[str]:
    gaps = (report.get("quality") or {}).get("not_followed") or []
    names = {str(gap.get("layer") or gap.get("name")) for gap in gaps}
    for name in sorted(names ^ scenario.composed):
        yield f"{name} is {'not ' if name in names else ''}followed, against what the row has"
    counts = Counter(device for io in ios for device in _ends(io, {gap["device"] for gap in gaps}))
    for gap in gaps:
        # What a missed probe had to tell is missing, and counted.
        if not 0 <= gap["ios"] - counts[gap["device"]] <= probes_missed(report):
            yield from equal(f"I/Os with one span in {gap.get('name')}", counts[gap["device"]], "quality has", gap["ios"])
    verdict = report.get("verdict") or {}
    said = {sentence["kind"] for sentence in verdict.get("sentences") or []}
    if gaps and not verdict.get("refused") and "not-followed" not in said:
        yield f"the verdict rests on {len(gaps)} layers that are not followed, and does not say so"


def _ends(io: dict[str, Any], stacked: set[str]) -> list[str]:
    """Where an I/O was last seen on its way down, if that is a device that is not followed. Alone it has no parts."""
    parts = [part["device"] for part in io.get("layers", []) if part["phase"] != "back"] or [io.get("dev", "")]
    return [device for device in parts[-1:] if device in stacked]
