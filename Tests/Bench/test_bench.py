"""The benchmarks' arithmetic, without a guest."""

import gzip
import json
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "Lab")]

from bench import added, counter, enlarged, machine, page, reading, results, tables, thresholds  # noqa: E402
from bench.cost import Cost, Program  # noqa: E402
from bench.load import Load  # noqa: E402
from bench.subjects import SUBJECTS  # noqa: E402
from lab.problem import Problem  # noqa: E402

PROGRAM = "bpf_prog_0123456789abcdef_dio_began"


def _costs(grown: float = 0) -> list[Cost]:
    untraced = Cost("untraced", "6.12", Load(1), 1000, 20_000, 50_000, functions={"schedule": 100})
    traced = Cost("dioscope", "6.12", Load(1), 1000, 21_000 + grown, 47_500, consumer=300, functions={
        "schedule": 90, PROGRAM: 400 + grown, "ktime_get_mono_fast_ns": 100, "bpf_trace_run2": 50,
        "(dioscope) drain": 250})
    return [untraced, traced]


class Counted(unittest.TestCase):
    def test_marks_end_stretches(self) -> None:
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("ffff 2 a\n10 3 1\nmark\nffff 2 1\nmark\n")
            file.flush()
            first, second = counter.intervals(Path(file.name))
        self.assertEqual(first, Counter({0xFFFF: 20, 0x10: 3}))
        self.assertEqual(second, Counter({0xFFFF: 2}))

    def test_names_of_kernel_recorder_and_others(self) -> None:
        symbols = counter.Symbols("ffffffff81000000 T _stext\nffffffff81000100 t helper\nffffffff81000180 d data\n")
        self.assertEqual(symbols.name(0xFFFFFFFF81000104), "helper")
        self.assertEqual(symbols.name(0xFFFFFFFF810001F0), "helper")
        self.assertEqual(symbols.name(0x401000), counter.RECORDER)
        self.assertEqual(symbols.name(0x7F0000000000), counter.PROGRAMS)

    def test_marker_runs(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "mark"
            path.write_bytes(counter.marker())
            path.chmod(0o755)
            self.assertEqual(subprocess.run([str(path)]).returncode, 0)


class Enlarged(unittest.TestCase):
    """Traces made large have their events as often as was asked for, and later each time."""

    def test_text(self) -> None:
        for source, lines in ((enlarged.PERF, reading.PERF_LINES), (enlarged.FTRACE, reading.FTRACE_LINES)):
            with tempfile.NamedTemporaryFile() as file:
                enlarged.text(source, Path(file.name), 3)
                times = [found[2] + b"." + found[3] for found in map(enlarged.TIME.match, file) if found]
            self.assertEqual(len(times), 3 * lines)
            self.assertEqual(len(set(times[::lines])), 3)
            self.assertLess(float(times[lines - 1]), float(times[lines]))

    def test_trace_dat(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            once, thrice = Path(directory) / "once", Path(directory) / "thrice"
            enlarged.trace_dat(once, 1)
            enlarged.trace_dat(thrice, 3)
            self.assertEqual(once.read_bytes(), gzip.decompress(enlarged.TRACE_DAT.read_bytes()))
            sizes = [path.stat().st_size for path in (once, thrice)]
            self.assertEqual((sizes[1] - sizes[0]) % (2 * enlarged.PAGE), 0)


class Added(unittest.TestCase):
    def test_groups_sum_to_what_is_added(self) -> None:
        untraced, traced = _costs()
        groups = added.by_group(traced, untraced)
        self.assertAlmostEqual(sum(groups.values()), 1000)
        self.assertEqual(groups["BPF programs"], 400)
        self.assertEqual(groups["the recorder's own code"], 250)
        self.assertEqual(groups["entering and leaving programs"], 50)
        self.assertEqual(groups[added.REST], 200)


class Limits(unittest.TestCase):
    def setUp(self) -> None:
        self.kept = thresholds.FILE
        self.directory = tempfile.TemporaryDirectory()
        thresholds.FILE = Path(self.directory.name) / "thresholds.json"
        thresholds.write(thresholds.figures(_costs(), "dioscope"))

    def tearDown(self) -> None:
        thresholds.FILE = self.kept
        self.directory.cleanup()

    def test_the_same_passes(self) -> None:
        self.assertFalse([line for line in thresholds.compare(thresholds.figures(_costs(), "dioscope")) if line.startswith("not")])

    def test_less_passes(self) -> None:
        self.assertFalse([line for line in thresholds.compare(thresholds.figures(_costs(-100), "dioscope"))
                          if line.startswith("not")])

    def test_growth_fails_with_both_figures(self) -> None:
        failed = [line for line in thresholds.compare(thresholds.figures(_costs(100), "dioscope")) if line.startswith("not")]
        self.assertEqual(len(failed), 2)
        self.assertIn("1000 -> 1100", failed[0])

    def test_an_unknown_figure_fails(self) -> None:
        thresholds.FILE.write_text("{}")
        self.assertTrue(all(line.startswith("not") for line in thresholds.compare(thresholds.figures(_costs(), "dioscope"))))


class Ratios(unittest.TestCase):
    def test_neighbours(self) -> None:
        turns = [machine.Turn(name, 0, iops) for name, iops in
                 (("untraced", 100), ("dioscope", 95), ("untraced", 90), ("perf", 45), ("untraced", 90))]
        ratios = {ratio.subject: ratio.median for ratio in machine.ratios(turns)}
        self.assertAlmostEqual(ratios["dioscope"], 1.0)
        self.assertAlmostEqual(ratios["perf"], 0.5)


class Told(unittest.TestCase):
    def test_rows_and_tables(self) -> None:
        costs = [*_costs(), Cost("dioscope-programs", "6.12", Load(1), 1000, 0, 1,
                                 programs=[Program("dio_began", 1, 185)])]
        rows = json.loads(json.dumps(results.cost_rows(costs)))
        total, groups, programs, _ = tables.cost(rows)
        self.assertEqual(total.rows[1], ["6.12, QD 1", "dioscope", "21,000", "1,000", "300", "47,500", "95.0%"])
        self.assertEqual(groups.rows[0][1], "400")
        self.assertEqual(programs.rows, [["6.12: `dio_began`", "1.00", "100", "100"]])
        self.assertIn("| 6.12, QD 1 | untraced | 20,000 |", total.markdown())

    def test_a_page_without_a_place_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "page.md"
            path.write_text("nothing\n")
            row = {"subject": "dioscope", "median": 1.0, "lower": 1.0, "upper": 1.0, "rounds": 9,
                   "recorder_ns": 5.0, "program_ns": None}
            with self.assertRaises(Problem):
                page.write(path, {"machine": {"machine": results.this_machine(), "rows": [row]}})

    def test_scripts_of_all_subjects(self) -> None:
        for subject in SUBJECTS.values():
            script = subject.script([Load(16)])
            self.assertEqual(bool(subject.command), any(step.startswith("stop ") for step in script))
            self.assertTrue(any(step.startswith("pair ") for step in script))


if __name__ == "__main__":
    unittest.main()
