"""Results as JSON: one object, with a list of rows for each subject."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab.problem import USAGE, Problem

from . import machine, rate
from .added import by_function, by_group
from .cost import Cost
from .reading import Reading

Row = dict[str, Any]
MOST_FUNCTIONS = 25


def cost_rows(found: Iterable[Cost]) -> list[Row]:
    """The instructions of one boot. Those of BPF programs have no row of their own: they belong to dioscope's."""
    rows: list[Row] = []
    untraced: dict[Any, Cost] = {}
    for cost in found:
        row: Row = {"kernel": cost.kernel, "load": asdict(cost.load), "recorder": cost.subject, "ios": cost.ios}
        if cost.programs:
            rows.append(row | {"programs": [asdict(program) for program in cost.programs]})
            continue
        row |= {"instructions": cost.instructions, "iops": cost.iops}
        if cost.subject == "untraced":
            untraced[cost.load] = cost
        else:
            base = untraced[cost.load]
            row |= {"added": cost.instructions - base.instructions, "consumer": cost.consumer,
                    "iops_kept": cost.iops / base.iops, "file_bytes": cost.file_bytes,
                    "lost": cost.lost,
                    "groups": by_group(cost, base), "functions": dict(by_function(cost, base)[:MOST_FUNCTIONS])}
        rows.append(row)
    return rows


def rate_rows(found: Iterable[rate.Rate]) -> list[Row]:
    return [asdict(one) | {"missing": one.missing} for one in found]


def machine_rows(turns: list[machine.Turn]) -> list[Row]:
    return [asdict(ratio) for ratio in machine.ratios(turns)] + [{"turns": [asdict(turn) for turn in turns]}]


def reading_rows(found: list[Reading]) -> list[Row]:
    return [one.row() for one in found]


def growth_rows(part: str, found: list[Any]) -> list[Row]:
    """One part: costs by what grew, or memory."""
    if part == "memory":
        return [asdict(one) | {"total": one.total, "part": part} for one in found]
    return [row | {"grown": grown, "part": part} for grown, costs in found for row in cost_rows(costs)]


def this_machine() -> Row:
    """Where the emulator ran, or what was measured."""
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return {"processor": model, "cpus": os.cpu_count(), "kernel": platform.release()}


def read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text()) if path.is_file() else {}
    except json.JSONDecodeError as error:
        raise Problem(f"{path} is not JSON: {error}", USAGE) from None


def add(path: Path, subject: str, rows: list[Row]) -> None:
    """Puts one subject's rows into the file; the other subjects in it stay, and so do parts, kernels and recorders that
    were not measured now."""
    everything = read(path)
    measured = {_place(row) for row in rows}
    kept = [row for row in everything.get(subject, {}).get("rows", []) if _place(row) not in measured]
    everything[subject] = {"machine": this_machine(), "rows": kept + rows}
    path.write_text(json.dumps(_rounded(everything), indent=1) + "\n")


def _place(row: Row) -> tuple[Any, ...]:
    return row.get("part"), row.get("kernel"), row.get("recorder")


def _rounded(value: Any) -> Any:
    """Four digits after the point are more than is known."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    return [_rounded(entry) for entry in value] if isinstance(value, list) else value
