"""Where things are."""

from pathlib import Path

from lab.places import TREE, cache

BENCH = TREE / "Tests" / "Bench"
GUEST_FILES = BENCH / "guest"
PACKAGES = BENCH / "packages.txt"


def built() -> Path:
    """What the benchmarks compile for themselves; it may be deleted at any time."""
    directory = cache() / "bench"
    directory.mkdir(parents=True, exist_ok=True)
    return directory
