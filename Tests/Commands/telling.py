#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a recording says of itself: files by their paths, fio's own figures, slow I/Os, what was blind, a full disk.

usage: telling.py DIOSCOPE
"""

import json
import os
import re
import signal
import subprocess
import sys
import unittest
from pathlib import Path

import commands
from commands import IOS, RecordingBed, dioscope, fio_command

CAPTURE = str(Path(__file__).resolve().parents[2] / "captures" / "nvme-ext4-libaio-hog-6.12.dioscope")


def synchronous(directory: Path, *more: str) -> list[str]:
    words = [word for word in fio_command(directory, *more) if "ioengine" not in word and "iodepth" not in word]
    return [*words, "--ioengine=psync"]


@unittest.skipUnless(os.geteuid() == 0, "not root: nothing can be recorded")
class FileTests(RecordingBed):
    def test_files_have_paths(self) -> None:
        """fio names files after jobs: a.0.0 and b.0.0."""
        words = [word for word in fio_command(self.directory) if not word.startswith(("--filename", "--name"))]
        shared = [word for word in words if word.startswith("--")]
        done = self.record("-q", "--", "fio", *shared, f"--directory={self.directory}", "--name=a", "--name=b")
        self.assertEqual(done.returncode, 0, done.stderr)
        report = self.report()
        wanted = {str(self.directory / name) for name in ("a.0.0", "b.0.0")}
        self.assertEqual({file["path"] for file in report["source"]["files"]}, wanted)
        for file in report["source"]["files"]:
            self.assertEqual(file["inode"], Path(file["path"]).stat().st_ino)
        groups = json.loads(dioscope("report", "--json", "--by", "file", self.file("capture")).stdout)["groups"]
        self.assertEqual({group["label"]: group["ios"]["total"] for group in groups}, dict.fromkeys(wanted, IOS))
        table = dioscope("list", self.file("capture")).stdout
        self.assertRegex(table, r" [ab]\.0\.0@\d+ ")
        lines = [json.loads(line) for line in dioscope("list", "--json", self.file("capture")).stdout.splitlines()]
        self.assertEqual({line["file"] for line in lines}, wanted)
        exported = dioscope("export", "--format", "jsonl", self.file("capture")).stdout
        self.assertEqual([json.loads(line) for line in exported.splitlines()], lines)

    def test_header(self) -> None:
        done = self.record("--file", self.touched(), "--", *fio_command(self.directory))
        # On the next line, what does not fit on one.
        self.assertRegex(
            done.stderr, r"\n [\d,.]+ IOPS  [\d.]+ [MG]B/s  over [\d.]+m?s  \d{4}-\d\d-\d\d [\d:]+ UTC\s+recorded for")
        self.assertRegex(done.stderr, r"\n \$ fio --name=job ")
        self.assertIn(f"recorded with --file {self.file('file')}", done.stderr.replace("\n ", " "))

    def touched(self) -> str:
        Path(self.file("file")).touch()
        return self.file("file")


@unittest.skipUnless(os.geteuid() == 0, "not root: nothing can be recorded")
class FioTests(RecordingBed):
    def test_fios_own_latency_is_beside_ours(self) -> None:
        for words in (fio_command(self.directory), synchronous(self.directory)):
            Path(self.file("capture")).unlink(missing_ok=True)
            done = self.record("--", *words, f"--output={self.file('fio.json')}")
            self.assertEqual(done.returncode, 0, done.stderr)
            fio = json.loads(Path(self.file("fio.json")).read_text())["jobs"][0]["write"]
            account = self.report()["source"]["account"]
            self.assertEqual((account["ios"], account["jobs"]), (fio["total_ios"], ["job"]))
            self.assertAlmostEqual(account["mean_ns"], fio["lat_ns"]["mean"], delta=1)
            own = {percentile["percent"]: percentile["ns"] for percentile in account["completion_percentiles"]}
            self.assertEqual(own, {float(name): ns for name, ns in fio["clat_ns"]["percentile"].items()})
            text = " ".join(done.stderr.split())
            self.assertRegex(text, r"clat p50 [\d.]+[um]?s \(recorded [\d.]+[um]?s\) p90 ")
            self.assertRegex(text, r"lat [\d.]+[um]s of 1,499 I/Os jobs job [\d.]+[um]s = [\d.]+[um]s recorded \+ [\d.]+[num]+s ")

    def test_json_on_standard_output(self) -> None:
        """It is the command's as before, and its figures are in the report all the same."""
        done = self.record("--", *fio_command(self.directory))
        self.assertEqual(done.returncode, 0, done.stderr)
        fio = json.loads(done.stdout)["jobs"][0]["write"]
        account = self.report()["source"]["account"]
        self.assertEqual((account["ios"], account["jobs"]), (fio["total_ios"], ["job"]))
        self.assertAlmostEqual(account["mean_ns"], fio["lat_ns"]["mean"], delta=1)
        self.assertRegex(" ".join(done.stderr.split()), r"fio-\S+ .*clat .* of 1,499 I/Os")

    def test_without_json_there_is_none(self) -> None:
        stale = Path(self.file("stale.json"))
        stale.write_text('{"jobs": []}')
        os.utime(stale, (0, 0))
        self.record("-q", "--", "sh", "-c", "exit 0", "--output-format=json", f"--output={stale}")
        self.assertIsNone(self.report()["source"]["account"])

    def test_appending_with_libaio(self) -> None:
        words = [word for word in fio_command(self.directory) if not word.startswith(("--rw", "--fallocate"))]
        done = self.record("--", *words, "--rw=write", "--file_append=1", "--fallocate=none", "--overwrite=0",
                           "--create_on_open=1")
        self.assertEqual(done.returncode, 0, done.stderr)
        if self.report()["contexts"]["sync_wait"] < IOS / 2:
            self.skipTest("this file system appends asynchronously")
        self.assertIn("libaio submits, yet waits for", " ".join(done.stderr.split()))


@unittest.skipUnless(os.geteuid() == 0, "not root: nothing can be recorded")
class SyncTests(RecordingBed):
    def synced(self, *more: str) -> tuple[dict, str, list]:
        Path(self.file("capture")).unlink(missing_ok=True)
        done = self.record("--", *synchronous(self.directory, *more))
        self.assertEqual(done.returncode, 0, done.stderr)
        syncs = self.report()["syncs"]
        if syncs is None:
            self.skipTest("no fsync can be seen here")
        return json.loads(done.stdout)["jobs"][0]["sync"], " ".join(done.stderr.split()), syncs

    def test_fsync_and_fdatasync_by_file(self) -> None:
        """As many as fio counts, and no longer than it waits for them."""
        for option, call in (("--fsync=7", "fsync"), ("--fdatasync=7", "fdatasync")):
            fio, text, syncs = self.synced(option)
            found = [sync for sync in syncs if sync["inode"] == Path(self.file("file")).stat().st_ino]
            if not found:
                self.skipTest("this file system's fsync cannot be seen here")
            self.assertEqual([sync["call"] for sync in found], [call])
            self.assertEqual(found[0]["count"], IOS // 7)
            self.assertEqual(found[0]["path"], self.file("file"))
            waited = fio["lat_ns"]["N"] * fio["lat_ns"]["mean"]
            if waited:
                self.assertEqual(fio["lat_ns"]["N"], IOS // 7)
                self.assertGreater(found[0]["total_ns"], 0.3 * waited)
                self.assertLess(found[0]["total_ns"], 1.02 * waited)
            self.assertRegex(text, rf" {call} {IOS // 7} of {self.file('file')}, [\d.]+[um]s each, ")

    def test_without_any(self) -> None:
        """A write that syncs itself is one I/O; its sync is not counted again."""
        _, text, syncs = self.synced("--sync=dsync", "--number_ios=100")
        self.assertEqual(syncs, [])
        self.assertNotIn(" fsync ", text)


@unittest.skipUnless(os.geteuid() == 0, "not root: nothing can be recorded")
class LeftOutTests(RecordingBed):
    def test_who_was_left_out_has_a_name(self) -> None:
        other = subprocess.Popen(["sleep", "60"])
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        process = self.running("--pid", str(other.pid))
        subprocess.run(fio_command(self.directory), capture_output=True, check=True)
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=20)
        # Whatever else is done on this machine meanwhile may be more, and then stands before it.
        left, names = re.search(r"(\d+) left out by the filters \((.*)\); wrote", messages).groups()
        self.assertGreaterEqual(int(left), IOS, messages)
        counts = [int(name.rsplit(" ", 1)[1]) for name in names.split(", ") if " " in name and name != "and others"]
        self.assertEqual(counts, sorted(counts, reverse=True), messages)
        if not re.search(rf"\bfio/\d+ {IOS}\b", names):
            self.assertEqual(len(counts), 3, messages)
            self.assertGreaterEqual(min(counts), IOS, messages)

    def test_members_of_a_cgroup(self) -> None:
        """Those that are in it when the recording begins."""
        root = Path("/sys/fs/cgroup")
        mounted = [path for path in (root, root / "pids", root / "cpu") if (path / "cgroup.procs").exists()]
        if not mounted:
            self.skipTest("no cgroups are mounted here")
        group = mounted[0] / self.directory.name
        try:
            group.mkdir()
        except OSError as reason:
            self.skipTest(f"no cgroup can be made here: {reason}")
        self.addCleanup(group.rmdir)
        command = ["sh", "-c", 'read line; "$@" >/dev/null; exit 0', "sh", *fio_command(self.directory)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as traced:
            (group / "cgroup.procs").write_text(str(traced.pid))
            process = self.running("--cgroup", str(group))
            subprocess.run(fio_command(self.directory, "--filename=" + self.file("other")), capture_output=True, check=True)
            traced.communicate("go\n", timeout=30)
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=20)
        self.assertEqual(self.report()["ios"]["total"], IOS)
        # Others' I/Os are left out too, if there are any.
        left = int(re.search(r"(\d+) left out by the filters", messages).group(1))
        self.assertGreaterEqual(left, IOS, messages)


@unittest.skipUnless(os.geteuid() == 0, "not root: nothing can be recorded")
class SlowTests(RecordingBed):
    def test_a_line_for_each(self) -> None:
        # For longer than it takes to look the file up: a name can be found only while its file is open.
        load = fio_command(self.directory, "--number_ios=20", "--rate_iops=100")
        done = self.record("-q", "--slower", "1us", "--", *load)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [line for line in done.stderr.splitlines() if " write 4k " in line]
        self.assertEqual(len(lines), 20, done.stderr)
        # Of the first ones the file may not have been looked up yet.
        self.assertRegex(lines[-1], r"^ +\+\d+\.\d{6} .* fio/\d+ +file@\d+ ")

    def test_no_flood(self) -> None:
        done = self.record("-q", "--slower", "1us", "--", *fio_command(self.directory))
        lines = [line for line in done.stderr.splitlines() if " write 4k " in line]
        left = sum(int(line.split()[1]) for line in done.stderr.splitlines() if "more slow I/Os" in line)
        self.assertEqual(len(lines) + left, IOS)
        self.assertLess(len(lines), IOS)

    def test_none_is_as_slow(self) -> None:
        done = self.record("-q", "--slower", "1h", "--", *fio_command(self.directory))
        self.assertNotIn(" write 4k ", done.stderr)
        self.expect(dioscope("record", "--slower", "1ms", "--summary"), 64, "exclude each other")


@unittest.skipUnless(os.geteuid() == 0, "not root: nothing can be recorded")
class BlindTests(RecordingBed):
    def test_what_is_blind_is_said_where_nothing_is_seen(self) -> None:
        blind = [text for text in json.loads(dioscope("check", "--json").stdout)["blind"] if text.startswith("I/Os ")]
        done = self.record("--duration", "500ms", "--pid", str(os.getpid()))
        for text in blind:
            self.assertEqual(done.stderr.replace("\n", " ").count(text.split()[2]) > 0, True, done.stderr)
        if not blind:
            self.skipTest("this kernel takes all probes")
        self.assertIn(blind[0], done.stderr)
        again = dioscope("report", self.file("capture"))
        self.assertEqual(again.returncode, 4)
        self.assertIn(blind[0], again.stderr)
        self.assertIn(blind[0], " ".join(again.stdout.split()))
        self.assertEqual(self.report()["source"]["blind_to"][:1] != [], True)

    def test_a_command_that_did_no_io_is_not_told_what_is_blind(self) -> None:
        # It is cached once it ran, unless memory is reclaimed between: then it does read.
        for attempt in range(3):
            dioscope("record", "-q", "-o", self.file(f"warm{attempt}"), "--", "true")
            done = dioscope("record", "-o", self.file(f"true{attempt}"), "--", "true")
            if "true moved nothing to or from a disk" in done.stderr:
                break
        self.assertIn("true moved nothing to or from a disk", done.stderr)
        self.assertNotIn("lets no probe see", " ".join(done.stderr.split()))
        # What others did meanwhile comes after that.
        told = json.loads(dioscope("report", "--json", self.file(f"true{attempt}")).stdout)
        self.assertEqual(told["unseen"][:1], [{"what": "command", "bytes": 0}])


@unittest.skipUnless(os.geteuid() == 0, "not root: nothing can be mounted")
class FullDiskTests(RecordingBed):
    def small(self, size: str) -> Path:
        mount = self.directory / "small"
        mount.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(mount)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(mount)], check=False)
        return mount

    def test_it_is_told_before_the_report(self) -> None:
        done = subprocess.run(
            [commands.DIOSCOPE, "record", "--no-pack", "-o", str(self.small("64k") / "capture"), "--",
             *fio_command(self.directory, "--runtime=4")],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 74, done.stdout)
        self.assertLess(done.stdout.index("no space left"), done.stdout.index("\nDIO"), done.stdout)

    def test_half_of_a_packed_capture_is_not_kept(self) -> None:
        small = self.small("8k")
        done = dioscope("pack", "-o", str(small / "packed"), CAPTURE)
        self.expect(done, 74, "no space left.*nothing is kept")
        self.assertEqual(list(small.iterdir()), [])


if __name__ == "__main__":
    commands.DIOSCOPE = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
