"""The machine's apt sources, the cpio writer, the plan of boots, and the command line."""

import contextlib
import io
import os
import shutil
import subprocess
import tempfile
import unittest
from itertools import groupby
from pathlib import Path

from lab.apt import Mirror, machine_mirror
from lab.archive import Archive
from lab.build import CHANGES, missing_settings
from lab.kernels import BUILT, KERNELS, TO_BUILD, Kernel
from lab.main import main
from lab.matrix import ROWS_PER_BOOT, boots, guest_script, rows_for
from lab.problem import USAGE, Problem
from lab.catalog import scenarios_named
from lab.rows import SCENARIOS
from lab.scenarios import full_name
from lab.table import Table, write_table


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
    def test_a_boot_has_few_scenarios_of_one_device(self) -> None:
        planned = boots([KERNELS["6.12"], KERNELS["7.2"]], list(SCENARIOS))
        for _, rows in planned:
            self.assertLessEqual(len(rows), ROWS_PER_BOOT)
            # Each device is made once, on a disk of its own.
            self.assertEqual(len(list(groupby(row.device for row in rows))), len({row.device for row in rows}))
            self.assertEqual(len({("+" in row.device or row.device, row.kernel_arguments) for row in rows}), 1)
        self.assertGreater(len(planned), 2 * len({(row.device, row.kernel_arguments) for row in SCENARIOS}))
        self.assertEqual(sum(len(rows) for _, rows in planned),
                         sum(kernel not in row.skip for row in SCENARIOS for kernel in ("6.12", "7.2")))

    def test_names(self) -> None:
        names = [full_name(row) for row in SCENARIOS]
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual([row.device for row in scenarios_named(["ext4-libaio-read"])], ["null_blk", "nvme", "nvme-1q"])
        self.assertEqual([row.device for row in scenarios_named(["nvme/ext4-libaio-read"])], ["nvme"])

    def test_what_a_kernel_cannot_have_is_not_booted(self) -> None:
        rows = scenarios_named(["ext4-io_uring-caller-comp"])
        self.assertEqual(boots(list(KERNELS.values()), rows), [])
        self.assertEqual(set(rows[0].skip), set(KERNELS))

    def test_every_cell_has_an_expectation(self) -> None:
        for row in SCENARIOS:
            self.assertEqual((set(row.expect) | set(row.skip)) - set(BUILT), set(KERNELS), full_name(row))

    def test_a_built_kernel_has_rows_of_its_own(self) -> None:
        for kernel in BUILT.values():
            own = rows_for(kernel, list(SCENARIOS))
            self.assertTrue(own and all(kernel.name in row.expect for row in own))
            others = scenarios_named(["ext4-libaio-read"])
            self.assertEqual(rows_for(kernel, others), others)

    def test_short_rows(self) -> None:
        self.assertEqual([row.device for row in SCENARIOS if row.short].count("null_blk"), 7)
        self.assertEqual(sum(row.short for row in SCENARIOS), 9)

    def test_rows_share_their_ios_evenly(self) -> None:
        for row in SCENARIOS:
            self.assertEqual(row.ios % row.jobs, 0, full_name(row))

    def test_guest_script_is_shell(self) -> None:
        checked = subprocess.run(["sh", "-n"], input=guest_script(list(SCENARIOS)), capture_output=True)
        self.assertEqual(checked.stderr, b"")


class Build(unittest.TestCase):
    def test_a_line_is_changed_or_said_why_not(self) -> None:
        self.assertLess(set(CHANGES), set(TO_BUILD))
        for change in CHANGES.values():
            gone, back = ("".join(lines) for lines in zip(*change.lines))
            known = f"{gone}\tif ({change.near})\n"
            self.assertEqual(change.made(known), f"{back}\tif ({change.near})\n")
            for text in ("", gone.replace(change.near, "x"), known + gone, change.made(known)):
                with self.assertRaises(Problem) as caught:
                    change.made(text)
                self.assertNotIn("\n", str(caught.exception))

    def test_settings_that_were_refused(self) -> None:
        self.assertEqual(missing_settings("CONFIG_A=y\n# a remark\nCONFIG_B=y\n", "CONFIG_A=y\n"), ["CONFIG_B=y"])

    def test_a_kernel_that_is_not_built(self) -> None:
        code, said = CommandLine.run_lab(CommandLine(), "build-kernel", "6.12")
        self.assertEqual((code, said.count("\n")), (USAGE, 1), said)


class Tables(unittest.TestCase):
    def test_cells_are_replaced_one_by_one(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            page = Path(directory) / "page.md"
            table = Table(page, ("completed", "ended"))
            begin, end = table.marks
            page.write_text(f"before\n{begin}\n\n{end}\nafter\n")
            kernel = Version("6.12")
            write_table(table, {("nvme/ext4-libaio-read", kernel): ("hardirq 2", "hardirq 2")})
            write_table(table, {("null_blk/ext4-libaio-read", kernel): ("hardirq 3", "hardirq 3")})
            write_table(table, {("nvme/ext4-libaio-read", kernel): ("task 2", "hardirq 2")})
            text = page.read_text()
        self.assertTrue(text.startswith(f"before\n{begin}\n") and text.endswith(f"{end}\nafter\n"), text)
        self.assertEqual([line for line in text.splitlines() if "6.12" in line], [
            "| null_blk/ext4-libaio-read | 6.12 (6.12.1-1) | hardirq 3 | hardirq 3 |",
            "| nvme/ext4-libaio-read | 6.12 (6.12.1-1) | task 2 | hardirq 2 |"])

    def test_page_without_marks(self) -> None:
        with tempfile.NamedTemporaryFile() as page, self.assertRaises(Problem):
            write_table(Table(Path(page.name), ()), {})


class Version(Kernel):
    """A kernel as if it were fetched."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "suite", "image")

    @property
    def version(self) -> str:
        return f"{self.name}.1-1 (suite)"


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
