#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""One trace as other machines and other buffers would have had it: whatever holds the events, the report is the same.

usage: swapping.py DIOSCOPE
"""

import json
import struct
import sys
import unittest
from pathlib import Path
from typing import Any

import commands

TREE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "Tests" / "Fuzz"))

from machines import Machine  # noqa: E402
from seeds import Buffer, Small  # noqa: E402

TRACES = sorted((TREE / "captures").glob("*.dat"))
OTHERS = (Machine(is_big=True), Machine(is_big=True, long=4), Machine(long=4))
SHIFT = 300  # nanoseconds between the records of two buffers


def later(pages: dict[int, bytes], size: int, nanoseconds: int) -> dict[int, bytes]:
    moved = {}
    for cpu, part in pages.items():
        part = bytearray(part)
        for at in range(0, len(part), size):
            struct.pack_into("<Q", part, at, struct.unpack_from("<Q", part, at)[0] + nanoseconds)
        moved[cpu] = bytes(part)
    return moved


class TraceBed(commands.Bed):
    def report(self, content: bytes) -> dict[str, Any]:
        (self.directory / "trace").write_bytes(content)
        done = commands.dioscope("report", "--json", self.file("trace"))
        self.assertIn(done.returncode, (0, 4), done.stderr)
        return json.loads(done.stdout)


class MachineTests(TraceBed):
    """Big-endian and 32-bit machines, in both versions of the file, packed or not."""

    def test_every_capture_on_every_machine(self) -> None:
        self.assertGreater(len(TRACES), 3)
        for trace in TRACES:
            small = Small(trace.read_bytes(), pages=100_000)
            for form in ("6", "7", "7z"):
                def made(machine: Machine) -> bytes:
                    if form == "6":
                        return small.version6(machine)
                    return small.version7(b"zlib" if form == "7z" else b"none", machine)

                expected = self.report(made(Machine()))
                self.assertGreater(expected["ios"]["total"], 100, trace.name)
                for machine in OTHERS:
                    with self.subTest(trace=trace.name, form=form, machine=machine):
                        self.assertEqual(self.report(made(machine)), expected)

    def test_a_byte_order_that_there_is_not(self) -> None:
        content = bytearray(Small(TRACES[0].read_bytes()).version7(b"none", Machine()))
        content[12] = 7
        (self.directory / "trace").write_bytes(content)
        self.expect(commands.dioscope("report", self.file("trace")), 65, "damaged at byte .*: expected a byte order")


class BufferTests(TraceBed):
    """ftrace's own buffer and its instances."""

    def setUp(self) -> None:
        super().setUp()
        self.small = Small(TRACES[0].read_bytes(), pages=100_000)
        self.expected = self.report(self.small.version7(b"none", Machine()))

    def files(self, buffers: list[Buffer]) -> list[bytes]:
        return [self.small.version6(Machine(), buffers), self.small.version6(Machine(is_big=True), buffers),
                self.small.version7(b"none", Machine(), buffers), self.small.version7(b"zlib", Machine(), buffers)]

    def assert_same(self, report: dict[str, Any], repeated: int = 0) -> None:
        others = [loss for loss in report["loss"] if loss["what"] != "trace-repeated-events"]
        counts = [loss["count"] for loss in report["loss"] if loss["what"] == "trace-repeated-events"]
        self.assertEqual(sum(counts) > 0, repeated > 0)
        self.assertEqual(others, self.expected["loss"])
        for part in ("ios", "latency", "contexts", "stages", "queue_wait"):
            self.assertEqual(report[part], self.expected[part], part)

    def test_events_of_an_instance_alone(self) -> None:
        for content in self.files([Buffer(b"", b"mono", {}), Buffer(b"io", b"mono", self.small.pages)]):
            self.assert_same(self.report(content))

    def test_events_that_two_buffers_have_are_read_once(self) -> None:
        again = later(self.small.pages, self.small.page_size, SHIFT)
        for content in self.files([self.small.own(), Buffer(b"io", b"mono", again)]):
            self.assert_same(self.report(content), repeated=1)

    def test_cpus_in_different_buffers(self) -> None:
        first = min(self.small.pages)
        own = {cpu: part for cpu, part in self.small.pages.items() if cpu == first}
        rest = {cpu: part for cpu, part in self.small.pages.items() if cpu != first}
        self.assertTrue(rest)
        for content in self.files([Buffer(b"", b"mono", own), Buffer(b"io", b"mono", rest)]):
            self.assert_same(self.report(content))

    def test_buffers_of_different_clocks_have_no_order(self) -> None:
        buffers = [self.small.own(), Buffer(b"io", b"boot", self.small.pages)]
        (self.directory / "trace").write_bytes(self.small.version7(b"none", Machine(), buffers))
        self.expect(commands.dioscope("report", self.file("trace")), 65, r"different clocks \(mono, boot\)")


if __name__ == "__main__":
    commands.DIOSCOPE = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
