#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The questions of Documentation/Fleet.md, asked in DuckDB and in PySpark of the same tables: the answers have to be the same,
and what dioscope itself reports of the captures. Scripts/fleet runs it.

usage: fleet.py [--boxes N --ios N] [DIOSCOPE]
"""

import argparse
import collections
import itertools
import json
import math
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "Documentation" / "Fleet.md"
QUESTION = re.compile(r"^(\d+)\. (.+?)\n\n```sql\n(.*?)```", re.MULTILINE | re.DOTALL)
VIEWS = re.compile(r"^CREATE VIEW (\w+) AS SELECT \* FROM read_parquet\('fleet/", re.MULTILINE)
CAPTURES = [*sorted((ROOT / "captures").glob("*.dioscope")), *sorted((ROOT / "captures" / "borders").glob("*.dioscope")),
            ROOT / "captures" / "broken" / "cut.dioscope"]
TABLES = ("ios", "summaries")
SUMS = ("ios", "total_ns", "bytes", "errors")  # columns of summaries

Row = dict[str, object]


def run(words: list[str], statuses: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode not in statuses:
        raise SystemExit(f"fleet: {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


class DuckDB:
    name = "DuckDB"

    def __init__(self, lake: Path) -> None:
        # The page's own statements, of this directory.
        page = PAGE.read_text()
        statements = [line for line in page.splitlines() if VIEWS.match(line)]
        assert len(statements) == len(TABLES), "the page defines both views"
        self.views = "\n".join(statements).replace("'fleet/", f"'{lake}/")

    def ask(self, sql: str) -> list[Row]:
        text = run(["duckdb", "-batch", "-bail", "-json", "-c", f"{self.views}\n{sql};"])
        return json.loads(text) if text.strip() else []


class Spark:
    name = "PySpark"

    def __init__(self, lake: Path) -> None:
        from pyspark.sql import SparkSession
        builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
        builder = builder.config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "4")
        self.spark = builder.config("spark.driver.memory", "4g").getOrCreate()
        self.spark.sparkContext.setLogLevel("ERROR")
        for table in TABLES:
            self.spark.read.parquet(f"{lake}/{table}").createOrReplaceTempView(table)

    def ask(self, sql: str) -> list[Row]:
        return [row.asDict() for row in self.spark.sql(sql).collect()]


def plain(value: object) -> object:
    """A value as both engines mean it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) or type(value).__name__ == "Decimal":
        number = float(value)
        return int(number) if number.is_integer() else round(number, 6)
    text = str(value)
    # DuckDB writes integers of 128 bits, sums, as text into JSON.
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    # A timestamp's fraction ends where its zeros begin.
    return re.sub(r"(:\d\d\.\d*?)0+$", r"\1", text)


def answers(engine: DuckDB | Spark, sql: str) -> list[Row]:
    return [{name: plain(value) for name, value in row.items()} for row in engine.ask(sql)]


def questions() -> list[tuple[int, str, str]]:
    return [(int(number), text, sql) for number, text, sql in QUESTION.findall(PAGE.read_text())]


class Box:
    """A box of the tables: what dioscope says of its capture, and how often each of its I/Os is there."""

    def __init__(self, capture: "Capture", times: int = 1) -> None:
        self.report, self.ios, self.times = capture.report, capture.ios, times


class Capture:
    def __init__(self, dioscope: str, path: Path) -> None:
        self.report = json.loads(run([dioscope, "report", "--json", str(path)], (0, 2)))
        self.ios = [json.loads(line) for line in run([dioscope, "export", "--format", "jsonl", str(path)], (0, 2)).splitlines()]


class Checks:
    """What dioscope's own reports say of the same captures."""

    def __init__(self, boxes: dict[str, Box]) -> None:
        self.boxes = boxes
        self.compared = 0

    def same(self, what: str, found: object, expected: object) -> None:
        self.compared += 1
        if found != expected:
            raise SystemExit(f"fleet: {what}: the tables have {found}, dioscope says {expected}")

    def percentiles(self, rows: list[Row]) -> None:
        found = {row["box"]: row for row in rows}
        for name, box in self.boxes.items():
            latency = box.report["latency"]
            for column, member in (("p50_ns", "p50_ns"), ("p99_ns", "p99_ns"), ("p999_ns", "p999_ns"), ("max_ns", "max_ns")):
                self.same(f"{name} {column}", found[name][column], latency[member])
            self.same(f"{name} total", found[name]["total_ns"], latency["total_ns"] * box.times)
            self.same(f"{name} I/Os", found[name]["ios"], sum(1 for io in box.ios if io.get("latency_ns")) * box.times)

    def sharing(self, rows: list[Row]) -> None:
        found = {row["box"]: row for row in rows}
        for name, box in self.boxes.items():
            shares = box.report["cpu_sharing"]
            deferred = (shares["deferred_ios"] or 0) * box.times
            self.same(f"{name} deferred", found.get(name, {}).get("deferred", 0), deferred)
            if deferred:
                self.same(f"{name} sharing", found[name]["sharing"], shares["submit_irq_worker"] * box.times)

    def stages(self, rows: list[Row]) -> None:
        expected: collections.Counter[tuple] = collections.Counter()
        for box in self.boxes.values():
            for stage in box.report["stages"]:
                expected[box.report["source"]["kernel"], stage["name"]] += stage["total_ns"] * box.times
        self.same("stages", {(row["kernel"], row["stage"]): row["total_ns"] for row in rows}, dict(expected))

    def causes(self, rows: list[Row]) -> None:
        expected = {}
        for name, box in self.boxes.items():
            for cause in (box.report["queue_wait"] or {}).get("causes", []):
                if cause["total_ns"]:
                    expected[name, cause["cause"]] = cause["total_ns"] * box.times
        self.same("causes", {(row["box"], row["cause"]): row["total_ns"] for row in rows if row["total_ns"]}, expected)

    def reasons(self, rows: list[Row]) -> None:
        expected: collections.Counter[str] = collections.Counter()
        for box in self.boxes.values():
            for reason in box.report["reasons"]:
                expected[reason["reason"]] += reason["ios"] * box.times
        self.same("reasons", {row["reason"]: row["ios"] for row in rows}, dict(expected))

    def sizes(self, rows: list[Row]) -> None:
        """From dioscope's list of single I/Os, counted here: how often there is which duration."""
        durations: dict[tuple, collections.Counter[int]] = collections.defaultdict(collections.Counter)
        for box in self.boxes.values():
            names = {device["dev"]: device.get("fs") for device in box.report["source"].get("devices", [])}
            for io in box.ios:
                if "latency_ns" in io:
                    durations[names.get(io["dev"]), io["op"], io["length"]][io["latency_ns"]] += box.times
        expected = {key: (counts.total(), sum(ns * times for ns, times in counts.items()), ranked(counts, math.ceil(0.99 * counts.total())))
                    for key, counts in durations.items()}
        found = {(row["file_system"], row["op"], row["length_bytes"]): (row["ios"], row["total_ns"], row["p99_ns"]) for row in rows}
        self.same("sizes", found, expected)

    def slowest(self, rows: list[Row]) -> None:
        counts: collections.Counter[int] = collections.Counter()
        for box in self.boxes.values():
            for io in box.ios:
                if "latency_ns" in io:
                    counts[io["latency_ns"]] += box.times
        longest = (ns for ns in sorted(counts, reverse=True) for _ in range(counts[ns]))
        self.same("slowest", [row["latency_ns"] for row in rows], list(itertools.islice(longest, 20)))

    def all(self, by_number: dict[int, list[Row]]) -> int:
        for number, check in ((2, self.sharing), (3, self.percentiles), (4, self.stages), (5, self.causes), (6, self.reasons),
                              (9, self.sizes), (10, self.slowest)):
            check(by_number[number])
        return self.compared


def ranked(counts: collections.Counter[int], rank: int) -> int:
    """The value of a rank, from 1, of those that are there so often."""
    below = 0
    for value in sorted(counts):
        below += counts[value]
        if below >= rank:
            return value
    raise ValueError("no such rank")


def multiply(small: Path, large: Path, captures: dict[str, Capture], boxes: int, ios: int) -> dict[str, Box]:
    """So many boxes, each with one of the captures in turn, of which each I/O is there as often as is needed for so many I/Os.

    The files of boxes with the same capture are one file with several names: what engines read is all of them.
    """
    names = list(captures)
    times = {name: max(1, round(ios / max(1, len(captures[name].ios)))) for name in names}
    for table in TABLES:
        for path in sorted(small.glob(f"{table}/*/*/*.parquet")):
            name = path.parent.name.removeprefix("box=")
            again = small.parent / "again" / table / path.relative_to(small / table)
            again.parent.mkdir(parents=True)
            source = f"read_parquet('{path}', hive_partitioning = false)"
            rows = (f"SELECT s.* FROM {source} s, range({times[name]})" if table == "ios" else
                    f"SELECT * REPLACE ({', '.join(f'{column} * {times[name]} AS {column}' for column in SUMS)}) FROM {source}")
            run(["duckdb", "-batch", "-bail", "-c", f"SET memory_limit = '4GB'; COPY ({rows}) TO '{again}' (FORMAT parquet, COMPRESSION zstd)"])
            for box in range(names.index(name), boxes, len(names)):
                target = large / table / path.parent.parent.name / f"box=box{box:04}" / path.name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.hardlink_to(again)
    return {f"box{box:04}": Box(captures[names[box % len(names)]], times[names[box % len(names)]]) for box in range(boxes)}


def main() -> int:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("dioscope", nargs="?", default=str(ROOT / ".build/debug/dioscope"))
    parser.add_argument("--boxes", type=int)
    parser.add_argument("--ios", type=int, default=10_000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dioscope-fleet-") as directory:
        lake = Path(directory) / "fleet"
        captures = {path.stem: Capture(wanted.dioscope, path) for path in CAPTURES}
        for path in CAPTURES:
            for _ in range(2 if path.stem.endswith("7.2") else 1):  # Once more changes nothing.
                run([wanted.dioscope, "export", "--format", "parquet", "-o", str(lake), "--box", path.stem, str(path)], (0, 2))
        boxes = {name: Box(capture) for name, capture in captures.items()}
        if wanted.boxes:
            large = Path(directory) / "large"
            boxes = multiply(lake, large, captures, wanted.boxes, wanted.ios)
            lake = large
        engines = [DuckDB(lake), Spark(lake)]
        asked = questions()
        assert [number for number, _, _ in asked] == list(range(1, 11)), "ten questions"
        by_number = {}
        for number, text, sql in asked:
            results, seconds = [], []
            for engine in engines:
                began = time.monotonic()
                results.append(answers(engine, sql))
                seconds.append(time.monotonic() - began)
            if results[0] != results[1]:
                different = [pair for pair in zip(*results) if pair[0] != pair[1]] or [(len(results[0]), len(results[1]))]
                raise SystemExit(f"fleet: question {number}: DuckDB and PySpark differ: {different[0]}")
            by_number[number] = results[0]
            print(f"{number:2}  {len(results[0]):4} rows  " + "  ".join(f"{e.name} {s:.2f} s" for e, s in zip(engines, seconds)) + f"  {text}", flush=True)
        counted = DuckDB(lake).ask("SELECT (SELECT COUNT(*) FROM ios) AS ios, (SELECT COUNT(*) FROM summaries) AS rows, "
                                   "(SELECT COUNT(DISTINCT box) FROM summaries) AS boxes")[0]
        print(f"{counted['boxes']} boxes, {counted['ios']:,} I/Os, {counted['rows']:,} rows of summaries: the same answers in both engines")
        print(f"{Checks(boxes).all(by_number)} figures are those of dioscope")
    return 0


if __name__ == "__main__":
    sys.exit(main())
