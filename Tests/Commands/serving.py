#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs `dioscope serve` as a unit would, and has the real Prometheus look at it.

usage: serving.py DIOSCOPE [--week] [TEST]
"""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import commands
from commands import dioscope

ROOT = Path(__file__).resolve().parents[2]
IOS = 3_001
WEEK = "--week" in sys.argv


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=5)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def programs() -> int:
    """BPF programs of tracing that the kernel has."""
    done = subprocess.run(["bpftool", "-j", "prog"], capture_output=True, text=True, check=False)
    return len([p for p in json.loads(done.stdout or "[]") if p["type"] in ("tracing", "kprobe")])


class UsageTests(commands.Bed):
    def refused(self, *words: str) -> str:
        done = dioscope("serve", *words)
        self.assertEqual(done.returncode, 64, done.stderr)
        return done.stderr

    def test_usage(self) -> None:
        self.assertIn("serve what?", self.refused())
        self.assertIn("need each other", self.refused("--listen", "/nowhere/s", "--trigger", "p99 > 5ms"))
        self.assertIn("with a unit", self.refused("--captures", "/nowhere", "--trigger", "p99 > 5"))
        self.assertIn("with a unit", self.refused("--captures", "/nowhere", "--trigger", "p99 > +5%"))
        self.assertIn("with a unit", self.refused("--captures", "/nowhere", "--trigger", "p99 > 5ms for ever"))
        self.assertIn("at least 10ms", self.refused("--listen", "/nowhere/s", "--interval", "1ms"))

    @unittest.skipUnless(os.geteuid() == 0, "not root")
    def test_only_loopback(self) -> None:
        for address in ("0.0.0.0:9464", "192.168.0.1:9464", "[::]:9464", "9464"):
            self.assertIn("loopback", self.refused("--listen", address))

    @unittest.skipUnless(os.geteuid() == 0, "not root")
    def test_only_a_socket_is_replaced(self) -> None:
        kept = self.directory / "kept"
        kept.write_text("kept")
        link = self.directory / "link"
        link.symlink_to("nowhere")
        for path in (kept, link, self.directory):
            done = dioscope("serve", "--listen", str(path))
            self.assertEqual(done.returncode, 73, done.stderr)
            self.assertIn("is no socket", done.stderr)
        self.assertEqual(kept.read_text(), "kept")
        self.assertTrue(link.is_symlink())

    @unittest.skipUnless(shutil.which("promtool"), "no promtool: apt-get install prometheus")
    def test_rules_that_ship(self) -> None:
        subprocess.run(["promtool", "check", "rules", str(ROOT / "Packaging/prometheus/dioscope.rules.yml")], check=True,
                       capture_output=True)


class ServiceBed(commands.RecordingBed):
    def serve(self, *words: str) -> subprocess.Popen:
        process = subprocess.Popen([commands.DIOSCOPE, "serve", *words], stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        line = process.stderr.readline()
        self.assertIn("serving", line)
        return process

    def load(self, ios: int = IOS) -> None:
        words = [word for word in commands.fio_command(self.directory) if not word.startswith("--number_ios")]
        done = subprocess.run([*words, f"--number_ios={ios}", "--norandommap", "--io_size=1G"], capture_output=True,
                              text=True, timeout=120, check=True)
        self.assertEqual(json.loads(done.stdout)["jobs"][0]["write"]["total_ios"], ios)

    def until(self, what: Callable[[], bool], seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end, "it does not come")
            time.sleep(0.1)

    def page(self, path: str, kind: str = "") -> str:
        connection = UnixConnection(path)
        connection.request("GET", "/metrics", headers={"Accept": kind})
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        return answer.read().decode()

    @staticmethod
    def value(page: str, name: str) -> float:
        found = re.search(rf"^{re.escape(name)} (\S+)", page, re.MULTILINE)
        return float(found[1]) if found else -1


@unittest.skipUnless(os.geteuid() == 0, "not root: nothing can be recorded")
class ServeTests(ServiceBed):
    def test_every_io_is_counted_once(self) -> None:
        path = self.directory / "s.sock"
        captures = self.directory / "captures"
        # Of one of two: the other one can never hold.
        process = self.serve("--listen", str(path), "--interval", "200ms", "--captures", str(captures), "--trigger", "p99 > 1us",
                             "--trigger", "mean > 1000s for 1s", "--textfile", str(self.directory / "d.prom"))
        self.load()
        self.until(lambda: self.value(self.page(str(path)), 'dioscope_ios_total{op="write"}') >= IOS)
        page = self.page(str(path))
        self.assertEqual(self.value(page, 'dioscope_ios_total{op="write"}'), IOS)
        self.assertEqual(self.value(page, "dioscope_io_bytes_total"), IOS * 4096)
        self.assertEqual(self.value(page, "dioscope_latency_seconds_count"), IOS)
        self.assertEqual(self.value(page, 'dioscope_latency_seconds_bucket{le="+Inf"}'), IOS)
        contexts = re.findall(r"^dioscope_completed_ios_total\{.*\} (\d+)", page, re.MULTILINE)
        self.assertEqual(sum(map(int, contexts)), IOS)
        self.assertGreater(self.value(page, "dioscope_summed_kinds"), 0)
        # The stages are the latency, within what buckets of the kernel allow.
        stages = sum(map(float, re.findall(r"^dioscope_stage_seconds_sum\{.*\} (\S+)", page, re.MULTILINE)))
        latency = self.value(page, "dioscope_latency_seconds_sum")
        self.assertAlmostEqual(stages / latency, 1, delta=0.03)
        self.assertEqual(self.value(page, 'dioscope_rule_fired_total{rule="mean > 1000s for 1s"}'), 0)
        self.assertEqual(self.value(page, 'dioscope_rule_fired_total{rule="p99 > 1us"}') >= 1, True)
        self.check_capture(captures)
        self.check_forms(str(path), self.directory / "d.prom")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=20), 0)
        self.assertFalse(path.exists())

    def check_capture(self, captures: Path) -> None:
        written = list(captures.glob("*.dioscope"))
        self.assertEqual(len(written), 1)
        self.assertEqual(written[0].stat().st_mode & 0o777, 0o600)
        report = json.loads(dioscope("report", "--json", str(written[0])).stdout)
        self.assertTrue(report["source"]["complete"])
        self.assertGreater(report["ios"]["total"], 0)
        self.assertLessEqual(report["ios"]["total"], IOS)
        self.assertEqual(sum(stage["total_ns"] for stage in report["stages"]), report["latency"]["total_ns"])

    def check_forms(self, path: str, textfile: Path) -> None:
        opened = self.page(path, "application/openmetrics-text; version=1.0.0")
        self.assertTrue(opened.endswith("# EOF\n"))
        self.assertRegex(opened, r'dioscope_latency_seconds_bucket\{le="[^"]+"\} \d+ # \{capture="dioscope-serve-[\d-]+\.dioscope"\}')
        self.assertNotIn("# {", textfile.read_text())
        if shutil.which("promtool"):
            for text in (self.page(path), textfile.read_text()):
                done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_killed_and_begun_again(self) -> None:
        path = self.directory / "s.sock"
        before = programs()
        first = self.serve("--listen", str(path), "--interval", "100ms")
        if shutil.which("bpftool"):
            self.assertGreater(programs(), before)
        first.kill()
        first.wait()
        if shutil.which("bpftool"):
            self.until(lambda: programs() <= before)
        # What it left of its socket is no obstacle; one that is served is.
        second = self.serve("--listen", str(path), "--interval", "100ms")
        third = dioscope("serve", "--listen", str(path))
        self.assertEqual(third.returncode, 73, third.stderr)
        second.send_signal(signal.SIGINT)
        self.assertEqual(second.wait(timeout=20), 0)

    def test_whoever_asks_slowly_holds_up_nobody(self) -> None:
        path = self.directory / "s.sock"
        self.serve("--listen", str(path), "--interval", "100ms")
        slow = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        for connection in slow:
            connection.connect(str(path))
            connection.send(b"GET /metrics")
        began = time.monotonic()
        self.page(str(path))
        self.assertLess(time.monotonic() - began, 4)
        for connection in slow:
            connection.close()

    def test_disk_is_bounded(self) -> None:
        captures = self.directory / "captures"
        captures.mkdir()
        (captures / "mine.dioscope").write_bytes(b"x" * 4096)
        old = captures / "dioscope-serve-20200101-000000.dioscope"
        old.write_bytes(b"x")
        os.utime(old, (0, 0))
        remains = captures / "dioscope-serve-20200101-000001.dioscope.part"
        remains.write_bytes(b"x")
        os.utime(remains, (time.time() - 3600,) * 2)
        process = self.serve("--interval", "100ms", "--captures", str(captures), "--trigger", "mean > 1ns", "--pause", "1us",
                             "--max-size", "40K")
        for _ in range(4):
            self.load(501)
            time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=20), 0)
        self.assertFalse(old.exists() or remains.exists())
        self.assertTrue((captures / "mine.dioscope").exists())
        sizes = [path.stat().st_size for path in captures.glob("dioscope-serve-*")]
        self.assertLessEqual(sum(sizes), 40 << 10)
        self.assertGreater(len(sizes), 0)

    def test_nothing_grows(self) -> None:
        """Some hundred intervals of 10 ms under load; with --week as many as a week has of ten seconds."""
        path = self.directory / "s.sock"
        before = programs()
        process = self.serve("--listen", str(path), "--interval", "10ms", "--window", "1s", "--captures", str(self.directory / "c"),
                             "--trigger", "mean > 1ns", "--pause", "2s")
        # What it says of its captures would fill the pipe.
        threading.Thread(target=process.stderr.read, daemon=True).start()
        status = Path(f"/proc/{process.pid}/status")

        def state() -> tuple[int, int, int]:
            resident = int(re.search(r"VmRSS:\s+(\d+)", status.read_text())[1])
            # A kind of I/O that the kernel sums up has a map of its own: 64 at most.
            time.sleep(0.3)
            page = self.page(str(path))
            kinds = int(self.value(page, "dioscope_summed_kinds"))
            self.assertLessEqual(kinds, 64)
            return resident, len(list(Path(f"/proc/{process.pid}/fd").iterdir())) - kinds, int(self.value(page, "dioscope_intervals_total"))

        wanted = 60_480 if WEEK else 900
        self.load(20_000)
        time.sleep(2)
        early = state()
        began, ios, seen = time.monotonic(), 20_000, []
        while (now := state())[2] - early[2] < wanted:
            if not WEEK and time.monotonic() - began > 60:
                break
            self.load(20_000)
            ios += 20_000
            seen.append(now)
        late = state()
        print(f"\n  {late[2] - early[2]} intervals in {time.monotonic() - began:.0f} s, {ios} I/Os: resident {early[0]} KiB at first, "
              f"{late[0]} KiB at last, {max(at[0] for at in [*seen, late])} KiB at most; descriptors besides maps of kinds {early[1]}, {late[1]}")
        if WEEK:
            for number in range(0, len(seen), max(1, len(seen) // 14)):
                print(f"  interval {seen[number][2]}: resident {seen[number][0]} KiB, {seen[number][1]} descriptors")
            page = self.page(str(path))
            lost = sum(map(float, re.findall(r"^dioscope_lost_total\{.*\} (\S+)", page, re.MULTILINE)))
            writes = self.value(page, 'dioscope_ios_total{op="write"}')
            print(f"  counted {writes:.0f} writes, lost {lost:.0f}; "
                  f"{self.value(page, 'dioscope_captures_written'):.0f} captures written, {self.value(page, 'dioscope_captures'):.0f} there; "
                  f"CPU time {self.value(page, 'dioscope_cpu_seconds'):.0f} s")
        self.assertLess(late[0], early[0] + 16_384)
        # A capture that is being written is open, and a kind may be new since its number was told.
        self.until(lambda: state()[1] == early[1])
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=20), 0)
        if shutil.which("bpftool"):
            self.until(lambda: programs() <= before)

    def test_upgraded_under_load(self) -> None:
        """What dpkg and systemd do: another file in the old one's place, the old service stopped, the new one started."""
        path, installed = self.directory / "s.sock", self.directory / "dioscope"
        before = programs()
        shutil.copy(commands.DIOSCOPE, installed)
        fio = subprocess.Popen([*commands.fio_command(self.directory), "--norandommap", "--io_size=1G", "--time_based", "--runtime=20",
                                "--number_ios=1000000", "--rate_iops=500"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(fio.kill)
        for _ in range(3):
            process = subprocess.Popen([installed, "serve", "--listen", str(path), "--interval", "100ms"], stderr=subprocess.PIPE, text=True)
            self.addCleanup(process.kill)
            self.assertIn("serving", process.stderr.readline())
            self.until(lambda: self.value(self.page(str(path)), 'dioscope_ios_total{op="write"}') > 100)
            shutil.copy(commands.DIOSCOPE, self.directory / "new")
            (self.directory / "new").rename(installed)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=20), 0)
            if shutil.which("bpftool"):
                self.until(lambda: programs() <= before)


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("prometheus"), "not root, or no prometheus")
class PrometheusTests(ServiceBed):
    """The real one scrapes, a rule that ships fires, and each query of the dashboard gives numbers."""

    def query(self, expression: str) -> list:
        parameters = urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/query?{parameters}", timeout=5) as answer:
                return json.load(answer)["data"]["result"]
        except OSError:
            return []

    def test_prometheus(self) -> None:
        ports = free_port(), free_port()
        self.url = f"http://127.0.0.1:{ports[1]}"
        self.serve("--listen", f"127.0.0.1:{ports[0]}", "--interval", "500ms", "--captures", str(self.directory / "c"),
                   "--trigger", "p99 > 1us")
        (self.directory / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(ROOT / "Packaging/prometheus/dioscope.rules.yml")],
            "scrape_configs": [{"job_name": "dioscope", "static_configs": [{"targets": [f"127.0.0.1:{ports[0]}"]}]}]}))
        prometheus = subprocess.Popen(
            ["prometheus", f"--config.file={self.directory}/prometheus.yml", f"--storage.tsdb.path={self.directory}/tsdb",
             f"--web.listen-address=127.0.0.1:{ports[1]}", "--enable-feature=exemplar-storage"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(prometheus.kill)
        self.until(lambda: bool(self.query("dioscope_build_info")), 60)
        for _ in range(4):
            self.load()
            time.sleep(1)
        self.until(lambda: bool(self.query('ALERTS{alertname="DirectIORuleHeld", alertstate="firing"}')), 30)
        dashboard = json.loads((ROOT / "Packaging/grafana/dioscope.json").read_text())
        asked = 0
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                expression = target["expr"].replace("$__rate_interval", "30s").replace("$instance", ".*")
                found = self.query(expression)
                self.assertTrue(found, f"{panel['title']}: {expression}")
                self.assertNotIn("NaN", {sample["value"][1] for sample in found} if len(found) == 1 else set(), expression)
                asked += 1
        self.assertGreater(asked, 8)
        total = 'sum(dioscope_ios_total{op="write"})'
        self.until(lambda: float(self.query(total)[0]["value"][1]) >= 4 * IOS)
        self.assertEqual(float(self.query(total)[0]["value"][1]), 4 * IOS)
        parameters = urllib.parse.urlencode({"query": "dioscope_latency_seconds_bucket", "start": time.time() - 300, "end": time.time()})
        with urllib.request.urlopen(f"{self.url}/api/v1/query_exemplars?{parameters}", timeout=5) as answer:
            exemplars = json.load(answer)["data"]
        self.assertTrue(any("capture" in one["labels"] for found in exemplars for one in found["exemplars"]))


if __name__ == "__main__":
    sys.argv = [word for word in sys.argv if word != "--week"]
    commands.DIOSCOPE = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
