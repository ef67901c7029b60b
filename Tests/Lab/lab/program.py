"""The dioscope executable that goes into the guest."""

import os
import subprocess
import sys
from pathlib import Path

from .places import TREE
from .problem import Problem

STATIC = TREE / ".build" / "static" / "dioscope"


def dioscope() -> Path:
    """$DIOSCOPE, else the tree's static build, which is made when it is not there yet."""
    chosen = os.environ.get("DIOSCOPE")
    if chosen:
        path = Path(chosen)
        if not path.is_file():
            raise Problem(f"$DIOSCOPE names {chosen}, which is not a file")
        return _self_contained(path)
    build = TREE / "Scripts" / "build"
    if not STATIC.is_file() and build.is_file():
        print("lab: building dioscope with Scripts/build", file=sys.stderr)
        if subprocess.run([str(build)], stdout=sys.stderr).returncode:
            raise Problem("Scripts/build failed")
    if not STATIC.is_file():
        raise Problem("no dioscope: neither $DIOSCOPE nor .build/static/dioscope is there (or use --without-dioscope)")
    return _self_contained(STATIC)


def _self_contained(path: Path) -> Path:
    """The guest has no Swift runtime, so a program that asks for a loader would fail there with a riddle."""
    with path.open("rb") as file:
        start = file.read(4096)
    if start[:4] != b"\x7fELF" or b"/ld-linux" in start:
        raise Problem(f"{path} is not a static ELF executable; build it with Scripts/build")
    return path
