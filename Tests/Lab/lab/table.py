"""The table of what was observed, kept between two marks of a Markdown page so that nobody writes it by hand.

A run replaces the lines of the cells that it ran and leaves the others, so that the table can be made in pieces.
"""

from dataclasses import dataclass
from pathlib import Path

from .evidence import Evidence
from .kernels import BUILT, KERNELS, Kernel
from .problem import Problem
from .rows import SCENARIOS
from .scenarios import full_name

BEGIN = "<!-- table of Scripts/lab matrix: begin -->"
END = "<!-- table of Scripts/lab matrix: end -->"
HEAD = ("| row | kernel | ftrace: completed in | ftrace: end_io in | dioscope: completed in | dioscope: why deferred |",
        "|---|---|---|---|---|---|")
NOTHING = "-"


@dataclass(frozen=True)
class Cell:
    """One row on one kernel, as text."""

    completed: str
    ended: str
    reported: str = NOTHING
    reasons: str = NOTHING

    @staticmethod
    def of(evidence: Evidence) -> "Cell":
        truth, report = evidence.truth, evidence.report or {}
        reasons = {entry.get("reason"): entry.get("ios") for entry in report.get("reasons") or []}
        return Cell(_counts(truth.contexts), _counts(truth.end_io_contexts), _counts(report.get("contexts") or {}),
                    _counts(reasons))


def _counts(counts: dict[str, int]) -> str:
    shown = sorted(((count, name) for name, count in counts.items() if count), reverse=True)
    return ", ".join(f"{name} {count}" for count, name in shown) or NOTHING


def write_table(path: Path, cells: dict[tuple[str, Kernel], Cell]) -> None:
    """Put the cells into the page's table, in the order of rows and kernels."""
    page = path.read_text() if path.is_file() else f"{BEGIN}\n{END}\n"
    before, begin, rest = page.partition(BEGIN)
    table, end, after = rest.partition(END)
    if not begin or not end:
        raise Problem(f"{path} has no table: the lines {BEGIN} and {END} are missing")
    lines = _lines(table)
    for (name, kernel), cell in cells.items():
        version = kernel.version.partition(" ")[0]
        lines[name, kernel.name] = (f"| {name} | {kernel.name} ({version}) | {cell.completed} | {cell.ended} | "
                                    f"{cell.reported} | {cell.reasons} |")
    order = [(full_name(row), name) for row in SCENARIOS for name in (*KERNELS, *BUILT)]
    body = "\n".join([*HEAD, *(lines[key] for key in order if key in lines)])
    path.write_text(f"{before}{begin}\n{body}\n{end}{after}")


def _lines(table: str) -> dict[tuple[str, str], str]:
    """The lines that are there, by row and kernel."""
    found: dict[tuple[str, str], str] = {}
    for line in table.splitlines():
        words = [word.strip() for word in line.strip("| ").split("|")]
        if len(words) > 1 and line not in HEAD:
            found[words[0], words[1].partition(" ")[0]] = line
    return found
