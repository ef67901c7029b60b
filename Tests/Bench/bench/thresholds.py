"""Figures that must not grow: they are the same on every machine, so they are kept with the source."""

import json
from collections.abc import Iterable

from lab.problem import FAILED, Problem

from .added import OTHERS, OWN, REST, by_group
from .cost import Cost
from .places import BENCH

FILE = BENCH / "thresholds.json"
TOLERANCE = 0.05
SLACK = 15  # instructions; small figures may change by so much
TOTAL = "added in all"
# Its reader runs when it is woken, and more or less often: 412 and 433 in two runs of one program.
LOOSE = {OWN: 0.15}


def figures(found: Iterable[Cost], recorder: str) -> dict[str, float]:
    """Instructions per I/O that a recorder adds. What else the kernel does because of it depends on too much for a limit
    of its own: it is in the total, where that is much the same from build to build; with more I/Os in flight it is not."""
    named: dict[str, float] = {}
    untraced: dict[object, Cost] = {}
    for cost in found:
        if cost.subject == "untraced":
            untraced[cost.load] = cost
        elif cost.subject == recorder:
            base = untraced[cost.load]
            where = f"{cost.kernel}, queue depth {cost.load.name}"
            if cost.load.name == "1":
                named[f"{where}: {TOTAL}"] = cost.instructions - base.instructions
            named |= {f"{where}: {group}": added for group, added in by_group(cost, base).items()
                      if group not in (REST, OTHERS) and added >= 1}
    return {name: round(value, 1) for name, value in named.items()}


def compare(new: dict[str, float]) -> list[str]:
    """A line for each figure; those that grew by too much begin with `not ok`."""
    old: dict[str, float] = json.loads(FILE.read_text()) if FILE.is_file() else {}
    lines: list[str] = []
    for name, value in new.items():
        if name not in old:
            lines.append(f"not ok - {name}: {value:.0f} instructions per I/O, and no figure in {FILE.name}")
            continue
        tolerance = LOOSE.get(name.partition(": ")[2], TOLERANCE)
        grown = value > old[name] * (1 + tolerance) + SLACK
        change = f"{old[name]:.0f} -> {value:.0f}"
        lines.append(f"{'not ok' if grown else 'ok'} - {name}: {change} instructions per I/O")
    return lines


def write(new: dict[str, float]) -> None:
    """Replaces the figures that were measured; those of other kernels stay."""
    old: dict[str, float] = json.loads(FILE.read_text()) if FILE.is_file() else {}
    FILE.write_text(json.dumps(old | new, indent=1) + "\n")


def check(new: dict[str, float]) -> int:
    lines = compare(new)
    print("\n".join(lines))
    if not lines:
        raise Problem("nothing was measured", FAILED)
    return FAILED if any(line.startswith("not ok") for line in lines) else 0
