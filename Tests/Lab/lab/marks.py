"""Pages of which the lines between two marks are written by a verb."""

from collections.abc import Iterable
from pathlib import Path

from .problem import Problem


def cut(text: str, page: Path, begin: str, end: str) -> tuple[str, str, str]:
    """What is before, between and behind two lines of a page; the lines themselves belong to the outer parts."""
    before, found, rest = text.partition(begin)
    between, also, after = rest.partition(end)
    if not found or not also:
        raise Problem(f"{page} has no table: the lines {begin} and {end} are missing")
    return before + begin, between, end + after


def replace(page: Path, begin: str, end: str, lines: Iterable[str]) -> None:
    """Put these lines between the two."""
    before, _, after = cut(page.read_text(), page, begin, end)
    page.write_text("\n".join((before, *lines, after)))
