#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What users stumbled over who tried every verb with odd options, wrong inputs and outputs that cannot be written.

usage: trying.py DIOSCOPE
"""

import json
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

import commands
from commands import IOS, Bed, RecordingBed, dioscope, fio_command

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
CAPTURE = str(CAPTURES / "nvme-ext4-libaio-hog-6.12.dioscope")


class OutputTests(Bed):
    """Output that cannot be written is an error, whatever was to be written."""

    def test_full_device(self) -> None:
        for words in (["--version"], ["--help"], ["help"], ["help", "record"], ["record", "--help"], ["report", CAPTURE],
                      ["list", CAPTURE], ["completions", "bash"], ["report", "--schema"], ["check"],
                      ["export", "--format", "csv", CAPTURE], ["compare", CAPTURE, CAPTURE]):
            with self.subTest(" ".join(words)), open("/dev/full", "w") as full:
                done = subprocess.run([commands.DIOSCOPE, *words], stdout=full, stderr=subprocess.PIPE, text=True,
                                      timeout=60, check=False)
                self.assertEqual(done.returncode, 74, done.stderr)
                self.assertIn("cannot write the output", done.stderr)


class WordTests(Bed):
    def test_help_of_what_is_no_verb(self) -> None:
        self.expect(dioscope("help", "reprot"), 64, "there is no verb 'reprot'\n.*did you mean dioscope report")
        self.assertEqual(dioscope("help", "report").returncode, 0)

    def test_times_have_units(self) -> None:
        for words in (["record", "--duration", "5"], ["record", "--slower", "10"], ["list", "--from", "5", CAPTURE],
                      ["compare", "--block", "1", CAPTURE, CAPTURE], ["live", "--interval", "2"],
                      ["serve", "--textfile", "x", "--interval", "2"]):
            option = next(word for word in words if word.startswith("--") and word != "--textfile")
            with self.subTest(" ".join(words)):
                self.expect(dioscope(*words), 64, rf"^dioscope: {option} \d+: a time has a unit, as in \d+s")
        self.expect(dioscope("record", "--duration", "0s"), 64, "more than 0|written like")

    def test_a_command_that_is_nothing(self) -> None:
        for verb in ("record", "whatif"):
            self.expect(dioscope(verb, "--"), 64, f"{verb} --: no command comes after it")

    def test_negative_values(self) -> None:
        for words, text in ((["list", "--limit", "-3", CAPTURE], "--limit -3: 1 to"),
                            (["report", "--percentile", "-1", CAPTURE], "--percentile -1: percentiles are numbers from 0"),
                            (["record", "--duration", "-1s"], "--duration -1s: "),
                            (["record", "--sample", "-1"], "--sample -1: one in N is written like"),
                            (["report", "--top", "-1", CAPTURE], "--top -1: 1 to 256")):
            with self.subTest(" ".join(words)):
                self.expect(dioscope(*words), 64, f"^dioscope: {text}")

    def test_a_percentile_twice_is_one_column(self) -> None:
        once = dioscope("report", "--percentile", "50,99.9", CAPTURE).stdout
        self.assertEqual(dioscope("report", "--percentile", "50,99.9,50", "--percentile", "p50", CAPTURE).stdout, once)

    def test_how_often_is_said_once(self) -> None:
        self.expect(dioscope("live", "--once", "--count", "3"), 64, "--once is --count 1")

    def test_groups_have_the_names_of_fields_too(self) -> None:
        for field, group in (("dev", "device"), ("length", "size"), ("submitter", "thread"), ("submit_cpu", "cpu")):
            self.assertEqual(dioscope("report", "--by", field, CAPTURE).stdout,
                             dioscope("report", "--by", group, CAPTURE).stdout)
        self.expect(dioscope("report", "--by", "devise", CAPTURE), 64, "'devise' is none of device, file.*did you mean device")

    def test_narrow_terminals(self) -> None:
        for words in (["report"], ["report", "--over-time", "20ms"], ["report", "--by", "op,size"], ["report", "--cpus"],
                      ["report", "--histogram", "-v"], ["list", "--limit", "3"], ["list", "--waterfall", "--limit", "2"],
                      ["compare", CAPTURE]):
            for width in (40, 60, 72, 80, 100):
                done = dioscope(*words, "--width", str(width), CAPTURE)
                long = [line for line in done.stdout.splitlines() if len(line) > width]
                with self.subTest(f"{' '.join(words)} {width}"):
                    self.assertEqual(long, [])

    def test_one_is_singular(self) -> None:
        done = dioscope("list", "--where", "offset<4k and submitted<+4s", "--limit", "1", CAPTURE)
        for text in (done.stdout, dioscope("report", "--where", "latency>21ms", CAPTURE).stdout):
            self.assertNotRegex(text, r"(?<![\d,])1 I/Os")


class FieldTests(Bed):
    """What a list shows can be asked for."""

    def rows(self, *words: str, capture: str = CAPTURE) -> list[dict]:
        done = dioscope("list", "--json", *words, capture)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_times_as_they_are_shown(self) -> None:
        row = self.rows("--sort", "latency", "--limit", "5")[-1]
        table = dioscope("list", "--slowest", "5", CAPTURE).stdout.splitlines()
        shown = re.search(r"\+\d+\.\d{6}", table[5]).group(0)
        found = self.rows("--where", f"submitted={shown}")
        self.assertIn(row["submitted_ns"], [one["submitted_ns"] for one in found])
        self.assertLess(len(found), 3)
        waterfall = dioscope("list", "--waterfall", "--slowest", "5", CAPTURE).stdout
        wall = re.findall(r"\d\d:\d\d:\d\d\.\d{6}Z", waterfall)[-1]
        self.assertEqual(self.rows("--where", f"submitted={wall}"), found)
        every = len(self.rows())
        later = len(self.rows("--where", f"submitted>={shown}"))
        self.assertTrue(0 < later < every)
        self.assertEqual(len(self.rows("--where", f"submitted<{shown}")) + later, every)
        self.assertEqual(len(self.rows("--where", f"submitted<{wall}")) + later, every)
        self.assertEqual(self.rows("--where", f"submitted={row['submitted_ns']}")[0]["submitted_ns"], row["submitted_ns"])
        self.expect(dioscope("list", "--where", "submitted>soon", CAPTURE), 64, r"is no time: .*\+1.5s")

    def test_columns_of_csv_are_fields(self) -> None:
        every = len(self.rows())
        self.assertEqual(len(self.rows("--where", "composed=none")) + len(self.rows("--where", "composed!=none")), every)
        device = self.rows("--limit", "1")[0]["dev"]
        self.assertEqual(len(self.rows("--where", f"layer={device}")), every)
        self.assertEqual(len(self.rows("--where", "layer=nvme0n1")), every)
        self.assertEqual(len(self.rows("--where", "layer=dm-7")), 0)
        help_text = dioscope("list", "--help").stdout
        for name in ("composed", "file", "layer"):
            self.assertRegex(help_text, rf"\b{name}\b")

    def test_files(self) -> None:
        with_paths = next((str(path) for path in sorted(CAPTURES.glob("*.dioscope"))
                           if any("file" in row for row in self.rows("--limit", "1", capture=str(path)))), None)
        if not with_paths:
            self.skipTest("no capture here has paths")
        path = self.rows("--limit", "1", capture=with_paths)[0]["file"]
        every = len(self.rows("--where", f"file='{path}'", capture=with_paths))
        self.assertGreater(every, 0)
        self.assertEqual(len(self.rows("--where", f"file='{path.rsplit('/', 1)[1]}'", capture=with_paths)), every)


class SumTests(Bed):
    def test_what_sums_do_not_have_is_refused(self) -> None:
        sums = next((str(path) for path in sorted(CAPTURES.glob("*summary*.dioscope"))), None)
        if not sums:
            self.skipTest("no capture here has sums alone")
        for words in (["--over-time", "1s"], ["--cpus"], ["--from", "1s"], ["--without-self"]):
            with self.subTest(" ".join(words)):
                done = dioscope("report", *words, sums)
                self.expect(done, 65, f"has only totals: {words[0]}.* needs single I/Os")
                self.assertEqual(done.stdout, "")


class DryTests(Bed):
    def test_a_dry_sweep_checks_what_a_real_one_does(self) -> None:
        directory = str(self.directory)
        sweep = ["sweep", "--dry-run", "--directory", directory]
        self.assertEqual(dioscope(*sweep).returncode, 0)
        self.expect(dioscope(*sweep, "--toggle", f"{directory}/none=0,1"), 66, "--toggle")
        self.expect(dioscope(*sweep, "--keep-captures", f"{directory}/none"), 66, "no such directory")
        Path(self.file("there")).write_text("precious")
        self.expect(dioscope(*sweep, "-o", self.file("there")), 73, "exists")
        self.expect(dioscope(*sweep, "-o", self.file("no/where")), 73, "cannot create")
        self.assertEqual(sorted(path.name for path in self.directory.iterdir()), ["there"])


@unittest.skipUnless(os.geteuid() == 0, "not root: nothing can be recorded")
class RecordTests(RecordingBed):
    def test_metrics_of_a_sample_say_so(self) -> None:
        self.record("-q", "--sample", "1/5", "--", *fio_command(self.directory))
        text = dioscope("export", "--format", "openmetrics", self.file("capture")).stdout
        values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        self.assertEqual(int(values["dioscope_sampled_ios"]), IOS)
        recorded = int(values['dioscope_ios{op="write"}'])
        self.assertAlmostEqual(recorded / float(values["dioscope_sample_ratio"]), IOS, delta=0.01)

    def test_nothing_recorded_is_a_status_of_its_own(self) -> None:
        nobody = ["--comm", "nobody-has-it"]
        done = self.record(*nobody, "--", *fio_command(self.directory))
        self.expect(done, 4, f"all direct I/O that was seen was left out: .*I/Os that the filters do not pass")
        self.assertNotIn("lets no probe see", done.stderr)
        for words in (["report"], ["list"], ["export", "--format", "csv"], ["report", "--json"],
                      ["report", "--html", "-o", self.file("page")]):
            with self.subTest(" ".join(words)):
                self.expect(dioscope(*words, self.file("capture")), 4, "has no direct I/O: all direct I/O .* was left out")
        compared = dioscope("compare", "--force", self.file("capture"), self.file("capture"))
        self.expect(compared, 4, "has no direct I/O")

    def test_what_a_command_left_to_others(self) -> None:
        """The direct I/O of a server is not that of its client."""
        with subprocess.Popen(fio_command(self.directory, "--time_based", "--runtime=30", "--number_ios=0"),
                              stdout=subprocess.DEVNULL) as fio:
            done = self.record("--", "sleep", "1")
            fio.terminate()
        self.expect(done, 4, "0 I/Os recorded")
        self.assertRegex(" ".join(done.stderr.split()), r"left out: [\d,]+ I/Os by others than sleep")

    def test_a_name_beyond_ascii(self) -> None:
        name = "größe-日本"
        Path(self.file(name)).write_bytes(bytes(4 << 20))
        done = self.record("--", "dd", f"of={self.file(name)}", "if=/dev/zero", "bs=4k", "count=50", "oflag=direct",
                           "conv=notrunc", "status=none")
        self.assertEqual(done.returncode, 0, done.stderr)
        listed = dioscope("list", self.file("capture")).stdout
        self.assertIn(f"{name}@", listed)
        self.assertIn(name, dioscope("report", "--by", "file", self.file("capture")).stdout)
        rows = dioscope("list", "--where", f"file={name}", "--limit", "100", self.file("capture")).stdout
        self.assertIn("50 of 50 I/Os are where", rows)

    def test_counts_of_others_are_not_divided_by_ours(self) -> None:
        words = fio_command(self.directory, "--time_based", "--runtime=30", "--number_ios=0", "--output=/dev/null",
                            f"--filename={self.file('other')}")
        with subprocess.Popen(words) as fio:
            done = self.record("--", *fio_command(self.directory, "--number_ios=300"))
            fio.terminate()
        self.assertEqual(done.returncode, 0, done.stderr)
        report = self.report()
        if report["scheduling"]["works"] <= 1.05 * report["contexts"]["kworker"]:
            self.skipTest("this kernel completes in no kworkers")
        self.assertNotIn(" kworker runs, ", " ".join(done.stderr.split()))

    def test_a_full_disk_is_told_first_with_what_is_missing(self) -> None:
        mount = self.directory / "small"
        mount.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(mount)], check=False)
        done = dioscope("record", "--no-pack", "-o", str(mount / "capture"), "--",
                        *fio_command(self.directory, "--runtime=4"))
        self.assertEqual(done.returncode, 74, done.stderr)
        match = re.search(r"(\d+) I/Os? recorded.* (\d+) more that could not be written", done.stderr)
        self.assertIsNotNone(match, done.stderr)
        self.assertLess(done.stderr.index("no space left"), match.start())
        self.assertGreater(int(match.group(2)), 0)
        self.assertLessEqual(int(match.group(1)) + int(match.group(2)), IOS)

    def test_a_socket_beside_us(self) -> None:
        process = subprocess.Popen([commands.DIOSCOPE, "serve", "--listen", "metrics.sock"], cwd=self.directory,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.assertIn("serving on metrics.sock", process.stderr.readline())
        self.assertTrue((self.directory / "metrics.sock").is_socket())
        process.terminate()
        self.assertEqual(process.wait(20), 0)
        self.assertFalse((self.directory / "metrics.sock").exists())


if __name__ == "__main__":
    commands.DIOSCOPE = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
