#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes small trace.dat files of large ones, for libFuzzer: few formats, few symbols, a few pages of each CPU.

usage: seeds.py DIRECTORY TRACE.DAT...

Each gives NAME.6, NAME.7, and NAME.7z packed by zlib. Only traces of version 7 are taken.
"""

import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

MAGIC = b"\x17\x08\x44tracing"
PAGES = 2  # of each CPU
SYMBOLS = re.compile(rb" (?:\w*iomap_dio\w*|dio_\w+|blkdev_\w+|aio_complete_rw|io_(?:req|complete)_rw\w*|vmstat_\w+)$")
EVENTS = re.compile(rb"name: (iomap_dio_\w+|block_(bio_queue|rq_issue|rq_complete)|workqueue_(queue_work|execute_\w+)"
                    rb"|irq_handler_\w+|softirq_(entry|exit)|sched_switch|local_timer_\w+|io_req_rw_complete|function)\n")


class Small:
    """What is kept of one trace."""

    def __init__(self, content: bytes) -> None:
        self.content = content
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
            self.pages[cpu] = part[start:start + PAGES * self.page_size]

    # Layouts that are written.

    def head(self, version: bytes) -> bytes:
        return MAGIC + version + b"\0\0\x08" + struct.pack("<I", self.page_size)

    def sized_formats(self) -> bytes:
        # A format ends where the count of the next one was: cut what is not text.
        texts = [text[:text.rindex(b"\n") + 1] for text in self.formats]
        return b"".join(struct.pack("<Q", len(text)) + text for text in texts)

    def version6(self) -> bytes:
        out = self.head(b"6") + b"header_page\0" + struct.pack("<Q", len(self.header_page)) + self.header_page
        out += b"header_event\0" + struct.pack("<Q", 0) + struct.pack("<I", 0)
        out += struct.pack("<I", 1) + b"all\0" + struct.pack("<I", len(self.formats)) + self.sized_formats()
        out += struct.pack("<I", len(self.symbols)) + self.symbols + struct.pack("<I", 0)
        out += struct.pack("<Q", len(self.threads)) + self.threads + struct.pack("<I", len(self.pages)) + b"options  \0"
        out += b"".join(struct.pack("<HI", number, len(data)) + data for number, data in self.options)
        out += struct.pack("<H", 0) + b"flyrecord\0"
        data_at = len(out) + 16 * len(self.pages)
        for part in self.pages.values():
            out += struct.pack("<QQ", data_at, len(part))
            data_at += len(part)
        return out + b"".join(self.pages.values())

    def version7(self, compression: bytes) -> bytes:
        def packed(body: bytes) -> bytes:
            if compression == b"none":
                return body
            small = zlib.compress(body)
            return struct.pack("<II", len(small), len(body)) + small

        def section(kind: int, body: bytes) -> bytes:
            return struct.pack("<HHIQ", kind, compression != b"none" and kind != 0, 0, len(body)) + body

        out = self.head(b"7") + compression + b"\0\0"
        out += struct.pack("<Q", len(out) + 8)
        out += section(16, packed(b"header_page\0" + struct.pack("<Q", len(self.header_page)) + self.header_page))
        out += section(18, packed(struct.pack("<I", 1) + b"all\0" + struct.pack("<I", len(self.formats))
                                  + self.sized_formats()))
        out += section(19, packed(struct.pack("<I", len(self.symbols)) + self.symbols))
        out += section(21, packed(struct.pack("<Q", len(self.threads)) + self.threads))
        parts = [part if compression == b"none" else struct.pack("<I", 1) + packed(part) for part in self.pages.values()]
        table = struct.pack("<II", self.page_size, len(parts))
        at, buffer_at = len(out) + 16, len(out)
        for cpu, part in zip(self.pages, parts):
            table += struct.pack("<IQQ", cpu, at, len(part))
            at += len(part)
        out += section(3, b"".join(parts))
        options = [*self.options, (3, struct.pack("<Q", buffer_at) + b"\0mono\0" + table), (0, bytes(8))]
        return out + section(0, b"".join(struct.pack("<HI", number, len(data)) + data for number, data in options))


def main(directory: Path, traces: list[Path]) -> None:
    for trace in traces:
        try:
            small = Small(trace.read_bytes())
        except ValueError:
            continue
        for ending, content in ((".6", small.version6()), (".7", small.version7(b"none")),
                                (".7z", small.version7(b"zlib"))):
            (directory / (trace.stem + ending)).write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
