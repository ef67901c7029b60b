"""`cost`: guest instructions per I/O, with one CPU whose time is the number of instructions it executed.

Each number is the difference of a run with many I/Os and one with few, so that nothing that happens once is in it. Time
in which the CPU is idle counts for nothing: the plugin counts what is executed.
"""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import guest, initramfs
from lab.kernels import Kernel
from lab.problem import FAILED, Problem

from . import counter
from .load import Load
from .places import GUEST_FILES
from .subjects import SUBJECTS, Subject

SECONDS = 5400


@dataclass(frozen=True)
class Machine:
    """The guest: `settings` are of the null_blk."""

    kernel: Kernel
    cpus: int = 1
    settings: str = ""
    kernel_arguments: tuple[str, ...] = ()


@dataclass
class Program:
    """A BPF program: how often it ran and how many instructions that took, the clock of the statistics included."""

    name: str
    runs: float  # per I/O
    instructions: float  # per run


@dataclass
class Cost:
    """One subject under one load: everything per I/O."""

    subject: str
    kernel: str
    load: Load
    ios: int
    instructions: float
    iops: float
    consumer: float = 0  # instructions of the recorder's own threads, with the interrupts that came in their time
    file_bytes: float = 0  # of what it wrote
    lost: int = 0  # I/Os of all its runs that dioscope counted as lost
    functions: dict[str, float] = field(default_factory=dict)
    programs: list[Program] = field(default_factory=list)


def measure(machine: Machine, loads: list[Load], names: list[str], dioscope: Path | None,
            keep: Path | None) -> list[Cost]:
    """One boot: every subject in turn, `untraced` first, under every load."""
    chosen = [SUBJECTS[name] for name in names]
    with guest.scratch() as directory:
        written = directory / "blocks"
        boot = guest.Boot(
            machine.kernel, "none", _overlay(machine, chosen, loads, dioscope), SECONDS, icount=True, memory="3G",
            with_tools=any(subject.tools for subject in chosen), cpus=machine.cpus,
            kernel_arguments=("nokaslr", *machine.kernel_arguments),
            emulator_arguments=("-plugin", f"{counter.plugin()},out={written}"))
        with guest.run(boot) as outcome:
            if keep is not None:
                _keep(outcome, written, keep)
            if not outcome.finished or outcome.exit_code:
                said = "".join(path.read_text(errors="replace") for path in sorted(outcome.results.glob("*.log")))
                raise Problem(f"the guest with {machine.kernel.name} failed; it ends:\n{outcome.tail()}\n{said}",
                              FAILED)
            return costs(outcome.results, written, machine.kernel, loads, names, dioscope)


def _keep(outcome: guest.Outcome, written: Path, keep: Path) -> None:
    keep.mkdir(parents=True, exist_ok=True)
    for path in [*outcome.results.iterdir(), written]:
        if path.is_file():
            shutil.copy(path, keep)
    (keep / "console").write_text(outcome.console)


def _overlay(machine: Machine, chosen: list[Subject], loads: list[Load],
             dioscope: Path | None) -> dict[str, bytes | Path]:
    steps = [f"prepare submit_queues={machine.cpus} {machine.settings} || exit 1"]
    steps += [f"fio_run warm-up 4096 {load.jobs} {load.fio} || exit 1" for load in loads]
    for subject in chosen:
        steps += subject.script(loads)
    script = "set -u\nrecorder= ios=0\n. /lab/cost.sh\n" + "".join(f"{step}\n" for step in steps)
    overlay: dict[str, bytes | Path] = {
        "lab/main": script.encode(), "bin/mark": counter.marker(), "lab/cost.sh": GUEST_FILES / "cost.sh"}
    for name in sorted({tool for subject in chosen for tool in subject.programs}):
        overlay |= initramfs.program(name)
    for subject in chosen:
        overlay |= {f"lab/{name}": content.encode() for name, content in subject.files.items()}
    if dioscope is not None:
        overlay["bin/dioscope"] = dioscope
    return overlay


def costs(results: Path, written: Path, kernel: Kernel, loads: list[Load], names: list[str],
          dioscope: Path | None) -> list[Cost]:
    """From what a guest brought out."""
    labels = (results / "marks").read_text().splitlines()
    counts = dict(zip(labels, counter.intervals(written), strict=True))
    consumed = {words[0]: int(words[2]) - int(words[1])
                for words in map(str.split, (results / "consumed").read_text().splitlines())}
    sizes = _sizes(results / "sizes")
    found: list[Cost] = []
    for subject in (SUBJECTS[name] for name in names):
        symbols = counter.Symbols((results / f"{subject.name}.kallsyms").read_text(), dioscope)
        for load in subject.loads or loads:
            label = f"{subject.name}.{load.name}"
            few, many = counts[f"{label}.few"], counts[f"{label}.many"]
            ios = subject.few_and_many(load)[1] - subject.few_and_many(load)[0]
            functions = symbols.by_name(many)
            functions.subtract(symbols.by_name(few))
            found.append(Cost(
                subject.name, kernel.name, load, ios, (many.total() - few.total()) / ios, _iops(results, label),
                (consumed[f"{label}.many"] - consumed[f"{label}.few"]) / ios,
                sizes.get(subject.name, 0), _lost(results / f"{subject.name}.json"),
                {name: count / ios for name, count in functions.items() if abs(count) >= ios / 2},
                _programs(results, label, ios)))
    return found


def _sizes(file: Path) -> dict[str, float]:
    """Bytes per I/O by subject."""
    lines = map(str.split, file.read_text().splitlines()) if file.is_file() else ()
    return {subject: int(size) / int(ios) for subject, size, ios in lines}


def _lost(report: Path) -> int:
    """By dioscope's own count."""
    if not report.is_file():
        return 0
    return sum(entry["count"] for entry in json.loads(report.read_text())["loss"] if entry["severity"] == "loss")


def _iops(results: Path, label: str) -> float:
    few, many = (json.loads((results / f"{label}.{which}.fio.json").read_text())["jobs"][0]["write"]
                 for which in ("few", "many"))
    return 1000 * (many["total_ios"] - few["total_ios"]) / (many["runtime"] - few["runtime"])


def _programs(results: Path, label: str, ios: int) -> list[Program]:
    """From bpftool's list before, between and after the two runs."""
    files = [results / f"{label}.{which}.programs" for which in ("before", "between", "after")]
    if not files[0].is_file():
        return []
    lists = [{entry["id"]: entry for entry in json.loads(file.read_text())} for file in files]
    programs: list[Program] = []
    for identity, last in lists[2].items():
        def gained(key: str, identity: Any = identity) -> int:
            before, between, after = (entries.get(identity, {}).get(key, 0) for entries in lists)
            return (after - between) - (between - before)
        runs = gained("run_cnt")
        if runs > 0:
            programs.append(Program(last.get("name", "?"), runs / ios, gained("run_time_ns") / runs))
    return sorted(programs, key=lambda program: -program.runs * program.instructions)
