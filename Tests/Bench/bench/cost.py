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
from .places import GUEST_FILES
from .subjects import SUBJECTS, Subject

FEW, MANY = 4_096, 28_672
SECONDS = 900


@dataclass
class Program:
    """A BPF program: how often it ran and how many instructions that took, the clock of the statistics included."""

    name: str
    runs: float  # per I/O
    instructions: float  # per run


@dataclass
class Cost:
    """One subject at one queue depth: everything per I/O."""

    subject: str
    kernel: str
    depth: int
    ios: int
    instructions: float
    iops: float
    consumer: float = 0  # instructions of the recorder's own threads
    functions: dict[str, float] = field(default_factory=dict)
    programs: list[Program] = field(default_factory=list)


def measure(kernel: Kernel, depths: list[int], names: list[str], dioscope: Path | None, keep: Path | None) -> list[Cost]:
    """One boot: every subject in turn, at every depth. `untraced` is always the first."""
    chosen = [SUBJECTS[name] for name in names]
    overlay = _overlay(chosen, depths, dioscope)
    with guest.scratch() as directory:
        written = directory / "blocks"
        boot = guest.Boot(
            kernel, "none", overlay, SECONDS, icount=True, with_tools=any(subject.tools for subject in chosen),
            kernel_arguments=("nokaslr",), memory="3G",
            emulator_arguments=("-plugin", f"{counter.plugin()},out={written}"))
        with guest.run(boot) as outcome:
            if keep is not None:
                _keep(outcome, written, keep)
            if not outcome.finished or outcome.exit_code:
                said = "".join(path.read_text(errors="replace") for path in sorted(outcome.results.glob("*.log")))
                raise Problem(f"the guest with {kernel.name} failed; it ends:\n{outcome.tail()}\n{said}", FAILED)
            return _costs(outcome.results, written, kernel, chosen, depths, dioscope)


def _keep(outcome: guest.Outcome, written: Path, keep: Path) -> None:
    keep.mkdir(parents=True, exist_ok=True)
    for path in [*outcome.results.iterdir(), written]:
        if path.is_file():
            shutil.copy(path, keep)
    (keep / "console").write_text(outcome.console)


def _overlay(chosen: list[Subject], depths: list[int], dioscope: Path | None) -> dict[str, bytes | Path]:
    steps = [f"few={FEW} many={MANY}", "prepare || exit 1"]
    for subject in chosen:
        steps += subject.script(depths)
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


def _costs(results: Path, written: Path, kernel: Kernel, chosen: list[Subject], depths: list[int],
           dioscope: Path | None) -> list[Cost]:
    labels = (results / "marks").read_text().splitlines()
    counts = dict(zip(labels, counter.intervals(written), strict=True))
    consumed = {words[0]: int(words[2]) - int(words[1])
                for words in map(str.split, (results / "consumed").read_text().splitlines())}
    found: list[Cost] = []
    for subject in chosen:
        symbols = counter.Symbols((results / f"{subject.name}.kallsyms").read_text(), dioscope)
        for depth in subject.depths or depths:
            label = f"{subject.name}.{depth}"
            few, many = counts[f"{label}.few"], counts[f"{label}.many"]
            ios = MANY - FEW
            # Not Counter's own subtraction, which drops what is negative.
            names = symbols.by_name(many)
            names.subtract(symbols.by_name(few))
            found.append(Cost(
                subject.name, kernel.name, depth, ios, (many.total() - few.total()) / ios, _iops(results, label),
                (consumed[f"{label}.many"] - consumed[f"{label}.few"]) / ios,
                {name: count / ios for name, count in names.items() if abs(count) >= ios},
                _programs(results, label, ios)))
    return found


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
