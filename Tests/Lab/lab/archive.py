"""Writes cpio archives in the `newc` form that the kernel unpacks; everything in them belongs to root."""

import os
import stat
from pathlib import Path
from typing import BinaryIO


class Archive:
    """One cpio archive. Parent directories are added on demand, and a path is written once only."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._written: set[str] = set()
        self._inode = 0

    def _entry(self, path: str, mode: int, size: int, device: tuple[int, int] = (0, 0)) -> None:
        self._inode += 1
        name = path.encode() + b"\0"
        fields = (self._inode, mode, 0, 0, 1, 0, size, 0, 0, *device, len(name), 0)
        self._out.write(b"070701" + b"".join(b"%08X" % field for field in fields) + name)
        self._pad(110 + len(name))

    def _pad(self, length: int) -> None:
        self._out.write(b"\0" * (-length % 4))

    def _new(self, path: str) -> bool:
        if path in self._written:
            return False
        self._written.add(path)
        parent = os.path.dirname(path)
        if parent:
            self.directory(parent)
        return True

    def directory(self, path: str) -> None:
        path = path.strip("/")
        if self._new(path):
            self._entry(path, stat.S_IFDIR | 0o755, 0)

    def symlink(self, path: str, target: str) -> None:
        path = path.strip("/")
        if self._new(path):
            data = target.encode()
            self._entry(path, stat.S_IFLNK | 0o777, len(data))
            self._out.write(data)
            self._pad(len(data))

    def device(self, path: str, major: int, minor: int) -> None:
        path = path.strip("/")
        if self._new(path):
            self._entry(path, stat.S_IFCHR | 0o600, 0, (major, minor))

    def data(self, path: str, content: bytes, executable: bool = False) -> None:
        path = path.strip("/")
        if self._new(path):
            self._entry(path, stat.S_IFREG | (0o755 if executable else 0o644), len(content))
            self._out.write(content)
            self._pad(len(content))

    def file(self, path: str, source: Path) -> None:
        self.data(path, source.read_bytes(), os.access(source, os.X_OK))

    def close(self) -> None:
        """The kernel needs the trailer, and the next archive may follow only after zeros up to a multiple of four."""
        self._entry("TRAILER!!!", 0, 0)
        self._out.write(b"\0" * (-self._out.tell() % 512))
