#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What dioscope answers to words that are not quite right, and what it takes for granted.

usage: asking.py DIOSCOPE
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import commands
from commands import Bed, RecordingBed, dioscope, fio_command

CAPTURE = str(Path(__file__).resolve().parents[2] / "captures" / "nvme-ext4-libaio-overwrite-6.12.dioscope")


class WordTests(Bed):
    def test_verbs_and_fields_that_are_nearly_right(self) -> None:
        self.expect(dioscope("reprot", CAPTURE), 64, "no verb 'reprot'\n.*did you mean dioscope report")
        self.expect(dioscope("report", "--where", "latancy>1ms", CAPTURE), 64, "did you mean .latency")
        self.expect(dioscope("list", "--sort", "-latnecy", CAPTURE), 64, "did you mean .latency")
        self.expect(dioscope("rep", CAPTURE), 64, "did you mean dioscope report")
        self.expect(dioscope("list", "--where", "lat>1ms", CAPTURE), 64, "did you mean .latency")

    def test_all_messages_begin_alike(self) -> None:
        for words in (["report", "--percentile", "101", CAPTURE], ["record", "--bogus"], ["report"], ["export", CAPTURE],
                      ["live", "--sample", "1/4"], ["record", "--duration"], ["compare", CAPTURE], ["frobnicate"],
                      ["record", "--how", "strace"], ["report", self.file("none")]):
            with self.subTest(words):
                done = dioscope(*words)
                self.assertTrue(done.stderr.startswith("dioscope: "), done.stderr)
                self.assertNotIn("Error:", done.stderr)
                self.assertNotIn("\\x0a", done.stderr)

    def test_what_is_allowed_is_said(self) -> None:
        self.expect(dioscope("report", "--percentile", "101", CAPTURE), 64, "(?s)--percentile 101: .*0 to 100")
        self.expect(dioscope("list", "--where", "latency>1y", CAPTURE), 64, "like 250us, 1.5ms or 2h")
        for span in ("1h", "2m", "1h30m", "1d"):
            self.assertEqual(dioscope("list", "--where", f"latency>{span}", CAPTURE).returncode, 0)
        self.expect(dioscope("pack", "-o", self.file("x"), CAPTURE.replace("nvme-", "trace-cmd-nvme-").replace(
            ".dioscope", ".dat")), 65, "not a capture.*\\n.*captures of dioscope's own.*gzip or zstd")
        self.assertNotIn("--sample", dioscope("live", "--help").stdout)

    def test_an_option_of_one_value_is_given_once(self) -> None:
        done = dioscope("report", "--where", "latency>0", "--where=op=write", CAPTURE)
        self.expect(done, 64, "--where is given more than once.*\n.*and")
        self.expect(dioscope("list", "--limit", "1", "--limit", "2", CAPTURE), 64, "--limit is given more than once")
        self.assertEqual(dioscope("report", "--by", "op", "--by", "size", CAPTURE).returncode, 0)
        self.expect(dioscope("report", "--from", "3s", "--to", "1s", CAPTURE), 64, "--to 1s is not after --from 3s")
        self.assertNotIn("did you mean", dioscope("list", "--sort", "foo", CAPTURE).stderr)

    def test_obvious_values(self) -> None:
        for words in (["--duration=1h30m"], ["--sample=10%"], ["--sample=0.1%"]):
            done = dioscope("record", *words, "--pid", "4194303")
            self.expect(done, 64, "no such process")
        self.expect(dioscope("record", "--sample=30%"), 64, "sample")
        self.expect(dioscope("record", "--duration=1m30"), 64, "duration")

    def test_colour(self) -> None:
        self.assertIn("\x1b[", dioscope("report", "--color=always", CAPTURE).stdout)
        self.assertNotIn("\x1b[", dioscope("report", "--color=never", CAPTURE).stdout)
        self.expect(dioscope("report", "--color=green", CAPTURE), 64, "auto.*always.*never")

    def test_completions(self) -> None:
        for shell in ("bash", "zsh", "fish"):
            done = dioscope("completions", shell)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("record", done.stdout)
        script = Path(self.file("completions"))
        script.write_text(dioscope("completions", "bash").stdout)
        self.assertEqual(subprocess.run(["bash", "-n", script], check=False).returncode, 0)

    def test_width(self) -> None:
        for width in (40, 60, 80, 120):
            for words in (["report"], ["report", "--by", "op,size"], ["compare", CAPTURE]):
                done = dioscope(*words, "--width", str(width), CAPTURE)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual([line for line in done.stdout.splitlines() if len(line) > width], [])
        self.expect(dioscope("report", "--width", "39", CAPTURE), 64, "40 to 200")

    def test_several_files_and_groups(self) -> None:
        done = dioscope("report", CAPTURE, CAPTURE)
        self.assertEqual((done.returncode, done.stdout.count("==> "), done.stdout.count("DIO write")), (0, 2, 2))
        done = dioscope("report", CAPTURE, self.file("none"), CAPTURE)
        self.expect(done, 66, "No such file")
        self.assertEqual(done.stdout.count("DIO write"), 2)
        groups = json.loads(dioscope("report", "--json", "--by", "op,size", "--by", "comm", CAPTURE).stdout)["groups"]
        self.assertEqual([group["key"] for group in groups], ["write,4096,fio"])
        self.assertEqual(groups[0]["by"], "op,size,comm")
        self.expect(dioscope("report", "--by", "op,colour", CAPTURE), 64, "op,colour.*\n.*device, file, op")

    def test_standard_input_without_a_dash(self) -> None:
        for verb in (["report"], ["list"], ["export", "--format=csv"]):
            with open(CAPTURE, "rb") as capture:
                done = dioscope(*verb, stdin=capture)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(done.stdout)
            self.expect(dioscope(*verb, stdin=subprocess.DEVNULL), 64, "which capture")

    def test_none_is_as_asked(self) -> None:
        done = dioscope("report", "--where", "comm='no such'", CAPTURE)
        self.assertRegex(done.stdout, r"none of the \d+ I/Os is as asked for")
        self.assertNotIn("no I/O was recorded", done.stdout)

    def test_filters_that_cannot_be(self) -> None:
        self.expect(dioscope("record", "--file", str(self.directory)), 64, "directory")
        self.expect(dioscope("record", "--comm", "a", "--comm", "b"), 64, "--comm can be given once")
        self.expect(dioscope("record", "--file", "a", "--file", "b"), 64, "--file can be given once")
        self.expect(dioscope("record", "--cgroup", "no/such"), 64, "no such cgroup")
        self.expect(dioscope("record", "--unit", "no-such"), 64, "no such cgroup")
        self.expect(dioscope("record", "-o", "-", "--duration", "1s"), 64, "-o -")


@unittest.skipUnless(os.geteuid() == 0, "not root")
class PrivilegeTests(Bed):
    def test_what_was_not_tried_is_not_ok(self) -> None:
        self.directory.chmod(0o777)
        program = shutil.copy(commands.DIOSCOPE, self.file("dioscope"))
        Path(program).chmod(0o755)
        done = subprocess.run([program, "check"], capture_output=True, text=True, timeout=60, check=False, user=65534)
        self.assertNotIn("  ok  ", done.stdout)
        self.assertNotIn("no stage is blind", done.stdout)
        self.assertIn("not tried", done.stdout)


class CheckTests(Bed):
    def test_json_says_what_the_text_says(self) -> None:
        text, done = dioscope("check"), dioscope("check", "--json")
        self.assertEqual(done.returncode, text.returncode)
        found = json.loads(done.stdout)
        self.assertEqual(found["schema"], "dioscope.check/1")
        self.assertEqual(found["can_record"], text.returncode == 0)
        for probe in found["probes"]:
            self.assertIn(probe["name"], text.stdout)
        for blind in found["blind"]:
            self.assertIn(blind, text.stdout)


class RecordTests(RecordingBed):
    def test_command_without_dashes(self) -> None:
        done = self.record("-q", "echo", "--duration")
        self.assertEqual((done.returncode, done.stdout), (4, "--duration\n"), done.stderr)

    def test_hangup_ends_it_well(self) -> None:
        process = self.running("--duration", "60s")
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=20)
        self.assertEqual(dioscope("report", "--json", self.file("capture")).returncode, 4)

    def test_two_in_one_second(self) -> None:
        words = [commands.DIOSCOPE, "record", "-q", "--duration", "500ms"]
        running = [subprocess.Popen(words, cwd=self.directory, stderr=subprocess.PIPE) for _ in range(3)]
        for process in running:
            self.assertIn(process.wait(30), (0, 4), process.stderr.read())
            process.stderr.close()
        self.assertEqual(len(list(self.directory.glob("dioscope-*.dioscope"))), 3)

    def test_names_survive_a_kill(self) -> None:
        process = self.running("-q", "--", *fio_command(self.directory, "--time_based", "--runtime=10", "--number_ios=0"))
        time.sleep(3)
        process.kill()
        process.communicate()
        report = json.loads(dioscope("report", "--json", self.file("capture")).stdout)
        self.assertFalse(report["source"]["complete"])
        self.assertTrue(report["source"]["devices"], "no device has a name")

    def test_children_that_run_already(self) -> None:
        parent = subprocess.Popen(["sh", "-c", '"$@"; true', "sh", *fio_command(
            self.directory, "--time_based", "--runtime=15", "--number_ios=0", "--output=/dev/null")])
        time.sleep(2)
        done = self.record("-q", "--pid", str(parent.pid), "--duration", "1s")
        parent.wait(60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(self.report()["ios"]["total"], 0)


class ControlGroupTests(RecordingBed):
    """Groups of our own in every hierarchy that is mounted, as systemd makes them, with fio in the one that has processes."""

    def hierarchies(self) -> list[Path]:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
        return [Path(mount[1]) for mount in mounts if mount[2] in ("cgroup", "cgroup2")
                and os.access(mount[1], os.W_OK) and not any(word in mount[3] for word in ("cpuset",))]

    def group(self, name: str, among: list[Path]) -> Path:
        made = []
        for root in among:
            path = root / name
            parts = [path.parent] if path.parent != root and not path.parent.exists() else []
            for part in parts + [path]:
                part.mkdir(exist_ok=True)
                made.insert(0, part)
        self.addCleanup(lambda: [part.rmdir() for part in made if part.exists()])
        return among[-1] / name

    def recorded(self, group: Path, *words: str) -> None:
        command = fio_command(self.directory, "--time_based", "--runtime=60", "--number_ios=0", "--output=/dev/null")
        with subprocess.Popen(["sh", "-c", f'echo $$ >{group}/cgroup.procs && exec "$@"', "sh", *command]) as fio:
            time.sleep(2)
            done = self.record("-q", *words, "--duration", "1s")
            fio.terminate()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(self.report()["ios"]["total"], 0)
        self.assertEqual(self.report()["source"]["filters"], [" ".join(words)])

    def test_by_name_and_by_path(self) -> None:
        roots = self.hierarchies()
        if not roots:
            self.skipTest("no cgroup file system can be written to")
        # Empty in all hierarchies but the last.
        group = self.group(f"dioscope-{os.getpid()}", roots)
        self.recorded(group, "--cgroup", group.name)
        Path(self.file("capture")).unlink()
        self.recorded(group, "--cgroup", str(group))
        self.expect(dioscope("record", "--cgroup", group.name, "--duration", "1s"), 64, "no process is in it")

    def test_by_unit(self) -> None:
        roots = self.hierarchies()
        if not roots:
            self.skipTest("no cgroup file system can be written to")
        unit = f"dioscope{os.getpid()}"
        self.recorded(self.group(f"system.slice/{unit}.service", roots), "--unit", unit)


if __name__ == "__main__":
    commands.DIOSCOPE = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
