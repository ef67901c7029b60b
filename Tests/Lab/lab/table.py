"""Tables of what was observed, each kept between two marks of a Markdown page so that nobody writes it by hand.

A run replaces the lines of the cells that it ran and leaves the others, so that a table can be made in pieces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import marks
from .causes import UNATTRIBUTED, Split, paired, unattributed_share
from .evidence import Evidence
from .occupants import CAUSES
from .kernels import BUILT, KERNELS, REAL_TIME, Kernel
from .catalog import SCENARIOS
from .scenarios import full_name

PATHS = ("ftrace: completed in", "ftrace: end_io in", "dioscope: completed in", "dioscope: why deferred")
CAUSES_HEAD = ("works", "mean wait", *CAUSES, "apart", UNATTRIBUTED, "left out")
NOTHING = "-"


@dataclass(frozen=True)
class Table:
    """Where a table is, and its columns after row and kernel."""

    page: Path
    columns: tuple[str, ...]
    verb: str = "matrix"
    tells_skipped: bool = False  # rows that a kernel cannot have are in it too, with the reason

    @property
    def marks(self) -> tuple[str, str]:
        """The lines of the page that it is between."""
        begin, end = (f"<!-- table of Scripts/lab {self.verb}: {edge} -->" for edge in ("begin", "end"))
        return begin, end

    @property
    def head(self) -> tuple[str, str]:
        names = ("row", "kernel", *self.columns)
        return f"| {' | '.join(names)} |", "|---" * len(names) + "|"


def paths_cell(evidence: Evidence) -> Sequence[str] | None:
    """Where the I/Os of one row completed on one kernel, or None when nothing was observed."""
    truth, report = evidence.truth, evidence.report or {}
    if not truth.contexts:
        return None
    reasons = {entry.get("reason"): entry.get("ios") for entry in report.get("reasons") or []}
    return (_counts(truth.contexts), _counts(truth.end_io_contexts), _counts(report.get("contexts") or {}),
            _counts(reasons))


def causes_cell(evidence: Evidence) -> Sequence[str] | None:
    """What the works of one row waited for, "dioscope / ftrace" in percent of the wait, and the largest difference."""
    pairs = paired(evidence.truth.waits, evidence.ios or [])
    if not pairs:
        return None
    split = Split.of(pairs)
    reported, seen = split.dioscope.total(), split.ftrace.total()
    shares = [f"{100 * split.dioscope[cause] / reported:.1f} / {100 * split.ftrace[cause] / seen:.1f}"
              if split.dioscope[cause] or split.ftrace[cause] else NOTHING for cause in CAUSES]
    apart = max(abs(split.apart(cause)) for cause in CAUSES)
    return (str(split.works), f"{reported / split.works / 1000:.0f} us", *shares, f"{apart:.2%}",
            f"{unattributed_share(evidence.report or {}):.2%}", str(split.left_out))


def _counts(counts: dict[str, int]) -> str:
    shown = sorted(((count, name) for name, count in counts.items() if count), reverse=True)
    return ", ".join(f"{name} {count}" for count, name in shown) or NOTHING


def write_table(table: Table, cells: dict[tuple[str, Kernel], Sequence[str]]) -> None:
    """Put the cells into the page's table, in the order of rows and kernels."""
    first, last = table.marks
    page = table.page.read_text() if table.page.is_file() else f"{first}\n{last}\n"
    before, written, after = marks.cut(page, table.page, first, last)
    lines = _lines(written, table.head)
    for (name, kernel), cell in cells.items():
        version = kernel.version.partition(" ")[0]
        lines[name, kernel.name] = f"| {name} | {kernel.name} ({version}) | {' | '.join(cell)} |"
    order = [(full_name(row), name) for row in SCENARIOS for name in (*KERNELS, *REAL_TIME, *BUILT)]
    body = "\n".join([*table.head, *(lines[key] for key in order if key in lines)])
    table.page.write_text(f"{before}\n{body}\n{after}")


def write_skipped(table: Table, skipped: dict[tuple[str, Kernel], str]) -> None:
    """Say why rows were not run, in a table that tells of them."""
    if table.tells_skipped and skipped:
        filler = (NOTHING,) * (len(table.columns) - 2)
        write_table(table, {key: (NOTHING, f"not run: {reason}", *filler) for key, reason in skipped.items()})


def _lines(table: str, head: tuple[str, str]) -> dict[tuple[str, str], str]:
    """The lines that are there, by row and kernel."""
    found: dict[tuple[str, str], str] = {}
    for line in table.splitlines():
        words = [word.strip() for word in line.strip("| ").split("|")]
        if len(words) > 1 and line not in head:
            found[words[0], words[1].partition(" ")[0]] = line
    return found
