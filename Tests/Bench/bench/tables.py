"""Results as tables, for a terminal and for the page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .load import Load

Row = dict[str, Any]
CLOCK = 85  # instructions of the statistics' own clock in the run time of a program, measured with an empty one


@dataclass(frozen=True)
class Table:
    """`name` is that of its place in the page. The first column is text, the others are numbers."""

    name: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""  # below it

    def text(self) -> str:
        lines = [self.head, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.head))]
        return "\n".join("  ".join(cell.rjust(width) if column else cell.ljust(width)
                                   for column, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip()
                         for line in lines) + (f"\n{self.note}" if self.note else "")

    def markdown(self) -> str:
        marks = ["---", *["---:"] * (len(self.head) - 1)]
        return "\n".join(f"| {' | '.join(line)} |" if line is not marks else f"|{'|'.join(line)}|"
                         for line in (self.head, marks, *self.rows)) + (f"\n\n{self.note}" if self.note else "")


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _where(row: Row) -> str:
    return f"{row['kernel']}, QD {Load(**row['load']).name}"


def _of(rows: list[Row], key: str) -> list[Row]:
    """In order of kernel and load; at each, as they were measured."""
    return sorted((row for row in rows if key in row), key=lambda row: (row["kernel"], *row["load"].values()))


def cost(rows: list[Row]) -> list[Table]:
    """Everybody's cost, where dioscope's goes, its programs, and the sizes of the files."""
    total = [[_where(row), row["recorder"], _count(row["instructions"]), _count(row["added"]) if "added" in row else "",
              _count(row["consumer"]) if "consumer" in row else "", _count(row["iops"]),
              f"{row['iops_kept']:.1%}" if "iops_kept" in row else ""] for row in _of(rows, "instructions")]
    own = [row for row in _of(rows, "groups") if row["recorder"] == "dioscope"]
    names = list(own[0]["groups"]) if own else []
    groups = [[_where(row), *(_count(row["groups"][name]) for name in names)] for row in own]
    programs = [[f"{row['kernel']}: `{program['name']}`", f"{program['runs']:.2f}",
                 _count(program["instructions"] - CLOCK), _count(program["runs"] * (program["instructions"] - CLOCK))]
                for row in _of(rows, "programs") for program in row["programs"] if program["runs"] >= 0.005]
    sizes = {(row["kernel"], row["recorder"]): row["file_bytes"] for row in _of(rows, "file_bytes")
             if row["file_bytes"]}
    return [
        Table("cost", ("kernel, queue depth", "recorder", "instructions per I/O", "added", "by its own threads", "IOPS",
                       "IOPS kept"), total),
        Table("cost groups", ("kernel, queue depth", *names), groups),
        Table("cost programs", ("program, queue depth 1", "runs per I/O", "instructions per run", "per I/O"), programs),
        Table("cost sizes", ("kernel", "recorder", "bytes per I/O"),
              [[kernel, recorder, f"{size:.0f}"] for (kernel, recorder), size in sizes.items()])]


def machine(rows: list[Row]) -> list[Table]:
    """Everybody against the untraced turns beside."""
    turns = [turn for row in rows for turn in row.get("turns", ())]
    alone = [turn["iops"] for turn in turns if turn["subject"] == "untraced"]
    note = f"The untraced turns made {_count(min(alone))} to {_count(max(alone))} IOPS." if alone else ""
    return [Table("machine", ("recorder", "IOPS kept, median", "quartiles", "turns", "ns per I/O by its own threads",
                              "in BPF programs"),
                  [[row["subject"], f"{row['median']:.1%}", f"{row['lower']:.1%} to {row['upper']:.1%}",
                    str(row["rounds"]), _count(row["recorder_ns"]) if row["recorder_ns"] else "",
                    _count(row["program_ns"]) if row["program_ns"] else ""] for row in rows if "median" in row], note)]


def rate(rows: list[Row]) -> list[Table]:
    """What was made, and what became of it."""
    return [Table("rate", ("kernel, completion", "jobs", "recording", "IOPS untraced", "IOPS", "I/Os", "recorded", "left out",
                           "lost", "unaccounted for"),
                  [[f"{row['kernel']}, {row['completion']}", str(row["jobs"]), row["way"],
                    _count(row["iops_untraced"]), _count(row["iops"]), _count(row["ios"]), _count(row["recorded"]),
                    _count(row["sampled_out"]), _count(row["lost"]), _count(row["missing"])] for row in rows])]


def growth(rows: list[Row]) -> list[Table]:
    """`rows` are those of cost, with what grew, and those of memory."""
    grown = [[f"{row['kernel']}, {row['grown']}", _count(base["instructions"]), _count(row["added"]),
              *(_count(row["groups"][name]) for name in ("BPF programs", "the recorder's own code")),
              _count(row["lost"])]
             for row in rows if "added" in row
             for base in rows if "added" not in base and base.get("grown") == row["grown"]
             and base["kernel"] == row["kernel"]]
    memory = [[_count(row["cpus"]), str(row["rings"]),
               *(f"{row[key] / 2**20:.1f} MiB" for key in ("bytes_of_rings", "bytes_of_slots", "bytes_of_threads")),
               f"{row['bytes_of_cpus'] / 2**10:.0f} KiB", f"{row['total'] / 2**20:.1f} MiB"]
              for row in rows if "total" in row]
    return [Table("growth", ("what grows", "instructions per I/O", "added", "by BPF programs' own code",
                             "by the recorder's own code", "lost in that guest"), grown),
            Table("growth memory", ("CPUs", "rings", "of them", "slots", "threads", "state of CPUs", "in all"), memory)]


def reading(rows: list[Row]) -> list[Table]:
    """Rates and ratios are of the best turns, which were disturbed the least."""
    own = {row["part"]: row["best"] for row in rows if row["recorder"] == "dioscope, one CPU"}
    return [Table("reading", ("what is read", "how many", "by", "seconds, best", "median", "CPU seconds, median",
                              "million a second", "times dioscope's time", "resident"),
                  [[row["part"], _count(row["units"]), row["recorder"], f"{row['best']:.2f}", f"{row['median']:.2f}",
                    f"{row['cpu_median']:.2f}", f"{row['units'] / row['best'] / 1e6:.1f}",
                    f"{row['best'] / own[row['part']]:.2f}", f"{row['resident_kib'] / 1024:.0f} MiB"] for row in rows],
                  f"{len(rows[0]['seconds'])} turns each." if rows else "")]


SUBJECTS: dict[str, Callable[[list[Row]], list[Table]]] = {
    "cost": cost, "machine": machine, "rate": rate, "growth": growth, "reading": reading}
