"""The page of results: its tables stand between marks and are made from the JSON, the words are written by hand."""

from pathlib import Path
from typing import Any

from lab.problem import Problem

from . import tables


def write(page: Path, results: dict[str, Any]) -> None:
    """Replaces the tables of all subjects that have results, and the machine they were measured on."""
    text = page.read_text()
    for subject, tables_of in tables.SUBJECTS.items():
        if subject not in results:
            continue
        where = results[subject]["machine"]
        said = f"On {where['cpus']} CPUs ({where['processor']}, Linux {where['kernel']})."
        made = tables_of(results[subject]["rows"])
        for index, table in enumerate(made):
            if table.rows:
                text = _replace(text, page, table.name, table.markdown() + (f"\n\n{said}" if index == 0 else ""))
    page.write_text(text)


def _replace(text: str, page: Path, name: str, content: str) -> str:
    begin, end = (f"<!-- table of Scripts/bench, {name}: {which} -->" for which in ("begin", "end"))
    before, found, rest = text.partition(begin)
    _, also, after = rest.partition(end)
    if not found or not also:
        raise Problem(f"{page.name} has no place for the table {name}: the lines {begin} and {end} are missing")
    return f"{before}{begin}\n{content}\n{end}{after}"
