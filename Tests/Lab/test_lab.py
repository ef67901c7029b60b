"""The machine's apt sources, the cpio writer, the plan of boots, and the command line."""

import contextlib
import io
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from lab.apt import Mirror, machine_mirror
from lab.archive import Archive
from lab.kernels import KERNELS
from lab.main import main
from lab.matrix import boots, guest_script
from lab.problem import USAGE, Problem
from lab.scenarios import SCENARIOS, full_name, scenarios_named


class Sources(unittest.TestCase):
    def mirror(self, **files: str) -> Mirror:
        with tempfile.TemporaryDirectory() as directory:
            etc = Path(directory)
            (etc / "sources.list.d").mkdir()
            for name, text in files.items():
                path = etc / "sources.list" if name == "list" else etc / "sources.list.d" / f"debian.{name}"
                path.write_text(text)
            return machine_mirror(etc)

    def test_deb822(self) -> None:
        text = ("Types: deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\n\n"
                "Types: deb deb-src\n# a comment\nURIs: http://mirror.example/debian\nSuites: bookworm\n"
                "Components: main\nSigned-By: /usr/share/keyrings/k.gpg\n")
        self.assertEqual(self.mirror(sources=text), Mirror("http://mirror.example/debian", "/usr/share/keyrings/k.gpg"))

    def test_one_line(self) -> None:
        text = ("# deb http://old.example/debian bookworm main\ndeb-src http://mirror.example/debian bookworm main\n"
                "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian/ bookworm main\n")
        self.assertEqual(self.mirror(list=text), Mirror("http://mirror.example/debian/", "/k.gpg"))

    def test_disabled_or_none(self) -> None:
        with self.assertRaises(Problem):
            self.mirror(sources="Enabled: no\nTypes: deb\nURIs: http://mirror.example/debian\nSuites: sid\n")


class Cpio(unittest.TestCase):
    @unittest.skipUnless(shutil.which("cpio"), "cpio is not installed")
    def test_cpio_reads_it(self) -> None:
        out = io.BytesIO()
        archive = Archive(out)
        archive.data("a/b/run", b"#!/bin/sh\n", executable=True)
        archive.symlink("a/link", "b/run")
        archive.close()
        listed = subprocess.run(["cpio", "-t", "--quiet"], input=out.getvalue(), capture_output=True, check=True)
        self.assertEqual(listed.stdout.decode().split(), ["a", "a/b", "a/b/run", "a/link"])
        self.assertEqual(len(out.getvalue()) % 512, 0)


class Plan(unittest.TestCase):
    def test_one_boot_for_scenarios_of_one_device(self) -> None:
        planned = boots([KERNELS["6.12"], KERNELS["7.2"]], list(SCENARIOS))
        self.assertEqual(len(planned), 2 * len({(row.device, row.kernel_arguments) for row in SCENARIOS}))
        self.assertEqual(sum(len(rows) for _, rows in planned), 2 * len(SCENARIOS))

    def test_names(self) -> None:
        names = [full_name(row) for row in SCENARIOS]
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual([row.device for row in scenarios_named(["ext4-libaio-read"])], ["null_blk", "nvme"])
        self.assertEqual([row.device for row in scenarios_named(["nvme/ext4-libaio-read"])], ["nvme"])

    def test_rows_share_their_ios_evenly(self) -> None:
        for row in SCENARIOS:
            self.assertEqual(row.ios % row.jobs, 0, full_name(row))

    def test_guest_script_is_shell(self) -> None:
        checked = subprocess.run(["sh", "-n"], input=guest_script(list(SCENARIOS)), capture_output=True)
        self.assertEqual(checked.stderr, b"")


class CommandLine(unittest.TestCase):
    def run_lab(self, *arguments: str) -> tuple[int, str]:
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            return main(list(arguments)), said.getvalue()

    def test_unknown_names(self) -> None:
        for arguments in (["frobnicate"], ["fetch", "2.4"], ["run", "2.4", "x"], ["matrix", "--kernels", "2.4"], []):
            code, said = self.run_lab(*arguments)
            self.assertEqual((code, said.count("\n")), (USAGE, 1), said)

    def test_kernel_not_fetched(self) -> None:
        with tempfile.TemporaryDirectory() as empty:
            before = os.environ.get("DIOSCOPE_LAB_CACHE")
            os.environ["DIOSCOPE_LAB_CACHE"] = empty
            try:
                code, said = self.run_lab("run", "6.12", "ext4-libaio-read")
            finally:
                os.environ.pop("DIOSCOPE_LAB_CACHE")
                if before is not None:
                    os.environ["DIOSCOPE_LAB_CACHE"] = before
        self.assertEqual((code, said.strip()), (69, "lab: kernel 6.12 is not fetched; run: Scripts/lab fetch 6.12"))


if __name__ == "__main__":
    unittest.main()
