#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Captures and traces of other tools, as a user gives them: by content, packed, on standard input, cut.

usage: traces.py DIOSCOPE
"""

import gzip
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import commands


CAPTURES = Path(__file__).resolve().parents[2] / "captures"


def inputs(directory: Path) -> list[Path]:
    """What is not an expectation."""
    return sorted(path for path in directory.iterdir() if path.suffix not in (".txt", ".md") and path.is_file())


def all_captures() -> list[Path]:
    """Captures of our own and traces, and odd texts; each has its reports beside it."""
    return inputs(CAPTURES) + inputs(CAPTURES / "odd")


def report_of(capture: Path) -> Path:
    return capture.with_name(re.sub(r"\.(dioscope|dat|text)(\.gz|\.zst)?$", ".txt", capture.name))


def json_of(capture: Path) -> Path:
    return capture.parent / "json" / (report_of(capture).stem + ".json")


def expected_of_broken() -> dict[str, tuple[int, str]]:
    """Exit status and messages by name, as Scripts/goldens writes them."""
    blocks = (CAPTURES / "broken" / "expected.txt").read_text().strip().split("\n\n")
    heads = [re.fullmatch(r"(.+): exit status (\d+)", block.splitlines()[0]) for block in blocks]
    return {head[1]: (int(head[2]), "".join(line + "\n" for line in block.splitlines()[1:]))
            for head, block in zip(heads, blocks, strict=True)}


class TraceTests(commands.Bed):
    """Traces of other tools, recognized by their content."""

    def trace(self, start: str) -> Path:
        return next(path for path in all_captures() if path.name.startswith(start))

    def test_standard_input_and_packing(self) -> None:
        trace = self.trace("trace-cmd-nvme-ext4-libaio-overwrite-7.2")
        expected = report_of(trace).read_text()
        for packer in ([], ["gzip", "-c"], ["zstd", "-qc"]):
            with self.subTest(packer):
                content = trace.read_bytes()
                if packer:
                    content = subprocess.run(packer, input=content, capture_output=True, check=True).stdout
                (self.directory / "no.suffix").write_bytes(content)
                self.assertEqual(commands.dioscope("report", self.file("no.suffix")).stdout, expected)
                with open(self.file("no.suffix"), "rb") as piped:
                    done = subprocess.run([commands.DIOSCOPE, "report", "-"], stdin=piped, capture_output=True, text=True,
                                          timeout=60, check=False)
                self.assertEqual((done.returncode, done.stdout), (0, expected))

    def test_block_that_is_larger_than_what_is_looked_at(self) -> None:
        """A zstd stream of one block without a checksum: nothing follows what does not fit into the first read."""
        text = gzip.decompress(self.trace("ftrace-").read_bytes())[:110_000]
        text = text[:text.rindex(b"\n") + 1]
        (self.directory / "plain").write_bytes(text)
        plain = commands.dioscope("report", self.file("plain"))
        packed = subprocess.run(["zstd", "-qc", "--no-check"], input=text, capture_output=True, check=True).stdout
        (self.directory / "packed").write_bytes(packed)
        done = commands.dioscope("report", self.file("packed"))
        self.assertEqual((done.returncode, done.stdout), (plain.returncode, plain.stdout))
        self.assertNotIn("damaged", done.stderr)

    def test_text_on_standard_input_is_listed(self) -> None:
        with open(self.trace("ftrace-"), "rb") as piped:
            done = subprocess.run([commands.DIOSCOPE, "list", "--json", "-"], stdin=piped, capture_output=True, text=True,
                                  timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 251)

    def test_cut_anywhere(self) -> None:
        """At every 1/200 of a trace.dat and of a capture: what is whole, or why nothing is; never a trap."""
        for start in ("trace-cmd-nvme-ext4-libaio-overwrite-6.12", "nvme-ext4-libaio-hog-6.12"):
            content = self.trace(start).read_bytes()
            ios = []
            for part in range(1, 200):
                (self.directory / "cut").write_bytes(content[:len(content) * part // 200])
                done = commands.dioscope("report", "--json", self.file("cut"))
                self.assertIn(done.returncode, (2, 65), f"{part}/200: {done.stderr}")
                self.assertRegex(done.stderr, "incomplete|damaged|not a capture")
                if done.returncode == 2:
                    report = json.loads(done.stdout)
                    self.assertFalse(report["source"]["complete"])
                    ios.append(report["ios"]["total"])
            # The more there is of it, the more is read.
            self.assertEqual(ios, sorted(ios), start)
            self.assertGreater(ios[-1], 200, start)

    def test_byte_flipped_anywhere(self) -> None:
        """One byte inverted at each of 199 places: a report or a message, never a trap; no capture takes it for whole."""
        for start in ("trace-cmd-nvme-ext4-libaio-overwrite-6.12", "nvme-ext4-libaio-hog-6.12", "ftrace-"):
            content = self.trace(start).read_bytes()
            for part in range(1, 200):
                flipped = bytearray(content)
                flipped[len(content) * part // 200] ^= 0xFF
                (self.directory / "flipped").write_bytes(flipped)
                done = commands.dioscope("report", "--json", self.file("flipped"))
                allowed = (2, 65) if start.startswith("nvme") else (0, 2, 65)
                self.assertIn(done.returncode, allowed, f"{start} {part}/200: {done.stderr}")
                self.assertNotIn("Fatal error", done.stderr)
                if done.returncode != 65:
                    self.assertEqual(json.loads(done.stdout)["source"]["complete"], done.returncode == 0)

    def test_ios_lost_with_damage_are_not_complete(self) -> None:
        content = bytearray(self.trace("nvme-ext4-libaio-hog-6.12").read_bytes())
        content[len(content) // 2] ^= 0xFF
        (self.directory / "damaged").write_bytes(content)
        report = json.loads(commands.dioscope("report", "--json", self.file("damaged")).stdout)
        lost = {loss["what"]: loss["count"] for loss in report["loss"]}["capture-ios-lost"]
        total = report["ios"]["total"]
        self.assertEqual(total + lost, 499)
        self.assertAlmostEqual(report["quality"]["complete_share"], total / 499, places=6)
        self.assertEqual(report["verdict"]["sentences"], [])

    def test_perf_data_from_anywhere(self) -> None:
        """By name, from standard input and packed, perf script is given the same file."""
        text = gzip.decompress(self.trace("perf-").read_bytes())
        (self.directory / "text").write_bytes(text)
        fake = self.directory / "bin" / "perf"
        fake.parent.mkdir()
        fake.write_text("#!/bin/sh\n"
                        f"[ \"$*\" = \"script --ns --header -i $5\" ] && [ \"$(cat \"$5\")\" = PERFILE2x ] || exit 1\n"
                        f"exec cat {self.file('text')}\n")
        fake.chmod(0o755)
        environment = {**os.environ, "PATH": f"{fake.parent}:{os.environ['PATH']}"}
        expected = commands.dioscope("report", self.file("text")).stdout.replace("perf script  ", "perf.data through perf script  ")
        packed = gzip.compress(b"PERFILE2x")
        name = "it's $perf.data"
        for content in (b"PERFILE2x", packed):
            (self.directory / name).write_bytes(content)
            for source in (self.file(name), "-"):
                with self.subTest(packed=content is packed, source=source), open(self.file(name), "rb") as piped:
                    done = subprocess.run([commands.DIOSCOPE, "report", source], stdin=piped, capture_output=True, text=True,
                                          timeout=60, check=False, env=environment)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.assertEqual(done.stdout.split(), expected.split())

    def test_packed_by_what_is_installed(self) -> None:
        text = gzip.decompress(self.trace("ftrace-").read_bytes())
        expected = report_of(self.trace("ftrace-")).read_text()
        for packer in ("xz", "bzip2"):
            packed = subprocess.run([packer, "-c"], input=text, capture_output=True, check=True).stdout
            (self.directory / "packed").write_bytes(packed)
            for source in (self.file("packed"), "-"):
                with self.subTest(packer, source=source), open(self.file("packed"), "rb") as piped:
                    done = subprocess.run([commands.DIOSCOPE, "report", source], stdin=piped, capture_output=True, text=True,
                                          timeout=60, check=False)
                    self.assertEqual((done.returncode, done.stdout), (0, expected))
            # bzip2 has it all in one block.
            (self.directory / "cut").write_bytes(packed[:-20])
            status, message = (2, "xz could not read all of it") if packer == "xz" else (65, "no whole bzip2 stream")
            self.expect(commands.dioscope("report", self.file("cut")), status, message)
            done = subprocess.run([commands.DIOSCOPE, "report", self.file("packed")], capture_output=True, text=True,
                                  timeout=60, check=False, env={**os.environ, "PATH": "/nowhere"})
            self.assertEqual(done.returncode, 65)
            self.assertIn(f"packed by {packer}: install {packer}", done.stderr)

    def test_differences_of_times_are_none(self) -> None:
        """perf script --deltatime: a report has counts and contexts, and whatever needs times refuses it."""
        last = 0.0
        lines = []
        for line in gzip.decompress(self.trace("perf-").read_bytes()).decode().splitlines(keepends=True):
            found = re.search(r" (\d+\.\d{9}): ", line)
            if found:
                now = float(found[1])
                line = line.replace(found[1], f"{now - last if last else 0:.9f}", 1)
                last = now
            lines.append(line)
        (self.directory / "text").write_text("".join(lines))
        name = self.file("text")
        self.assertEqual(json.loads(commands.dioscope("report", "--json", name).stdout)["ios"]["total"], 251)
        for verb in (["compare", name, name], ["export", "--format", "csv", name], ["list", name],
                     ["report", "--from", "1s", name]):
            with self.subTest(verb[0]):
                self.expect(commands.dioscope(*verb), 65, "perf script --deltatime")

    def test_perf_data_is_told_from_its_text(self) -> None:
        (self.directory / "perf.data").write_bytes(b"PERFILE2" + bytes(200))
        self.expect(commands.dioscope("report", self.file("perf.data")), 65, "perf script --ns")

    def test_how_to_record(self) -> None:
        for tool in ("trace-cmd", "perf", "ftrace"):
            done = commands.dioscope("record", "--how", tool, "--kernel", "5.10")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("p:dioscope/iomap_dio_rw __iomap_dio_rw iocb=$arg1:x64", done.stdout)
            self.assertIn("A kprobe is skipped, and not counted", done.stdout)
            newer = commands.dioscope("record", "--how", tool, "--kernel", "6.12").stdout
            self.assertNotIn("A kprobe is skipped", newer)
        done = commands.dioscope("record", "--how", "bpftrace", "--kernel", "5.10")
        self.assertIn("kprobe:__iomap_dio_rw {", done.stdout)
        self.assertIn("iocb=0x%llx pos=%lld complete=%s", done.stdout)
        self.expect(commands.dioscope("record", "--how", "perf", "--kernel", "4.18"), 64, "5.10")

    def test_committed_captures_give_their_reports(self) -> None:
        for capture in all_captures():
            with self.subTest(capture.name):
                for golden, words in ((report_of(capture), []), (json_of(capture), ["--json"])):
                    done = commands.dioscope("report", *words, str(capture))
                    self.assertEqual(done.stdout, golden.read_text())
                    ios = json.loads(json_of(capture).read_text())["ios"]
                    if ios["total"] == ios.get("requests", 0):
                        self.expect(done, 4, "has no direct I/O")
                    else:
                        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_progress_is_shown_after_a_second_on_a_terminal(self) -> None:
        """A text that takes its time, by a pipe; all who read go the same way."""
        text = gzip.decompress(self.trace("perf-nvme-ext4-libaio-overwrite-6.12").read_bytes())
        for verb, is_terminal in (("report", True), ("list", True), ("report", False)):
            with self.subTest(verb, terminal=is_terminal):
                said, errors = pty.openpty() if is_terminal else os.pipe()
                with subprocess.Popen([commands.DIOSCOPE, verb, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                      stderr=errors) as process:
                    os.close(errors)
                    for part in (text[:1 << 18], text[1 << 18:1 << 19], text[1 << 19:]):
                        process.stdin.write(part)
                        process.stdin.flush()
                        time.sleep(0.7)
                    process.stdin.close()
                    self.assertEqual(process.wait(timeout=60), 0)
                os.set_blocking(said, False)
                try:
                    lines = os.read(said, 1 << 16)
                except (BlockingIOError, OSError):
                    lines = b""
                os.close(said)
                self.assertEqual(b"standard input: 0 MiB read" in lines, is_terminal, lines)
                self.assertTrue(not is_terminal or lines.endswith(b"\r\x1b[K"), lines)

    def test_what_each_source_tells(self) -> None:
        """The table of Importing.md, by a trace of which only the events of each column are left."""
        text = gzip.decompress(self.trace("ftrace-nvme-ext4-libaio-overwrite-6.12").read_bytes()).decode()
        iomap = r"iomap_dio_(rw_begin|rw_queued|complete): dev"
        around = r"block_|irq_|softirq_|workqueue_|sched_switch|local_timer|call_function|reschedule"
        columns = [iomap, f"{iomap}|{around}", f"{iomap}|{around}|iomap_dio_bio_end_io",
                   f"{around}|iomap_dio_bio_end_io", "block_|irq_|softirq_"]
        table = (CAPTURES.parent / "Documentation" / "Importing.md").read_text().split("## What each source shows")[1]
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:1] == "|"]
        names = {"submit": "submit", "plug, scheduler": "queued", "device": "device", "irq -> end_io": "irq",
                 "end_io -> queue_work": "hand_off", "queue_work -> start, causes with `sched_switch`": "queue_wait",
                 "iomap_dio_complete": "completion_work"}
        stages = [name for name in names.values()]
        for number, events in enumerate(columns):
            lines = [line for line in text.splitlines(True) if line[0] == "#" or re.search(f": ({events})", line)]
            path = self.directory / "part.text"
            path.write_text("".join(lines))
            report = json.loads(commands.dioscope("report", "--json", str(path)).stdout)
            found = {stage["name"] for stage in report["stages"]}
            for row in rows[2:]:
                stage = names.get(row[0])
                # This trace has no event of it.
                if stage is None or stage == "queued":
                    continue
                said = re.match("seen|composed|absent", row[number + 1])[0]
                with self.subTest(rows[0][number + 1], stage=stage):
                    parts = [name.split("..") for name in found if ".." in name]
                    covered = any(first in stages and stages.index(first) <= stages.index(stage)
                                  and (last not in stages or stages.index(stage) <= stages.index(last))
                                  for first, last in parts)
                    self.assertEqual(said, "seen" if stage in found else "composed" if covered else "absent", found)

    def test_an_interrupt_ends_the_reading_and_the_report_is_of_what_was_read(self) -> None:
        """A pipe that never ends; the first Ctrl-C is answered with a report."""
        trace = self.trace("perf-nvme-ext4-libaio-overwrite-6.12")
        text = gzip.decompress(trace.read_bytes())
        whole = json.loads(json_of(trace).read_text())["ios"]["total"]
        with subprocess.Popen([commands.DIOSCOPE, "report", "--json", "-"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdin.write(text[:len(text) // 2])
            process.stdin.flush()
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(text[len(text) // 2:], timeout=60)
        self.assertEqual(process.returncode, 2, errors)
        self.assertIn(b"interrupted", errors)
        report = json.loads(output)
        self.assertIs(report["source"]["complete"], False)
        self.assertTrue(0 < report["ios"]["total"] < whole, report["ios"])

    def test_a_clock_that_counts_no_time(self) -> None:
        """The order of events tells who completed what; there is no length of anything."""
        lines = gzip.decompress(self.trace("ftrace-nvme-ext4-libaio-overwrite-6.12").read_bytes()).decode().splitlines(True)
        numbers = (str(number) for number in range(901, 1 << 20))
        counted = [re.sub(r"(?<=[ .]) \d+\.\d{6}: ", lambda _: f" {next(numbers)}: ", line, count=1) for line in lines]
        (self.directory / "counted").write_text("".join(counted))
        trace = self.file("counted")
        timed = json.loads(json_of(self.trace("ftrace-nvme-ext4-libaio-overwrite-6.12")).read_text())
        report = json.loads(commands.dioscope("report", "--json", trace).stdout)
        for part in ("contexts", "end_io_contexts", "reasons"):
            self.assertEqual(report[part], timed[part])
        self.assertEqual((report["stages"], report["latency"], report["queue_wait"], report["timeline"]), ([], None, None, None))
        for verb in (["list"], ["export", "--format", "csv"], ["report", "--from", "1s"], ["report", "--where", "error=0"]):
            self.expect(commands.dioscope(*verb, trace), 65, "its clock counts none")

    def test_cpus_one_after_the_other(self) -> None:
        """As `cat per_cpu/*/trace` has them: the report is that of the merged text."""
        trace = self.trace("ftrace-nvme-ext4-libaio-overwrite-6.12")
        lines = gzip.decompress(trace.read_bytes()).decode().splitlines(True)
        apart = sorted(lines, key=lambda line: "" if line[0] == "#" else line[24:31])
        self.assertNotEqual(apart, lines)
        (self.directory / "apart").write_text("".join(apart))
        self.assertEqual(commands.dioscope("report", self.file("apart")).stdout, report_of(trace).read_text())

    def test_every_golden_has_its_capture(self) -> None:
        for directory in (CAPTURES, CAPTURES / "odd"):
            captures = inputs(directory)
            self.assertEqual({report_of(capture) for capture in captures}, set(directory.glob("*.txt")))
            self.assertEqual({json_of(capture) for capture in captures}, set((directory / "json").iterdir()))

    def test_odd_texts_are_short(self) -> None:
        for text in inputs(CAPTURES / "odd"):
            self.assertLess(len(text.read_bytes().splitlines()), 30, text.name)

    def test_broken_files_give_their_messages(self) -> None:
        """Exactly these lines and exit statuses; a report of what is whole where there is one."""
        expected = expected_of_broken()
        names = {path.name for path in inputs(CAPTURES / "broken")}
        self.assertEqual(set(expected), names | {".", "nothing.dat"})
        for name, (status, messages) in expected.items():
            with self.subTest(name):
                done = commands.dioscope("report", name, cwd=CAPTURES / "broken")
                self.assertEqual((done.returncode, done.stderr), (status, messages))
                self.assertIn(status, (2, 65, 66))
                self.assertEqual(bool(done.stdout), status == 2)
                self.assertLessEqual(max(map(len, messages.splitlines())), 160)
                if status == 2:
                    report = json.loads(commands.dioscope("report", "--json", name, cwd=CAPTURES / "broken").stdout)
                    self.assertFalse(report["source"]["complete"])


if __name__ == "__main__":
    commands.DIOSCOPE = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
