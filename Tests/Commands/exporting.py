#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs `dioscope export` as a user would, and reads what it writes with other readers than dioscope's own.

usage: exporting.py DIOSCOPE
"""

import base64
import collections
import csv
import io
import json
import re
import struct
import subprocess
import sys
import unittest
import zlib
from collections.abc import Iterator
from pathlib import Path

import commands
from commands import Bed, dioscope

try:
    from prometheus_client.openmetrics import parser as openmetrics
    from prometheus_client import parser as prometheus
except ImportError:  # Debian: python3-prometheus-client
    openmetrics = prometheus = None
try:
    from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as perfetto
except ImportError:  # PyPI: perfetto
    perfetto = None

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
DEFERRING = str(CAPTURES / "nvme-ext4-libaio-overwrite-6.12.dioscope")
FORMATS = ("perfetto", "folded", "csv", "jsonl", "hlog", "openmetrics")


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protobuf message: number, and an integer or the bytes of what has a length."""
    position = 0

    def varint() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while position < len(message):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
        else:
            length = 8 if kind == 1 else 4 if kind == 5 else varint()
            yield key >> 3, message[position:position + length]
            position += length


class ExportTests(Bed):
    def export(self, form: str, *words: str) -> bytes:
        done = subprocess.run([commands.DIOSCOPE, "export", "--format", form, *words, DEFERRING],
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, b"")
        return done.stdout

    def ios(self) -> list[dict]:
        return [json.loads(line) for line in self.export("jsonl").splitlines()]

    def test_parquet_without_duckdb(self) -> None:
        lake = self.directory / "fleet"
        done = subprocess.run([commands.DIOSCOPE, "export", "--format", "parquet", "-o", str(lake), DEFERRING],
                              capture_output=True, text=True, timeout=60, check=False, env={"PATH": "/nowhere"})
        self.assertEqual(done.returncode, 69)
        self.assertIn("no duckdb in PATH", done.stderr)

    def test_parquet_needs_a_directory(self) -> None:
        self.assertEqual(dioscope("export", "--format", "parquet", DEFERRING).returncode, 64)
        self.assertEqual(dioscope("export", "--format", "csv", "--box", "a", DEFERRING).returncode, 64)

    def test_redacted_names_nobody(self) -> None:
        """What the report of the capture knows of names is in no byte of what leaves."""
        report = json.loads(dioscope("report", "--json", DEFERRING).stdout)
        source = report["source"]
        names = {source["host"], *(word for word in source["command"] if len(word) > 3), "fio",
                 *(device["mount_point"] for device in source["devices"] if device["mount_point"]),
                 *(file["path"] for file in source["files"])}
        names = {name for name in names if name and len(name) > 2}
        self.assertGreater(len(names), 3)
        packed = self.directory / "shared.dioscope"
        self.assertEqual(dioscope("pack", "--redact", "-o", str(packed), DEFERRING).returncode, 0)
        exports = {form: self.export(form, "--redact") for form in FORMATS}
        exports["report"] = dioscope("report", str(packed)).stdout.encode()
        exports["json"] = dioscope("report", "--json", str(packed)).stdout.encode()
        exports["list"] = dioscope("list", str(packed)).stdout.encode()
        for form, content in exports.items():
            # dioscope speaks of fio itself where it explains.
            for name in names - ({"fio"} if form in ("report", "json", "list") else set()):
                # A word of its own: three letters may be part of any other.
                self.assertNotRegex(content, rb"(?<![\w])" + re.escape(name.encode()) + rb"(?![\w])", f"{name} in {form}")
        shared = json.loads(exports["json"])
        for member in ("ios", "latency", "stages", "contexts", "reasons", "cpu_sharing"):
            self.assertEqual(shared[member], report[member])
        self.assertEqual(self.leftovers(), [])

    def leftovers(self) -> list[str]:
        return [path.name for path in Path("/tmp").glob("dioscope-??????")]

    def test_duckdb_that_fails(self) -> None:
        bin_directory = self.directory / "bin"
        bin_directory.mkdir()
        (bin_directory / "duckdb").write_text("#!/bin/sh\necho 'IO Error: disk full'\nexit 1\n")
        (bin_directory / "duckdb").chmod(0o755)
        done = subprocess.run([commands.DIOSCOPE, "export", "--format", "parquet", "-o", str(self.directory), DEFERRING],
                              capture_output=True, text=True, timeout=60, check=False, env={"PATH": f"{bin_directory}:/bin"})
        self.assertEqual(done.returncode, 74)
        self.assertEqual(done.stderr, "dioscope: duckdb failed: IO Error: disk full\n")

    def test_help(self) -> None:
        self.assertIn("EXAMPLES", dioscope("export", "--help").stdout)

    def test_jsonl_is_the_list(self) -> None:
        self.assertEqual(self.export("jsonl").decode(), dioscope("list", "--json", DEFERRING).stdout)

    def test_csv(self) -> None:
        rows = list(csv.DictReader(io.StringIO(self.export("csv").decode(), newline="")))
        ios = self.ios()
        self.assertEqual(len(rows), len(ios))
        for row, other in zip(rows, ios):
            self.assertNotIn(None, row)
            self.assertEqual(int(row["latency_ns"]), other["latency_ns"])
            self.assertEqual(row["comm"], other["comm"])
            self.assertEqual({stage["name"]: str(stage["ns"]) for stage in other["stages"]},
                             {stage["name"]: row[f"{stage['name']}_ns"] for stage in other["stages"]})

    def test_csv_has_types_and_names(self) -> None:
        schema = dioscope("export", "--format", "csv", "--schema").stdout
        columns = re.findall(r'^  "(\w+)" (UBIGINT|BIGINT|VARCHAR),?$', schema, re.MULTILINE)
        self.assertEqual(schema.splitlines()[0], "CREATE TABLE ios (")
        rows = list(csv.DictReader(io.StringIO(self.export("csv").decode(), newline="")))
        self.assertEqual([name for name, _ in columns], list(rows[0]))
        for name, kind in columns:
            if kind == "VARCHAR":
                continue
            for row in rows:
                if row[name]:
                    self.assertGreaterEqual(int(row[name]), 0 if kind == "UBIGINT" else -4096)
        for row, other in zip(rows, self.ios()):
            wanted = [f"{cause['name']}={cause['ns']}" for cause in other.get("queue_wait_causes", []) if "name" in cause]
            self.assertEqual(row["queue_wait_names"], " ".join(wanted))
        self.expect(dioscope("export", "--format", "folded", "--schema"), 64, "--schema is for")

    def test_folded(self) -> None:
        lines = [line.rsplit(" ", 1) for line in self.export("folded").decode().splitlines()]
        self.assertEqual(sum(int(ns) for _, ns in lines), sum(entry["latency_ns"] for entry in self.ios()))
        self.assertTrue(any(stack.startswith("kworker;queue_wait;") for stack, _ in lines))

    def test_hlog(self) -> None:
        counts = collections.Counter(stage["name"] for entry in self.ios() for stage in entry["stages"])
        counts["latency"] = len(self.ios())
        found = {}
        for line in self.export("hlog").decode().splitlines():
            if not line.startswith("Tag="):
                continue
            tag, _, _, _, payload = line.split(",")
            found[tag[4:]] = self.histogram_total(base64.b64decode(payload))
        self.assertEqual(found, counts)

    def histogram_total(self, compressed: bytes) -> int:
        cookie, length = struct.unpack_from(">II", compressed)
        self.assertEqual(cookie, 0x1C849314)
        self.assertEqual(length, len(compressed) - 8)
        content = zlib.decompress(compressed[8:])
        cookie, length, offset, digits, lowest, _, ratio = struct.unpack_from(">IIIIQQd", content)
        self.assertEqual((cookie, offset, digits, lowest, ratio), (0x1C849313, 0, 2, 1, 1.0))
        self.assertEqual(length, len(content) - 40)
        total = value = shift = 0
        for byte in content[40:]:
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                total += 0 if value & 1 else value >> 1
                value = shift = 0
        return total

    def test_openmetrics(self) -> None:
        text = self.export("openmetrics").decode()
        self.assertTrue(text.endswith("\n# EOF\n"))
        self.assertIn(f"dioscope_latency_seconds_count {len(self.ios())}\n", text)
        if openmetrics is None:
            self.skipTest("no python3-prometheus-client")
        for parser in (openmetrics, prometheus):
            families = {family.name: family for family in parser.text_string_to_metric_families(text)}
            contexts = families["dioscope_completed_ios"].samples
            self.assertEqual(sum(sample.value for sample in contexts), len(self.ios()))
            self.assertEqual(families["dioscope_stage_seconds"].type, "summary")

    def test_perfetto(self) -> None:
        trace = self.export("perfetto")
        tracks: set[int] = set()
        depths: collections.Counter[int] = collections.Counter()
        names: collections.Counter[bytes] = collections.Counter()
        for number, packet in fields(trace):
            self.assertEqual(number, 1)
            packet = dict(fields(packet))
            if 60 in packet:
                tracks.add(dict(fields(packet[60]))[1])
            if 11 in packet:
                event = dict(fields(packet[11]))
                self.assertIn(event[11], tracks)
                self.assertIn(8, packet)
                depths[event[11]] += {1: 1, 2: -1, 3: 0}[event[9]]
                self.assertGreaterEqual(depths[event[11]], 0)
                if event[9] == 1:
                    names[event[23]] += 1
        self.assertFalse(any(depths.values()))
        self.assertEqual(names[b"write 4096"], len(self.ios()))

    @unittest.skipIf(perfetto is None, "no perfetto package of Python")
    def test_perfetto_by_its_own_schema(self) -> None:
        trace = perfetto.Trace()
        trace.ParseFromString(self.export("perfetto"))
        kinds = collections.Counter(packet.WhichOneof("data") for packet in trace.packet)
        self.assertEqual(set(kinds), {"clock_snapshot", "track_descriptor", "track_event"})
        flows = {flow for packet in trace.packet for flow in packet.track_event.flow_ids}
        ends = [flow for packet in trace.packet for flow in packet.track_event.terminating_flow_ids]
        self.assertEqual(sorted(flows), sorted(ends))

    def test_selection_and_limit(self) -> None:
        deferred = [entry for entry in self.ios() if entry["context"] == "kworker"]
        self.assertEqual(len(self.export("csv", "--where", "context=kworker").splitlines()), len(deferred) + 1)
        self.expect(dioscope("export", "--format", "perfetto", "--limit", "10", "-o", self.file("t"), DEFERRING), 0,
                    "241 more I/Os were left out")

    def test_output_file(self) -> None:
        for form in FORMATS:
            with self.subTest(form):
                Path(self.file("out")).write_text("old")
                self.assertEqual(dioscope("export", "--format", form, "-o", self.file("out"), DEFERRING).returncode, 0)
                self.assertEqual(Path(self.file("out")).read_bytes(), self.export(form))
        self.assertEqual([path.name for path in self.directory.iterdir()], ["out"])
        self.expect(dioscope("export", "--format", "csv", "-o", self.file("no/out"), DEFERRING), 73, "cannot create")

    def test_full_disk(self) -> None:
        self.expect(dioscope("export", "--format", "csv", "-o", "/dev/full", DEFERRING), 74, "No space left")

    def test_reader_that_goes_away(self) -> None:
        for form in FORMATS:
            with self.subTest(form):
                shell = f"'{commands.DIOSCOPE}' export --format {form} '{DEFERRING}' | head -c 1 >/dev/null; echo ${{PIPESTATUS[0]}}"
                done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=60, check=True)
                self.assertEqual((done.stdout, done.stderr), ("0\n", ""))

    def test_bad_input(self) -> None:
        content = Path(DEFERRING).read_bytes()
        Path(self.file("cut")).write_bytes(content[:len(content) * 2 // 3])
        for form in FORMATS:
            done = subprocess.run([commands.DIOSCOPE, "export", "--format", form, self.file("cut")],
                                  capture_output=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(b"incomplete", done.stderr)
        self.expect(dioscope("export", "--format", "csv", self.file("none")), 66, "No such file")
        self.expect(dioscope("export", "--format", "pdf", DEFERRING), 64, "pdf")
        self.expect(dioscope("export", DEFERRING), 64, "format")
        self.expect(dioscope("export", "--format", "csv", "--limit", "3", DEFERRING), 64, "--limit")


if __name__ == "__main__":
    commands.DIOSCOPE = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
