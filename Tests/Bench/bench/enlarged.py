"""Small traces of real guests made large: the same events over and over, each time a little later."""

import gzip
import re
import struct
from collections.abc import Iterator
from pathlib import Path

from lab.places import TREE

TRACE_DAT = TREE / "captures" / "trace-cmd6-nvme-ext4-libaio-overwrite-6.12.dat.gz"
PERF = TREE / "captures" / "perf-nvme-ext4-libaio-overwrite-6.12.text.gz"
FTRACE = TREE / "captures" / "ftrace-nvme-ext4-libaio-overwrite-6.12.text.gz"

PAGE = 4096
GAP = 1_000_000  # nanoseconds between two turns in a text
PAGE_GAP = 100_000_000  # the same between pages, the last of which begin before their last events
# Lines of perf script and of ftrace, the latter with flags: the time is between the CPU and the event.
TIME = re.compile(rb"^(.{16,40}?\[\d{3}\] (?:[^ ]{4,6} |) *)(\d+)\.(\d{6,9}): ")


def trace_dat(target: Path, turns: int, source: Path = TRACE_DAT) -> None:
    """A trace.dat of version 6, whose pages are not packed, with the pages of each CPU so many times."""
    data = gzip.decompress(source.read_bytes())
    mark = b"flyrecord\0"
    table = data.index(mark) + len(mark)
    head = data[:struct.unpack_from("<Q", data, table)[0]]
    cpus: list[bytes] = []
    while sum(map(len, cpus)) < len(data) - len(head):
        offset, size = struct.unpack_from("<QQ", data, table + 16 * len(cpus))
        cpus.append(data[offset:offset + size])
    times = [struct.unpack_from("<Q", pages, at)[0] for pages in cpus for at in range(0, len(pages), PAGE)]
    span = max(times) - min(times) + PAGE_GAP
    with target.open("wb") as file:
        offset = len(head)
        file.write(head)
        for number, pages in enumerate(cpus):
            file.seek(table + 16 * number)
            file.write(struct.pack("<QQ", offset, len(pages) * turns))
            file.seek(offset)
            for turn in range(turns):
                file.write(_later(pages, turn * span))
            offset += len(pages) * turns


def _later(pages: bytes, nanoseconds: int) -> bytes:
    """A page begins with its time; those of its events are relative to it."""
    moved = bytearray(pages)
    for at in range(0, len(moved), PAGE):
        struct.pack_into("<Q", moved, at, struct.unpack_from("<Q", moved, at)[0] + nanoseconds)
    return bytes(moved)


def text(source: Path, target: Path, turns: int) -> None:
    """The text of perf script or ftrace with its events so many times."""
    lines = gzip.decompress(source.read_bytes()).splitlines(keepends=True)
    events = list(_events(lines))
    times = [time for _, time, _, _ in events]
    span = max(times) - min(times) + GAP
    with target.open("wb") as file:
        file.writelines(line for line in lines if line.startswith(b"#"))
        for turn in range(turns):
            file.write(b"".join(b"%s%s: %s" % (before, _seconds(time + turn * span, digits), after)
                                for before, time, digits, after in events))


def _events(lines: list[bytes]) -> Iterator[tuple[bytes, int, int, bytes]]:
    """What is before the time, the time in nanoseconds, its digits, what is behind."""
    for line in lines:
        found = TIME.match(line)
        if found is not None:
            yield found[1], int(found[2]) * 10**9 + int(found[3].ljust(9, b"0")), len(found[3]), line[found.end():]


def _seconds(time: int, digits: int) -> bytes:
    return b"%d.%0*d" % (time // 10**9, digits, time % 10**9 // 10**(9 - digits))
