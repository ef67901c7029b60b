# SPDX-License-Identifier: GPL-2.0-only
"""The ring buffer's pages of a little-endian machine as another machine would have written them."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

FIELD = re.compile(rb"field:\s*([^;]+);\s*offset:(\d+);\s*size:(\d+);")
HEAD = 16  # bytes before a page's events, of a 64-bit machine
LOST, STORED = 1 << 31, 1 << 30
PADDING, EXTEND, STAMP = 29, 30, 31


class Number(NamedTuple):
    """A field that is a number."""

    offset: int
    size: int


@dataclass(frozen=True)
class Machine:
    """By the order of its bytes, and the bytes of a `long` in the head of a page."""

    is_big: bool = False
    long: int = 8

    def pack(self, form: str, *values: int) -> bytes:
        return struct.pack((">" if self.is_big else "<") + form, *values)

    def header_page(self, text: bytes) -> bytes:
        if self.long == 8:
            return text
        text = re.sub(rb"(local_t commit;\toffset:8;\tsize:)8", rb"\g<1>4", text)
        return re.sub(rb"(char data;\toffset:)16", rb"\g<1>12", text)

    def option(self, number: int, data: bytes) -> bytes:
        """Some of trace-cmd's options are numbers, most are texts."""
        forms = {8: "I", 14: "IIQ"}
        return self.pack(forms[number], *struct.unpack_from("<" + forms[number], data)) if number in forms else data

    def pages(self, part: bytes, size: int, formats: list[bytes]) -> bytes:
        if not self.is_big and self.long == 8:
            return part
        numbers = {identity(text): list(fields(text)) for text in formats}
        return b"".join(self.page(part[at:at + size], size, numbers) for at in range(0, len(part), size))

    def page(self, page: bytes, size: int, numbers: dict[int, list[Number]]) -> bytes:
        time, commit = struct.unpack_from("<QQ", page)
        used = commit & 0xfffff
        data = b"".join(self.entries(page[HEAD:HEAD + used], numbers))
        out = self.pack("Q", time) + self.pack("Q" if self.long == 8 else "I", commit) + data
        if commit & LOST and commit & STORED:
            out += self.pack("Q" if self.long == 8 else "I", struct.unpack_from("<Q", page, HEAD + used)[0])
        return out.ljust(size, b"\0")

    def entries(self, data: bytes, numbers: dict[int, list[Number]]) -> Iterator[bytes]:
        at = 0
        while at + 4 <= len(data):
            word = struct.unpack_from("<I", data, at)[0]
            kind, delta = word & 0x1f, word >> 5
            yield self.pack("I", kind << 27 | delta) if self.is_big else self.pack("I", word)
            at += 4
            if kind == PADDING and delta == 0:
                yield data[at:]
                return
            if kind in (0, PADDING, EXTEND, STAMP):
                value = struct.unpack_from("<I", data, at)[0]
                yield self.pack("I", value)
                at += 4
                length = 0 if kind in (EXTEND, STAMP) else (value - 4 + 3) & ~3
            else:
                length = 4 * kind
            yield self.record(data[at:at + length], numbers)
            at += length

    def record(self, record: bytes, numbers: dict[int, list[Number]]) -> bytes:
        if not self.is_big or len(record) < 8:
            return record
        out = bytearray(record)
        known = numbers.get(int.from_bytes(record[:2], "little"), [Number(0, 2), Number(4, 4)])
        for offset, size in known:
            out[offset:offset + size] = record[offset:offset + size][::-1]
        return bytes(out)


def identity(text: bytes) -> int:
    found = re.search(rb"ID: (\d+)", text)
    return int(found[1]) if found else 0


def fields(text: bytes) -> Iterator[Number]:
    for declaration, offset, size in FIELD.findall(text):
        isnumber = b"__data_loc" in declaration or b"[" not in declaration
        if isnumber and int(size) in (2, 4, 8):
            yield Number(int(offset), int(size))
