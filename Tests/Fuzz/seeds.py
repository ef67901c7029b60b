#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes small trace.dat files of large ones, for libFuzzer: few formats, few symbols, a few pages of each CPU.

usage: seeds.py DIRECTORY TRACE.DAT...

Each gives NAME.6, NAME.7, and NAME.7z packed by zlib, and the same of a big-endian machine: NAME.6b, NAME.7b and NAME.7zb.
Only traces of version 7 are taken.
"""

import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import NamedTuple

from machines import Machine

MAGIC = b"\x17\x08\x44tracing"
PAGES = 2  # of each CPU
SYMBOLS = re.compile(rb" (?:\w*iomap_dio\w*|dio_\w+|blkdev_\w+|aio_complete_rw|io_(?:req|complete)_rw\w*|vmstat_\w+)$")
EVENTS = re.compile(rb"name: (iomap_dio_\w+|block_(bio_queue|rq_issue|rq_complete)|workqueue_(queue_work|execute_\w+)"
                    rb"|irq_handler_\w+|softirq_(entry|exit)|sched_switch|local_timer_\w+|io_req_rw_complete|function)\n")


class Buffer(NamedTuple):
    """ftrace's own, or an instance: pages by CPU."""

    name: bytes
    clock: bytes
    pages: dict[int, bytes]


class Small:
    """What is kept of one trace."""

    def __init__(self, content: bytes, pages: int = PAGES) -> None:
        self.content = content
        self.most_pages = pages
        if not content.startswith(MAGIC + b"7\0"):
            raise ValueError("not of version 7")
        self.page_size = struct.unpack_from("<I", content, 14)[0]
        self.compression, _, rest = content[18:].split(b"\0", 2)
        self.at = len(content) - len(rest) + 8
        self.header_page, self.symbols, self.threads = b"", b"", b""
        self.formats: list[bytes] = []
        self.options: list[tuple[int, bytes]] = []
        self.pages: dict[int, bytes] = {}
        self.walk()

    def unpack(self, packed: bytes) -> bytes:
        if self.compression == b"zstd":
            return subprocess.run(["zstd", "-dqc"], input=packed, capture_output=True, check=True).stdout
        return zlib.decompress(packed)

    def walk(self) -> None:
        while self.at + 16 <= len(self.content):
            kind, flags, _, size = struct.unpack_from("<HHIQ", self.content, self.at)
            body = self.content[self.at + 16:self.at + 16 + size]
            if flags & 1 and kind != 3:
                body = self.unpack(body[8:8 + struct.unpack_from("<I", body)[0]])
            self.take(kind, body)
            self.at += 16 + size
        self.shorten()

    def take(self, kind: int, body: bytes) -> None:
        if kind == 16:
            size = struct.unpack_from("<Q", body, 12)[0]
            self.header_page = body[20:20 + size]
        elif kind in (17, 18):
            self.formats += [text for text in re.split(rb"(?=name: \w+\nID: )", body)[1:] if EVENTS.match(text)]
        elif kind == 19:
            self.symbols = b"".join(line + b"\n" for line in body[4:].split(b"\n") if SYMBOLS.search(line.split(b"\t")[0]))
        elif kind == 21:
            self.threads = body[8:]
        elif kind == 0:
            self.take_options(body)

    def take_options(self, body: bytes) -> None:
        at = 0
        while at + 6 <= len(body):
            number, size = struct.unpack_from("<HI", body, at)
            data = body[at + 6:at + 6 + size]
            at += 6 + size
            if number == 3:
                self.take_cpus(data)
            elif number in (4, 5, 7, 8, 9, 14):
                self.options.append((number, data))

    def take_cpus(self, data: bytes) -> None:
        at = data.index(b"\0", data.index(b"\0", 8) + 1) + 1
        for index in range(struct.unpack_from("<I", data, at + 4)[0]):
            cpu, offset, size = struct.unpack_from("<IQQ", data, at + 8 + 20 * index)
            part = self.content[offset:offset + size] if self.compression == b"none" else self.chunks(offset, size)
            if part:
                self.pages[cpu] = part

    def chunks(self, at: int, size: int) -> bytes:
        part = b""
        for _ in range(struct.unpack_from("<I", self.content, at)[0] if size else 0):
            packed = struct.unpack_from("<I", self.content, at + 4)[0]
            part += self.unpack(self.content[at + 12:at + 12 + packed])
            at += 8 + packed
        return part

    def shorten(self) -> None:
        """Leaves the pages around one moment, the middle of the busiest CPU's."""
        def time(part: bytes, page: int) -> int:
            return int.from_bytes(part[page * self.page_size:page * self.page_size + 8], "little")

        busiest = max(self.pages.values(), key=len)
        middle = time(busiest, len(busiest) // self.page_size // 2)
        for cpu, part in self.pages.items():
            before = [page for page in range(len(part) // self.page_size) if time(part, page) <= middle]
            start = max(before, default=0) * self.page_size
            self.pages[cpu] = part[start:start + self.most_pages * self.page_size]

    # Layouts that are written.

    def head(self, version: bytes, machine: Machine) -> bytes:
        return MAGIC + version + b"\0" + bytes([machine.is_big, machine.long]) + machine.pack("I", self.page_size)

    def texts(self) -> list[bytes]:
        # A format ends where the count of the next one was: cut what is not text.
        return [text[:text.rindex(b"\n") + 1] for text in self.formats]

    def sized_formats(self, machine: Machine) -> bytes:
        return b"".join(machine.pack("Q", len(text)) + text for text in self.texts())

    def written_options(self, machine: Machine) -> list[tuple[int, bytes]]:
        return [(number, machine.option(number, data)) for number, data in self.options]

    def parts(self, machine: Machine, buffer: Buffer) -> dict[int, bytes]:
        return {cpu: machine.pages(part, self.page_size, self.texts()) for cpu, part in buffer.pages.items()}

    def own(self) -> Buffer:
        return Buffer(b"", b"mono", self.pages)

    def version6(self, machine: Machine, buffers: list[Buffer] | None = None) -> bytes:
        """The first buffer is ftrace's own; every one has all CPUs."""
        header_page, pack = machine.header_page(self.header_page), machine.pack
        all_parts = [(buffer, self.parts(machine, buffer)) for buffer in buffers or [self.own()]]
        cpus = sorted({cpu for _, parts in all_parts for cpu in parts})
        table_size, entry = 16 * len(cpus), len(b"flyrecord\0")
        out = self.head(b"6", machine) + b"header_page\0" + pack("Q", len(header_page)) + header_page
        out += b"header_event\0" + pack("Q", 0) + pack("I", 0)
        out += pack("I", 1) + b"all\0" + pack("I", len(self.formats)) + self.sized_formats(machine)
        out += pack("I", len(self.symbols)) + self.symbols + pack("I", 0)
        out += pack("Q", len(self.threads)) + self.threads + pack("I", len(cpus)) + b"options  \0"
        out += b"".join(pack("HI", number, len(data)) + data for number, data in self.written_options(machine))
        instances = [buffer for buffer, _ in all_parts[1:]]
        tables_at = len(out) + sum(6 + 8 + len(buffer.name) + 1 for buffer in instances) + 2
        for number, buffer in enumerate(instances, 1):
            data = pack("Q", tables_at + number * (entry + table_size)) + buffer.name + b"\0"
            out += pack("HI", 3, len(data)) + data
        out += pack("H", 0)
        data_at = tables_at + len(all_parts) * (entry + table_size)
        for _, parts in all_parts:
            out += b"flyrecord\0"
            for cpu in cpus:
                out += pack("QQ", data_at, len(parts.get(cpu, b"")))
                data_at += len(parts.get(cpu, b""))
        return out + b"".join(parts.get(cpu, b"") for _, parts in all_parts for cpu in cpus)

    def version7(self, compression: bytes, machine: Machine, buffers: list[Buffer] | None = None) -> bytes:
        pack = machine.pack

        def packed(body: bytes) -> bytes:
            if compression == b"none":
                return body
            small = zlib.compress(body)
            return pack("II", len(small), len(body)) + small

        def section(kind: int, body: bytes) -> bytes:
            return pack("HHIQ", kind, compression != b"none" and kind != 0, 0, len(body)) + body

        header_page = machine.header_page(self.header_page)
        out = self.head(b"7", machine) + compression + b"\0\0"
        out += pack("Q", len(out) + 8)
        out += section(16, packed(b"header_page\0" + pack("Q", len(header_page)) + header_page))
        out += section(18, packed(pack("I", 1) + b"all\0" + pack("I", len(self.formats)) + self.sized_formats(machine)))
        out += section(19, packed(pack("I", len(self.symbols)) + self.symbols))
        out += section(21, packed(pack("Q", len(self.threads)) + self.threads))
        options = self.written_options(machine)
        for buffer in buffers or [self.own()]:
            whole = self.parts(machine, buffer)
            parts = [part if compression == b"none" else pack("I", 1) + packed(part) for part in whole.values()]
            data = pack("Q", len(out)) + buffer.name + b"\0" + buffer.clock + b"\0"
            data += pack("II", self.page_size, len(parts))
            at = len(out) + 16
            for cpu, part in zip(whole, parts):
                data += pack("IQQ", cpu, at, len(part))
                at += len(part)
            out += section(3, b"".join(parts) or bytes(8))
            options.append((3, data))
        options.append((0, bytes(8)))
        return out + section(0, b"".join(pack("HI", number, len(data)) + data for number, data in options))


def main(directory: Path, traces: list[Path]) -> None:
    for trace in traces:
        try:
            small = Small(trace.read_bytes())
        except ValueError:
            continue
        for ending, machine in (("", Machine()), ("b", Machine(is_big=True))):
            for version, content in (("6", small.version6(machine)), ("7", small.version7(b"none", machine)),
                                     ("7z", small.version7(b"zlib", machine))):
                (directory / f"{trace.stem}.{version}{ending}").write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
