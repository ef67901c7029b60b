"""All rows, and how they are named."""

from .borderrows import BORDERS
from .problem import USAGE, Problem
from .rows import SCENARIOS as PATHS
from .scenarios import Scenario, full_name
from .stackrows import STACKS

SCENARIOS = (*PATHS, *BORDERS, *STACKS)


def scenarios_named(names: list[str]) -> list[Scenario]:
    """Scenarios by `name` (on every device that has it) or by `device/name`."""
    chosen: list[Scenario] = []
    for name in names:
        found = [row for row in SCENARIOS if name in (row.name, full_name(row))]
        if not found:
            known = ", ".join(dict.fromkeys(row.name for row in SCENARIOS))
            raise Problem(f"unknown scenario {name}; there are {known}", USAGE)
        chosen += [row for row in found if row not in chosen]
    return chosen
