"""Where things are: the tree, and the cache outside it with kernels and initramfs layers."""

import os
from pathlib import Path

TREE = Path(__file__).resolve().parents[3]
GUEST_FILES = TREE / "Tests" / "Lab" / "guest"
SMALL_CONFIG = TREE / "Tests" / "Lab" / "small-guest-kernel.config"
BUILD_PACKAGES = TREE / "Tests" / "Lab" / "build-packages.txt"


def cache() -> Path:
    """The lab's cache; it may be deleted at any time and is refilled by `fetch` and the next boot."""
    chosen = os.environ.get("DIOSCOPE_LAB_CACHE")
    if chosen:
        return Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "dioscope" / "lab"
