"""The words of a failure: both numbers, and where each comes from."""

from collections.abc import Collection, Iterator
from typing import Any


def listed(words: Collection[str]) -> str:
    return ", ".join(sorted(words)) or "none"


def equal(what: str, got: Any, source: str, wanted: Any) -> Iterator[str]:
    if got != wanted:
        yield f"{what}: {got}, but {source} {wanted}"


def close(
    what: str, got: float | None, source: str, wanted: float | None, share: float, slack: float
) -> Iterator[str]:
    if got is None or wanted is None:
        yield f"{what}: {got}, {source} {wanted}: one of them is missing"
    elif abs(got - wanted) > wanted * share + slack:
        yield f"{what}: {got:.0f} ns, but {source} {wanted:.0f} ns (allowed: {share:.0%} + {slack:.0f} ns)"
