"""Small traces of real guests made large: the same events over and over, each time a little later."""

import gzip
import re
import struct
from collections.abc import Iterator
from pathlib import Path

PAGE = 4096
GAP = 1_000_000  # nanoseconds between the end of one turn and the begin of the next
# Of perf script and of ftrace: the time stands between the CPU and the event.
TIME = re.compile(rb"^(.{16,40}?\[\d{3}\] (?:[^ ]{4,6} |) *)(\d+)\.(\d{6,9}): ")


def trace_dat(source: Path, target: Path, turns: int) -> None:
    """A trace.dat of version 6, whose pages are not packed, with the pages of each CPU so many times."""
    data = gzip.decompress(source.read_bytes())
    mark = b"flyrecord\0"
    table = data.index(mark) + len(mark)
    first = struct.unpack_from("<Q", data, table)[0]
    cpus = []
    for place in range(table, first, 16):
        offset, size = struct.unpack_from("<QQ", data, place)
        cpus.append(data[offset:offset + size])
        if offset + size == len(data):
            break
    times = [struct.unpack_from("<Q", pages, at)[0] for pages in cpus for at in range(0, len(pages), PAGE)]
    span = max(times) - min(times) + GAP * 100
    with target.open("wb") as file:
        file.write(data[:first])
        offset = first
        for number, pages in enumerate(cpus):
            file.seek(table + 16 * number)
            file.write(struct.pack("<QQ", offset, len(pages) * turns))
            offset += len(pages) * turns
        file.seek(first)
        for pages in cpus:
            for turn in range(turns):
                moved = bytearray(pages)
                for at in range(0, len(moved), PAGE):
                    struct.pack_into("<Q", moved, at, struct.unpack_from("<Q", moved, at)[0] + turn * span)
                file.write(moved)


def text(source: Path, target: Path, turns: int) -> None:
    """The text of perf script or ftrace with its events so many times."""
    lines = gzip.decompress(source.read_bytes()).splitlines(keepends=True)
    head = [line for line in lines if line.startswith(b"#")]
    events = list(_events(lines))
    span = max(time for _, time, _, _ in events) - min(time for _, time, _, _ in events) + GAP
    with target.open("wb") as file:
        file.writelines(head)
        for turn in range(turns):
            later = turn * span
            file.write(b"".join(b"%s%s: %s" % (before, _seconds(time + later, digits), after)
                                for before, time, digits, after in events))


def _events(lines: list[bytes]) -> Iterator[tuple[bytes, int, int, bytes]]:
    for line in lines:
        found = TIME.match(line)
        if found is not None:
            whole, part = found[2], found[3]
            yield found[1], int(whole) * 10**9 + int(part.ljust(9, b"0")), len(part), line[found.end():]


def _seconds(time: int, digits: int) -> bytes:
    return b"%d.%0*d" % (time // 10**9, digits, time % 10**9 // 10**(9 - digits))
