"""Instructions that a guest executed between its marks: the plugin of QEMU, the program that marks, what they wrote."""

import hashlib
import struct
import subprocess
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lab.problem import Problem, tool

from .places import BENCH, built

SOURCE = BENCH / "instructions.c"
FLAGS = ("-O2", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden")
KERNEL = 1 << 63  # addresses from here on are the kernel's
HIGHEST_STATIC = 1 << 32  # dioscope is linked to lower ones; all other programs run at random, higher ones
RECORDER = "(dioscope)"
PROGRAMS = "(other programs)"


def plugin() -> Path:
    """The compiled plugin; it is made anew when its source changes."""
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]
    path = built() / f"instructions-{digest}.so"
    if not path.is_file():
        scratch = path.with_suffix(".new")
        done = subprocess.run([tool("gcc"), *FLAGS, "-o", str(scratch), str(SOURCE)], capture_output=True, text=True)
        if done.returncode:
            raise Problem(f"gcc cannot compile {SOURCE.name}: {done.stderr.strip()}")
        scratch.rename(path)
    return path


def marker() -> bytes:
    """A static program of three instructions for the guest: the one that the plugin looks for, and exit(0)."""
    code = bytes.fromhex("0f1f84001eaba15c" "b83c000000" "31ff" "0f05")
    base, headers = 0x400000, 64 + 56
    size = headers + len(code)
    elf = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    elf += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, base + headers, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return elf + struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 4096) + code


def intervals(written: Path) -> Iterator[Counter[int]]:
    """Instructions that the plugin counted, by the address of their block, for each stretch that a mark ends."""
    counts: Counter[int] = Counter()
    with written.open() as lines:
        for line in lines:
            if line.startswith("mark"):
                yield counts
                counts = Counter()
            else:
                address, instructions, runs = line.split()
                counts[int(address, 16)] += int(instructions, 16) * int(runs, 16)


class Symbols:
    """Names of code by address: the guest's kernel with its BPF programs, and dioscope's own unless it is stripped."""

    def __init__(self, kallsyms: str, dioscope: Path | None = None) -> None:
        listed = kallsyms
        if dioscope is not None:
            listed += subprocess.run([tool("nm"), str(dioscope)], capture_output=True, text=True).stdout
        found = sorted((int(words[0], 16), words[2]) for words in map(str.split, listed.splitlines())
                       if len(words) > 2 and words[1] in "tTwW")
        self._addresses = [address for address, _ in found]
        self._names = [name for _, name in found]

    def name(self, address: int) -> str:
        if HIGHEST_STATIC <= address < KERNEL:
            return PROGRAMS
        at = bisect_right(self._addresses, address) - 1
        if at < 0 or (address < KERNEL <= self._addresses[at]):
            return RECORDER
        return self._names[at] if address >= KERNEL else f"{RECORDER} {self._names[at]}"

    def by_name(self, counts: Counter[int]) -> Counter[str]:
        names: Counter[str] = Counter()
        for address, instructions in counts.items():
            names[self.name(address)] += instructions
        return names
