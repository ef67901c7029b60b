"""The checks of places: the CPUs of every I/O against the CPU column of ftrace, its file against stat in the guest."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from .scenarios import Scenario
from .truth import Truth

MOST_MOVED = 0.002


def check_cpus(scenario: Scenario, truth: Truth, ios: list[dict[str, Any]]) -> Iterator[str]:
    """As multisets: which I/O was where is unknown to ftrace, how many were on each CPU can."""
    pairs = [("submit_cpu", truth.begin_cpus, "begins"), ("completion_cpu", truth.complete_cpus, "completions"),
             ("worker_cpu", truth.start_cpus, "works")]
    if not scenario.multi_bio:
        pairs.append(("end_cpu", truth.end_cpus, "end_io"))
    for key, wanted, what in pairs:
        got = Counter(io[key] for io in ios if key in io)
        if got.total() != wanted.total() or (got - wanted).total() > _moved(truth, key, len(ios)):
            yield f"I/Os by {key}: {_shown(got)}, but ftrace {what} {_shown(wanted)}"


def _moved(truth: Truth, key: str, ios: int) -> int:
    """Of works that are bound to no CPU, a few are moved to another one between the two observers."""
    return int(MOST_MOVED * ios) if key in ("end_cpu", "completion_cpu") and truth.contexts["driver_worker"] else 0


def _shown(counts: Counter[int]) -> str:
    return ", ".join(f"CPU {cpu} {count}" for cpu, count in sorted(counts.items())) or "none"


def parse_stat(text: str) -> tuple[str, int | None] | None:
    """Device and inode from `%D %i %t %T`, all but the inode in hex. A block device has no inode of its own."""
    match = re.fullmatch(r"([0-9a-f]+) (\d+) ([0-9a-f]+) ([0-9a-f]+)\s*", text)
    if match is None:
        return None
    if int(match[3], 16):
        return f"{int(match[3], 16)}:{int(match[4], 16)}", None
    device = int(match[1], 16)
    return f"{device >> 8 & 0xFFF}:{device & 0xFF | device >> 12 & ~0xFF}", int(match[2])


def check_files(stat: str, mounts: str, ios: list[dict[str, Any]]) -> Iterator[str]:
    """The I/Os are those of the files that stat was asked for, one in each line. To stat the subvolumes of btrfs and
    layers of overlayfs have numbers of their own; that of the whole is in mountinfo, a line for each file too."""
    wanted = [parse_stat(line) for line in stat.splitlines()]
    for index, device in enumerate(mounts.split()[:len(wanted)]):
        file = wanted[index]
        if file is not None and file[0].startswith("0:"):
            wanted[index] = (device, file[1])
    if not wanted or None in wanted:
        yield f"stat of the file cannot be read: {stat.strip()!r}"
        return
    known = [file for file in wanted if file is not None]
    without_inode = all(inode is None for _, inode in known)
    files = {(io.get("dev"), None if without_inode else io.get("inode")) for io in ios}
    if files != set(known):
        yield f"files in the list, as (dev, inode): {_listed(files)}, but stat has {_listed(set(known))}"


def _listed(files: set[Any]) -> str:
    return ", ".join(sorted(f"{device} {inode}" for device, inode in files)) or "none"
