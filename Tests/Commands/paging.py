#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The page of a report, opened in a headless Chromium, against the report's JSON and the single I/Os.

usage: paging.py DIOSCOPE [--keep DIRECTORY]

With --keep, screenshots of the pages are left there.
"""

import gzip
import itertools
import json
import re
import shutil
import subprocess
import sys
import unittest
from collections.abc import Callable
from pathlib import Path

import commands
from browser import CHROMIUM, Browser
from commands import Bed, dioscope

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
HOG = str(CAPTURES / "nvme-ext4-libaio-hog-6.12.dioscope")
OVERWRITE = str(CAPTURES / "nvme-ext4-libaio-overwrite-6.12.dioscope")
INLINE = str(CAPTURES / "nvme-ext4-libaio-overwrite-7.2.dioscope")
KEPT: Path | None = None


def report(*words: str) -> dict:
    return json.loads(dioscope("report", "--json", *words).stdout)


def listed(*words: str) -> list[dict]:
    return [json.loads(line) for line in dioscope("list", "--json", *words).stdout.splitlines()]


class WordTests(Bed):
    def test_bad_words(self) -> None:
        page = self.file("page.html")
        self.expect(dioscope("report", "--html", "--json", "-o", page, HOG), 64, "--html has no --json")
        self.expect(dioscope("report", "--html", "-o", page, HOG, HOG, HOG), 64, "one file, or two")
        self.expect(dioscope("report", "-o", page, HOG), 64, "--html goes")
        self.expect(dioscope("report", "--html", "-o", "/nonexistent/page.html", HOG), 73, "cannot create")
        self.expect(dioscope("report", "--html", "-o", page, "/nonexistent"), 66, "nonexistent")
        self.assertFalse(Path(page).exists())

    def test_the_script_is_one(self) -> None:
        script = Path(__file__).resolve().parents[2] / "Sources" / "Page" / "Resources" / "page.js"
        if shutil.which("node") is None:
            self.skipTest("no node to check the script with")
        done = subprocess.run(["node", "--check", str(script)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_to_standard_output(self) -> None:
        page = self.file("page.html")
        dioscope("report", "--html", "-o", page, HOG)
        self.assertEqual(dioscope("report", "--html", HOG).stdout, Path(page).read_text())

    def test_damage_is_told(self) -> None:
        page = self.file("page.html")
        done = dioscope("report", "--html", "-o", page, str(CAPTURES / "broken" / "cut.dioscope"))
        self.expect(done, 2, "cut")
        self.assertIn("<svg", Path(page).read_text())

    def test_every_capture_has_a_page(self) -> None:
        files = [path for path in sorted(CAPTURES.glob("*")) + sorted((CAPTURES / "odd").glob("*"))
                 if re.search(r"\.(dioscope|dat|text)(\.gz|\.zst)?$", path.name)]
        for file in files:
            page = self.file(file.name + ".html")
            done = dioscope("report", "--html", "-o", page, str(file))
            self.assertIn(done.returncode, (0, 4), f"{file}: {done.stderr}")
            self.assertLess(Path(page).stat().st_size, 2_000_000)


class PageBed(Bed):
    """A page that is open."""

    browser: Browser

    @classmethod
    def setUpClass(cls) -> None:
        if CHROMIUM is None:
            raise unittest.SkipTest("no chromium: apt-get install chromium")
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def open(self, *words: str, width: int = 1180) -> Path:
        page = Path(self.file("page.html"))
        done = dioscope("report", "--html", "-o", str(page), *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLess(self.browser.open(page, width), 5)
        return page

    def tearDown(self) -> None:
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual(self.browser.requests(), [])

    def texts(self, selector: str) -> list[str]:
        return self.browser.run(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)")

    def selected(self) -> int:
        words = self.texts(".selected")[0]
        return int(re.match(r"([\d,]+) I/Os", words)[1].replace(",", ""))

    def choose(self, name: str, value: int) -> None:
        self.browser.run(f"""(() => {{
            const control = document.querySelector(".controls").elements[{json.dumps(name)}];
            control.value = {value};
            control.dispatchEvent(new Event("input", {{bubbles: true}}));
        }})()""")

    def keep(self, name: str) -> None:
        if KEPT:
            self.browser.screenshot(KEPT / f"{name}.png")


class PageTests(PageBed):
    def test_the_page_says_what_the_report_says(self) -> None:
        self.open(HOG)
        json_report = report(HOG)
        self.assertEqual(self.selected(), json_report["latency"]["ios"])
        names = self.texts(".flame .stage .name")
        self.assertEqual(len(names), len(json_report["stages"]))
        rows = self.browser.run("[...document.querySelectorAll('.flame .stage')].map((row) => row.dataset.stage)")
        self.assertEqual(rows, [str(place) for place in range(len(rows))])
        self.assertEqual(len(self.texts("#lanes .lane")), 50)
        self.assertEqual(len(self.texts(".slowest li")), 50)
        slowest = sorted((io["latency_ns"] for io in listed(HOG)), reverse=True)[:50]
        lanes = self.browser.run("JSON.parse(document.querySelector('#data').textContent).lanes.map((l) => l.latency)")
        self.assertEqual(lanes, slowest)
        contexts = self.texts(".controls [name=context] option")[1:]
        used = {name for name, ios in json_report["contexts"].items() if ios > 0}
        self.assertEqual(set(contexts), used)
        self.assertIn("completed in a kworker", self.texts(".verdict")[0])

    def test_static_pictures_are_those_that_the_script_draws(self) -> None:
        for capture in (HOG, OVERWRITE, INLINE):
            page = self.open(capture)
            still = re.findall(r'<path class="((?:d|line )[^"]*)" d="([^"]*)"/>', page.read_text())
            drawn = self.browser.run(
                """[...document.querySelectorAll("path[class^='d'], path[class^='line']")]
                    .map((path) => [path.getAttribute("class"), path.getAttribute("d")])""")
            self.assertEqual([list(path) for path in still], drawn)
            axes = [re.findall(r">([^<]*)</text>", axis)
                    for axis in re.findall(r'<g class="axis y"[^>]*>(.*?)</g>', page.read_text())]
            shown = self.browser.run("""[...document.querySelectorAll(".axis.y")].map((axis) =>
                [...axis.querySelectorAll("text")].map((text) => text.textContent))""")
            self.assertEqual(axes, shown)
            self.assertTrue(all(axes[:3]))

    def test_brushing_chooses_the_ios_of_that_time(self) -> None:
        self.open(HOG)
        box = self.browser.run("""(() => {
            document.querySelector("#heatmap").scrollIntoView({block: "center"});
            const box = document.querySelector("#heatmap .plot").getBoundingClientRect();
            const chart = document.querySelector("#heatmap").getBoundingClientRect();
            const scale = chart.width / 960;
            return [chart.left + 58 * scale, chart.top + 100 * scale, (960 - 72) * scale];
        })()""")
        left, top, width = box
        self.browser.drag(left + 0.25 * width, top, left + 0.5 * width)
        part = self.browser.run("""(() => {
            const data = JSON.parse(document.querySelector("#data").textContent);
            const [from, to] = ["from", "to"].map((name) => +document.querySelector(".controls").elements[name].value);
            return [from, to, data.columns, data.interval, data.offset];
        })()""")
        begin, end, columns, interval, offset = part
        self.assertAlmostEqual(begin / columns, 0.25, delta=1 / columns)
        self.assertAlmostEqual(end / columns, 0.5, delta=1 / columns)
        # The recording's own begin: what --from and --to count from.
        timeline = report(HOG)["timeline"]
        start = timeline["origin_ns"] - timeline["offset_ns"]
        times = [io["submitted_ns"] + io["latency_ns"] - start for io in listed(HOG)]
        chosen = sum(offset + begin * interval <= time < offset + end * interval for time in times)
        self.assertTrue(0 < chosen < len(times))
        self.assertEqual(self.selected(), chosen)
        self.assertTrue(self.browser.run("document.querySelector('.flame').classList.contains('filtered')"))
        shares = self.texts(".flame .stage [data-cell=share]")
        self.assertAlmostEqual(sum(float(share.strip("<>%")) for share in shares), 100, delta=1)
        dimmed = self.browser.run("document.querySelectorAll('g.lane.muted').length")
        self.assertTrue(0 < dimmed < 50)
        self.keep("brushed")
        # A click shows everything again.
        self.browser.drag(left + 0.7 * width, top, left + 0.7 * width)
        self.assertEqual(self.selected(), len(times))
        self.assertFalse(self.browser.run("document.querySelector('.flame').classList.contains('filtered')"))

    def test_choosing_a_stage_and_a_context(self) -> None:
        self.open(HOG)
        stages = report(HOG)["stages"]
        wait = next(place for place, stage in enumerate(stages) if stage["name"] == "queue_wait")
        self.browser.run(f"document.querySelector('.flame [data-stage=\"{wait}\"] button').click()")
        self.assertEqual(self.selected(), stages[wait]["ios"])
        self.assertEqual(self.browser.run("document.querySelectorAll('#distribution .chosen').length"), 1)
        self.keep("stage")
        self.choose("stage", -1)
        for place, name in enumerate(self.texts(".controls [name=context] option")[1:]):
            self.choose("context", place)
            self.assertEqual(self.selected(), report(HOG)["contexts"][name])
        self.browser.run("document.querySelector('.controls [type=reset]').click()")
        self.browser.run("new Promise((done) => setTimeout(done, 50))")
        self.assertEqual(self.selected(), report(HOG)["latency"]["ios"])

    def test_keyboard_and_screen_reader(self) -> None:
        self.open(HOG)
        self.browser.run("document.querySelector('.controls [name=from]').focus()")
        before = self.selected()
        columns = self.browser.run("JSON.parse(document.querySelector('#data').textContent).columns")
        for _ in range(columns // 2):
            self.browser.key("ArrowRight", 39)
        self.assertLess(self.selected(), before)
        self.assertEqual(self.texts(".selected[role=status][aria-live=polite]").__len__(), 1)
        unnamed = self.browser.run("""[...document.querySelectorAll("[role=img]")].filter((picture) =>
            !picture.getAttribute("aria-labelledby").split(" ").every((id) => document.getElementById(id)?.textContent)).length""")
        self.assertEqual(unnamed, 0)
        self.assertEqual(self.browser.run("[...document.querySelectorAll('table')].filter((t) => !t.caption).length"), 0)
        ids = self.browser.run("[...document.querySelectorAll('[id]')].map((element) => element.id)")
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual(self.browser.run("document.documentElement.lang"), "en")

    def test_zooming_lanes(self) -> None:
        self.open(HOG)
        view = "document.querySelector('#lanes .plot').getAttribute('viewBox')"
        whole = [float(number) for number in self.browser.run(view).split()]
        self.browser.run("document.querySelector('.zoom button').click()")
        zoomed = [float(number) for number in self.browser.run(view).split()]
        self.assertAlmostEqual(zoomed[2], whole[2] / 2, delta=1)

    def test_without_scripts(self) -> None:
        page = Path(self.file("page.html"))
        dioscope("report", "--html", "-o", str(page), HOG)
        self.browser.call("Emulation.setScriptExecutionDisabled", value=True)
        self.addCleanup(self.browser.call, "Emulation.setScriptExecutionDisabled", value=False)
        self.browser.open(page)
        self.keep("without-scripts")
        text = page.read_text()
        self.assertGreater(len(re.findall(r'class="d\d" d="M', text)), 8)

    def test_a_script_in_a_name_does_not_run(self) -> None:
        page = self.open(HOG)
        text = page.read_text().replace('<p class="file">', '<p class="file"><script>document.title="owned"</script>', 1)
        page.write_text(text)
        self.browser.open(page)
        self.assertNotEqual(self.browser.run("document.title"), "owned")
        self.assertIn("Content Security Policy", "".join(self.browser.complaints()))
        self.browser.events.clear()

    def test_two_side_by_side(self) -> None:
        self.open(OVERWRITE, INLINE, width=1500)
        self.assertEqual(len(self.texts("section.run")), 2)
        compared = json.loads(dioscope("compare", "--json", OVERWRITE, INLINE).stdout)["comparisons"][0]
        rows = self.texts(".changes tbody tr th")
        known = [stage for stage in compared["stages"] + compared["metrics"]
                 if stage["base"] is not None or stage["new"] is not None]
        self.assertEqual(len(rows), len(known))
        self.assertEqual(len(self.texts(".controls .selected")), 2)
        self.keep("two")

    def test_looks(self) -> None:
        for capture, name in ((HOG, "hog"), (OVERWRITE, "overwrite")):
            self.open(capture)
            self.keep(name)
            self.browser.media(scheme="dark")
            self.keep(f"{name}-dark")
            self.browser.media()
        self.open(HOG, width=420)
        wide = self.browser.run("document.documentElement.scrollWidth")
        self.assertLessEqual(wide, 420)
        self.keep("narrow")
        self.browser.media(medium="print")
        self.keep("print")
        self.browser.media()


class SpikeTests(PageBed):
    def stalled(self) -> str:
        """A thousand requests in a second, of which fifty in the middle take thirty times as long."""
        events = []
        for number in range(1000):
            begun = 100 + number / 1000
            done = begun + (0.003 if 500 <= number < 550 else 0.0001 + number % 7 / 1e6)
            what = f"259,0 W %s() {number * 8} + 8 none,0,0"
            events += [(begun, f" fio-175 [000] ..... {begun:.6f}: block_rq_issue: {what % '4096 '} [fio]"),
                       (done, f" <idle>-0 [001] d.h1. {done:.6f}: block_rq_complete: {what % ''} [0]")]
        path = Path(self.file("stalled.text"))
        path.write_text("# tracer: nop\n" + "".join(line + "\n" for _, line in sorted(events)))
        return str(path)

    def test_spikes_are_marked(self) -> None:
        capture, page = self.stalled(), Path(self.file("page.html"))
        # 4: there is no direct I/O, but requests.
        self.assertEqual(dioscope("report", "--html", "-o", str(page), capture).returncode, 4)
        self.browser.open(page)
        timeline = report(capture)["timeline"]
        times = [timeline["intervals"][spike["interval"]]["start_ns"] for spike in timeline["spikes"]]
        self.assertEqual(len(times), 2)
        self.assertEqual(len(self.texts(".spikes path title")), 2)
        plot = self.browser.run("(({left, width}) => [left, width])(document.querySelector('#heatmap .plot').getBoundingClientRect())")
        marks = self.browser.run("""[...document.querySelectorAll(".spikes path")].map((mark) => {
            const {left, width} = mark.getBoundingClientRect();
            return left + width / 2;
        })""")
        length = self.browser.run("(({columns, interval}) => columns * interval)(JSON.parse(document.querySelector('#data').textContent))")
        for mark, time in zip(marks, times, strict=True):
            middle = time + timeline["interval_ns"] / 2
            self.assertAlmostEqual((mark - plot[0]) / plot[1], middle / length, delta=0.01)
        rows = self.texts("figure [aria-label=Spikes] tbody td:last-child")
        for words in rows:
            found = dioscope(*words.replace("--waterfall", "--json").split()[1:]).stdout.splitlines()
            self.assertEqual([json.loads(line)["latency_ns"] for line in found], [3_000_000])
        self.keep("spikes")


class OddTests(PageBed):
    """Files that are unlike others."""

    def text(self, change: Callable[[str], str]) -> str:
        """A text of perf script, changed."""
        packed = CAPTURES / "perf-nvme-ext4-libaio-overwrite-6.12.text.gz"
        path = Path(self.file("odd.text"))
        path.write_text(change(gzip.decompress(packed.read_bytes()).decode()))
        return str(path)

    def test_names_that_are_markup(self) -> None:
        name = "</script><i>"
        page = self.open(self.text(lambda text: re.sub(r"\bfio\b", name, text)))
        self.assertEqual(self.browser.run("document.querySelectorAll('i').length"), 0)
        self.assertTrue(self.browser.run(f"document.body.textContent.includes({json.dumps(name)})"))
        self.assertGreater(self.selected(), 0)
        # A file's own name, with what would move a terminal's cursor and end an attribute.
        odd = self.directory / "\"><img src=x onerror=document.title=1>\x1b[31m'.dioscope"
        shutil.copy(HOG, odd)
        self.open(str(odd), HOG)
        self.assertEqual(self.browser.run("document.querySelectorAll('img').length"), 0)
        self.assertNotEqual(self.browser.run("document.title"), "1")
        self.assertNotIn("\x1b", page.read_text())
        self.assertIn("<img src=x", self.texts("p.file")[0])

    def test_thousands_of_names(self) -> None:
        numbers = itertools.count()
        page = self.open(self.text(lambda text: re.sub(r"\bfio\b", lambda _: f"fio-{next(numbers)}", text)))
        self.assertGreater(next(numbers), 3000)
        self.assertLess(page.stat().st_size, 2_000_000)
        self.assertGreater(self.selected(), 0)
        self.keep("names")

    def test_every_odd_text(self) -> None:
        """No I/O, one, a few with parts of their lives."""
        seen = set()
        for file in sorted((CAPTURES / "odd").glob("*.text")):
            with self.subTest(file=file.name):
                page = Path(self.file(file.name + ".html"))
                done = dioscope("report", "--html", "-o", str(page), str(file))
                self.assertIn(done.returncode, (0, 4), done.stderr)
                self.browser.open(page)
                pictures = self.browser.run("document.querySelectorAll('svg.chart').length")
                ios = (report(str(file))["latency"] or {"ios": 0})["ios"]
                seen.add(min(ios, 2))
                self.assertEqual(pictures > 0, ios > 0)
                if ios:
                    self.assertEqual(self.selected(), ios)
                else:
                    self.assertIn("no I/O finished", self.texts("p.note")[0])
                self.assertEqual(self.browser.complaints(), [])
                if file.stem in ("failed", "completions-alone", "headings-alone"):
                    self.keep(file.stem)
        self.assertEqual(seen, {0, 1, 2})


if __name__ == "__main__":
    if "--keep" in sys.argv:
        place = sys.argv.index("--keep")
        KEPT = Path(sys.argv.pop(place + 1))
        KEPT.mkdir(parents=True, exist_ok=True)
        sys.argv.pop(place)
    commands.DIOSCOPE = sys.argv.pop(1)
    unittest.main()
